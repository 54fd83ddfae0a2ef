"""Registration tokens through the API: shown once, listed, revoked, and what they do at the provider."""

from typing import Any

import pytest
from tests.unit.web.conftest import Worker

pytestmark = pytest.mark.anyio
PATH = "/api/v1/idp/registration-tokens"
REGISTER = "/application/o/litellm/register/"
DOCUMENT = {"redirect_uris": ["https://rp.example/cb"], "client_name": "Wiki"}


async def made(worker: Worker, **changes: Any) -> dict[str, Any]:
    answer = await worker.admin.post(PATH, json={"name": "ci", "application": "litellm", **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(worker: Worker) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await worker.admin.get(PATH)).json()["items"]
    return found


async def addresses(worker: Worker) -> dict[str, Any]:
    [provider] = (await worker.admin.get("/api/v3/providers/oauth2/?client_id=litellm")).json()["results"]
    found: dict[str, Any] = (await worker.admin.get(f"/api/v3/providers/oauth2/{provider['pk']}/setup_urls/")).json()
    return found


async def test_a_token_is_shown_once_and_registers_a_client(worker: Worker) -> None:
    assert (await addresses(worker))["dcr_registration"] is None
    token = await made(worker, uses=2)
    secret = token.pop("token")
    assert await listed(worker) == [token]
    assert (token["status"], token["groups"], token["uses"], token["most_uses"]) == ("active", ["admins"], 0, 2)
    assert (await addresses(worker))["dcr_registration"] == f"http://localhost:4000{REGISTER}"
    bearer = {"authorization": f"Bearer {secret}"}
    answer = await worker.client.post(REGISTER, json=DOCUMENT, headers=bearer)
    assert answer.status_code == 201, answer.text
    client = answer.json()
    # Administrators see the client as one of theirs, at the issuer at which it registered.
    [provider] = (await worker.admin.get(f"/api/v3/providers/oauth2/?client_id={client['client_id']}")).json()[
        "results"
    ]
    urls = (await worker.admin.get(f"/api/v3/providers/oauth2/{provider['pk']}/setup_urls/")).json()
    assert (urls["issuer"], urls["dcr_registration"]) == ("http://localhost:4000/application/o/litellm/", None)
    [binding] = (
        await worker.admin.get(
            "/api/v3/policies/bindings/",
            params={"target": await application_of(worker, provider["assigned_application_slug"])},
        )
    ).json()["results"]
    assert binding["group_obj"]["name"] == "admins"
    [after] = await listed(worker)
    assert (after["uses"], after["last_used_at"] is None, after["status"]) == (1, False, "active")
    assert (await worker.client.post(REGISTER, json=DOCUMENT, headers=bearer)).status_code == 201
    assert [one["status"] for one in await listed(worker)] == ["used_up"]
    assert (await worker.client.post(REGISTER, json=DOCUMENT, headers=bearer)).status_code == 404


async def application_of(worker: Worker, slug: str) -> str:
    return str((await worker.admin.get(f"/api/v3/core/applications/{slug}/")).json()["pk"])


async def test_a_revoked_token_is_over_and_stays_listed(worker: Worker) -> None:
    first, second = await made(worker, name="one"), await made(worker, name="two")
    assert [one["name"] for one in await listed(worker)] == ["two", "one"]
    page = (await worker.admin.get(f"{PATH}?limit=1")).json()
    assert [one["name"] for one in page["items"]] == ["two"]
    rest = (await worker.admin.get(f"{PATH}?limit=1&cursor={page['next_cursor']}")).json()
    assert ([one["name"] for one in rest["items"]], rest["next_cursor"]) == (["one"], None)
    assert (await worker.admin.delete(f"{PATH}/{first['id']}")).status_code == 204
    assert [one["status"] for one in await listed(worker)] == ["active", "revoked"]
    bearer = {"authorization": f"Bearer {first['token']}"}
    assert (await worker.client.post(REGISTER, json=DOCUMENT, headers=bearer)).status_code == 401
    assert second["token"] not in (await worker.admin.get(PATH)).text


async def test_who_may_and_what_is_refused(worker: Worker) -> None:
    assert [(await worker.client.request(method, PATH)).status_code for method in ("GET", "POST")] == [401, 401]
    assert (await worker.client.delete(f"{PATH}/x")).status_code == 401
    for changes, field in (
        ({"name": ""}, "name"),
        ({"application": "none"}, "application"),
        ({"application": "a\0b"}, "application"),
        ({"groups": ["nobodies"]}, "groups"),
        ({"groups": "admins"}, "groups"),
        ({"expires_in": "for ever"}, "expires_in"),
        ({"expires_in": "366d"}, "expires_in"),
        ({"uses": 0}, "uses"),
        ({"how": 1}, "how"),
    ):
        answer = await worker.admin.post(PATH, json={"name": "ci", "application": "litellm", **changes})
        assert answer.status_code == 400, answer.text
        assert answer.json()["errors"][0]["field"] == field
    assert await listed(worker) == []
    for key in ("none", "%00"):
        assert (await worker.admin.delete(f"{PATH}/{key}")).status_code in (400, 404)
