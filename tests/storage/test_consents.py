"""Consents add up in one row, also when two are given at the same moment."""

import anyio
import pytest

from gatewright.domain.identity import Role, RoleReason
from gatewright.storage import consents, oauth_providers, users
from gatewright.storage.database import Database

pytestmark = pytest.mark.anyio
PROVIDER = {
    "name": "App",
    "client_id": "app",
    "client_type": "public",
    "redirect_uris": [],
    "grant_types": [],
    "authorization_flow": "x",
    "invalidation_flow": "x",
    "sub_mode": "user_uuid",
    "issuer_mode": "per_provider",
    "access_code_validity": 1,
    "access_token_validity": 1,
    "refresh_token_validity": 1,
}


async def pair(db: Database) -> tuple[int, int]:
    """A person and a client."""
    new = users.NewUser("u-1", "ada", "ada", None, Role.INTERNAL_USER, RoleReason(rule="default"))
    async with db.write() as tx:
        return (await users.add(tx, new, 1)).id, await oauth_providers.add(tx, **PROVIDER)


async def test_two_consents_at_once_both_stand(db: Database) -> None:
    user_pk, provider_id = await pair(db)

    async def give(scope: str) -> None:
        async with db.write() as tx:
            await consents.add_scopes(tx, user_pk, provider_id, [scope], 5, None)

    async with anyio.create_task_group() as tasks:
        for scope in ("openid", "email", "profile", "offline_access"):
            tasks.start_soon(give, scope)
    async with db.read() as tx:
        found = await consents.find(tx, user_pk, provider_id, 6)
        assert found is not None
        assert set(found.scopes) == {"openid", "email", "profile", "offline_access"}
        assert (found.client_id, found.application_slug) == ("app", None)
        assert [one.uuid for one in await consents.of_user(tx, user_pk)] == [found.uuid]


async def test_an_expired_consent_counts_for_nothing_and_adds_nothing(db: Database) -> None:
    user_pk, provider_id = await pair(db)
    async with db.write() as tx:
        await consents.add_scopes(tx, user_pk, provider_id, ["openid", "email"], 5, 10)
        assert await consents.find(tx, user_pk, provider_id, 9) is not None
        assert await consents.find(tx, user_pk, provider_id, 10) is None
        await consents.add_scopes(tx, user_pk, provider_id, ["openid"], 10, 20)
        found = await consents.find(tx, user_pk, provider_id, 11)
        assert found is not None
        assert (found.scopes, found.created_at, found.updated_at, found.expires_at) == (("openid",), 5, 10, 20)


async def test_only_ones_own_is_taken_back(db: Database) -> None:
    user_pk, provider_id = await pair(db)
    async with db.write() as tx:
        await consents.add_scopes(tx, user_pk, provider_id, ["openid"], 5, None)
        [one] = await consents.of_user(tx, None)
        assert await consents.remove(tx, one.uuid, user_pk + 1) is None
        assert await consents.remove(tx, one.uuid, user_pk) == (user_pk, provider_id)
        assert await consents.remove(tx, one.uuid, None) is None
