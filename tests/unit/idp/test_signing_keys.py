"""Keys by algorithm, and their rotation: published before they sign, and after they have stopped."""

import asyncio
from typing import Any

import pytest

from gatewright.accounts.audit import Audit
from gatewright.domain.clock import DAY, HOUR, MINUTE
from gatewright.domain.errors import BadInput, Unavailable
from gatewright.domain.people import Origin
from gatewright.idp.signing_keys import LEAD, ROTATE_AFTER, SigningKeys
from gatewright.oidc import jwt
from gatewright.storage import changes, oauth_providers, signing_keys
from gatewright.storage.database import Database

from .conftest import ManualClock, Stand
from .test_sign_in_path import exchange, returned, sign_in, tokens, userinfo

pytestmark = pytest.mark.anyio


async def rotate(stand: Stand, algorithm: str = "RS256", **how: bool) -> str:
    return await stand.provider.keys.rotate(algorithm, actor="admin", origin=Origin(), **how)


async def published(stand: Stand) -> list[str]:
    async with stand.browser() as client:
        answer = await client.get("/application/o/litellm/jwks/")
    assert answer.headers["access-control-allow-origin"] == "*"
    keys: list[dict[str, Any]] = answer.json()["keys"]
    assert all(not {"d", "p", "q", "k"} & key.keys() for key in keys)
    assert len({key["kid"] for key in keys}) == len(keys)
    return [key["kid"] for key in keys]


async def signed_by(stand: Stand) -> str:
    async with stand.browser() as browser:
        found = jwt.key_id((await tokens(stand, browser))["access_token"])
    assert found is not None
    return found


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_provider_signs_with_its_own_algorithm(stand: Stand, algorithm: str) -> None:
    async with stand.db.write() as tx:
        provider = await oauth_providers.find_id(tx, client_id="litellm")
        assert provider is not None
        await oauth_providers.change(tx, provider, signing_algorithm=algorithm)
    async with stand.browser() as browser:
        body = await tokens(stand, browser)
        document = (await browser.get("/application/o/litellm/.well-known/openid-configuration")).json()
        jwks = (await browser.get(document["jwks_uri"])).json()
    assert document["id_token_signing_alg_values_supported"] == [algorithm]
    assert jwt.algorithm_of(body["id_token"]) == jwt.algorithm_of(body["access_token"]) == algorithm
    claims = jwt.verify(body["id_token"], jwks, algorithms=[algorithm])
    assert claims["at_hash"] == jwt.half_hash(body["access_token"], algorithm)
    assert (await userinfo(stand, body["access_token"])).status_code == 200


async def test_a_rotation_overlaps(stand: Stand) -> None:
    old = await signed_by(stand)
    async with stand.browser() as browser:
        before = (await tokens(stand, browser))["access_token"]
    new = await rotate(stand)
    # Published at once, signing later.
    assert {old, new} <= set(await published(stand))
    assert await signed_by(stand) == old
    stand.clock.now += LEAD - 1000
    assert await signed_by(stand) == old
    async with stand.browser() as browser:
        last = (await tokens(stand, browser))["access_token"]
    stand.clock.now += 1000
    assert await signed_by(stand) == new
    assert {old, new} <= set(await published(stand))
    assert (await userinfo(stand, last)).status_code == 200
    assert (await userinfo(stand, before)).status_code == 401
    # The session's ID token may still come back as a hint.
    stand.clock.now += DAY - MINUTE
    assert old in await published(stand)
    stand.clock.now += 2 * DAY
    assert old not in await published(stand)
    await stand.provider.keys.tend()
    async with stand.db.read() as tx:
        assert old not in {row.kid for row in await signing_keys.everything(tx)}
    assert await signed_by(stand) == new


async def test_a_stolen_key_is_withdrawn_at_once(stand: Stand) -> None:
    old = await signed_by(stand)
    async with stand.browser() as browser:
        body = await tokens(stand, browser)
        waiting = await rotate(stand)
        new = await rotate(stand, at_once=True)
        assert new not in (old, waiting)
        assert set(await published(stand)).isdisjoint({old, waiting})
        assert await signed_by(stand) == new
        assert (await userinfo(stand, body["access_token"])).status_code == 401
    [event, _] = await stand.events("idp.signing_key")
    assert (event["actor"], event["target"]) == ("admin", new)
    assert event["details"] == {"algorithm": "RS256", "at_once": True}


async def test_one_rotation_at_a_time(stand: Stand) -> None:
    first = await rotate(stand)
    assert await rotate(stand) == first
    stand.clock.now += LEAD
    assert await rotate(stand) != first


async def test_keys_rotate_by_age(stand: Stand) -> None:
    old = await signed_by(stand)
    stand.clock.now += ROTATE_AFTER - 1
    await stand.provider.keys.tend()
    assert len(await published(stand)) == 3
    stand.clock.now += 1
    await stand.provider.keys.tend()
    await stand.provider.keys.tend()
    assert len(await published(stand)) == 6
    stand.clock.now += LEAD
    assert await signed_by(stand) != old


async def test_another_worker_hears_of_a_rotation(stand: Stand) -> None:
    other = SigningKeys(stand.db, Audit(stand.db))
    await other.ring()
    new = await rotate(stand, at_once=True)
    async with stand.db.read() as tx:
        change = (await changes.since(tx, 0))[-1]
    assert (change.kind, change.ref) == ("signing_key", new)
    assert (await other.signer("RS256")).kid != new
    other.apply(change)
    assert (await other.signer("RS256")).kid == new


async def test_a_code_from_before_a_rotation_is_signed_by_the_key_of_now(stand: Stand) -> None:
    async with stand.browser() as browser:
        code = returned(await sign_in(browser, "alice"))["code"]
    new = await rotate(stand, at_once=True)
    answer = await exchange(stand, code)
    assert jwt.key_id(answer.json()["id_token"]) == new


async def test_what_is_no_algorithm_is_refused(stand: Stand) -> None:
    with pytest.raises(BadInput):
        await rotate(stand, "HS256")


async def test_workers_that_start_or_rotate_together_make_one_key(db: Database) -> None:
    workers = [SigningKeys(db, Audit(db)) for _ in range(4)]
    await asyncio.gather(*(worker.ensure() for worker in workers))
    rows = await workers[0].published()
    assert sorted(row.algorithm for row in rows) == ["ES256", "EdDSA", "RS256"]
    assert all(b'"d"' not in row.private_key for row in rows)
    clock = db.clock
    assert isinstance(clock, ManualClock)
    clock.now += HOUR
    made = await asyncio.gather(*(worker.rotate("ES256", actor="x", origin=Origin()) for worker in workers))
    assert len(set(made)) == 1
    assert len(await workers[0].published()) == 4


async def test_without_keys_nothing_is_signed(db: Database) -> None:
    with pytest.raises(Unavailable):
        await SigningKeys(db, Audit(db)).signer("RS256")
