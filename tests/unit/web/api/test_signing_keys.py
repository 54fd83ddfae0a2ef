"""The provider's signing keys through the API: shown without their secrets, rotated by administrators."""

from typing import Any

from tests.unit.web.conftest import BASE, Worker

PATH = f"{BASE}/api/v1/signing-keys"


async def keys(worker: Worker) -> list[dict[str, Any]]:
    answer = await worker.admin.get(PATH)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_keys_are_shown_without_their_secrets(worker: Worker) -> None:
    found = await keys(worker)
    assert sorted(key["algorithm"] for key in found) == ["ES256", "EdDSA", "RS256"]
    fields = {"kid", "algorithm", "created_at", "active_from", "retired_at", "expires_at"}
    assert all(key.keys() == fields for key in found)


async def test_a_rotation_is_planned_and_one_at_once_withdraws_the_old(worker: Worker) -> None:
    [old] = [key["kid"] for key in await keys(worker) if key["algorithm"] == "RS256"]
    planned = (await worker.admin.post(f"{PATH}/rotate")).json()["items"]
    before = next(key for key in planned if key["kid"] == old)
    new = next(key for key in planned if key["algorithm"] == "RS256" and key["kid"] != old)
    assert before["retired_at"] == new["active_from"] > new["created_at"]
    assert before["expires_at"] > before["retired_at"]
    answer = await worker.admin.post(f"{PATH}/rotate", json={"algorithm": "RS256", "at_once": True})
    left = [key["kid"] for key in answer.json()["items"] if key["algorithm"] == "RS256"]
    assert len(left) == 1
    assert set(left).isdisjoint({old, new["kid"]})
    jwks = (await worker.client.get(f"{BASE}/application/o/litellm/jwks/")).json()["keys"]
    assert old not in {key["kid"] for key in jwks}


async def test_who_may_and_what_is_refused(worker: Worker) -> None:
    assert (await worker.client.get(PATH)).status_code == 401
    assert (await worker.client.post(f"{PATH}/rotate")).status_code == 401
    for body in ({"algorithm": "HS256"}, {"algorithm": 7}, {"how": "x"}):
        answer = await worker.admin.post(f"{PATH}/rotate", json=body)
        assert answer.status_code == 400
    assert len(await keys(worker)) == 3
