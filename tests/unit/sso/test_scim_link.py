"""Whom SCIM provisioned signs in: the account is theirs by the id that the operator named, and by nothing else."""

from typing import Any

import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import Stage, generic, sign_in

from gatewright.accounts.audit import Audit
from gatewright.accounts.scim.people import ScimPeople
from gatewright.accounts.scim.resource import Resource
from gatewright.domain.identity import Role
from gatewright.domain.people import Origin, User
from gatewright.idp.directory.administrators import Administrators
from gatewright.storage.scim import Page

pytestmark = pytest.mark.anyio
NOWHERE = Origin()


def people(stage: Stage) -> ScimPeople:
    return ScimPeople(stage.db, Audit(stage.db), Administrators(membership_decides=False).kept)


async def made(stage: Stage, name: str, **more: Any) -> Resource:
    """Somebody whom SCIM provisioned."""
    return await people(stage).create({"userName": name, **more}, actor="scim", origin=NOWHERE)


async def signed_in(stage: Stage, provider: FakeProvider, **claims: Any) -> User | str:
    """The user after a sign-in, or the text of the page that refuses."""
    provider.user = {"sub": "s-1", "preferred_username": "ada@example.com", **claims}
    answer = await sign_in(stage, provider, stage.browser())
    if answer.status_code != 303:
        return answer.text
    for user in await stage.everybody():
        if (provider.issuer, provider.user["sub"]) in await stage.identities(user):
            return user
    raise AssertionError("nobody is linked")


@pytest.fixture
def linking(make_stage: MakeStage, provider: FakeProvider) -> Stage:
    return make_stage(generic(provider.origin, GATEWRIGHT_SCIM_ID_CLAIM="generic:oid"))


async def test_the_account_is_theirs_at_the_first_sign_in_and_nobody_elses_after_it(
    linking: Stage, provider: FakeProvider
) -> None:
    stage = linking
    ada = await made(stage, "ada", externalId="oid-1", displayName="Ada")
    user = await signed_in(stage, provider, oid="oid-1", litellm_role="internal_user")
    assert isinstance(user, User)
    assert (user.uuid, user.user_id, user.display_name) == (ada.id, "ada", "Ada")
    assert user.role is Role.INTERNAL_USER
    assert ("scim.user.link", "ok") in await stage.audit()
    again = await signed_in(stage, provider, oid="oid-1")
    assert isinstance(again, User)
    assert again.id == user.id
    # Somebody else whose provider says the same id gets an account of their own.
    other = await signed_in(stage, provider, oid="oid-1", sub="s-2", preferred_username="eve")
    assert isinstance(other, User)
    assert other.id != user.id


OTHERS: list[dict[str, Any]] = [
    {"email": "ada@example.com", "email_verified": True},
    {"preferred_username": "oid-1", "user_id": "oid-1", "sub": "oid-1"},
    {"oid": ["oid-1"]},
    {"oid": "OID-1"},
    {"oid": ""},
]


async def test_nothing_else_makes_anybody_theirs(linking: Stage, provider: FakeProvider) -> None:
    ada = await made(linking, "ada", externalId="oid-1", emails=[{"value": "ada@example.com"}])
    for number, claims in enumerate(OTHERS):
        own = {"sub": f"s-{number}", "preferred_username": f"p-{number}"}
        user = await signed_in(linking, provider, **{**own, **claims})
        assert isinstance(user, User)
        assert user.uuid != ada.id, claims


async def test_without_the_setting_no_claim_does(make_stage: MakeStage, provider: FakeProvider) -> None:
    for number, more in enumerate(({}, {"GATEWRIGHT_SCIM_ID_CLAIM": "another:oid"})):
        stage = make_stage(generic(provider.origin, **more))
        ada = await made(stage, f"ada-{number}", externalId=f"oid-{number}")
        who = {"sub": f"s-{number}", "preferred_username": f"p-{number}", "oid": f"oid-{number}"}
        user = await signed_in(stage, provider, **who)
        assert isinstance(user, User)
        assert user.uuid != ada.id


async def test_whoever_is_switched_off_stays_out_and_unlinked(linking: Stage, provider: FakeProvider) -> None:
    stage = linking
    ada = await made(stage, "ada", externalId="oid-1", active=False)
    refusal = await signed_in(stage, provider, oid="oid-1")
    assert isinstance(refusal, str)
    assert "switched off" in refusal
    [user] = [one for one in await stage.everybody() if one.uuid == ada.id]
    assert await stage.identities(user) == []
    assert len(await stage.everybody()) == 1


async def test_whoever_came_first_is_found_by_the_id_alone(
    linking: Stage, stage: Stage, provider: FakeProvider
) -> None:
    """Their name is one that they may have chosen: SCIM does not find them by it."""
    user = await signed_in(stage, provider, oid="oid-1")
    assert isinstance(user, User)
    assert await people(stage).page(Page()) == (0, [])
    for _ in range(2):
        await signed_in(linking, provider, oid="oid-1")
    total, [seen] = await people(stage).page(Page())
    assert (total, seen.id, seen.document["userName"], seen.document["externalId"]) == (1, user.uuid, "oid-1", "oid-1")
    assert [action for action, _ in await stage.audit()].count("scim.user.note") == 1
    body = {"userName": "ada@example.com", "externalId": "oid-1"}
    after = await people(stage).replace(user.uuid, body, expected=None, actor="scim", origin=NOWHERE)
    assert after.document["userName"] == "ada@example.com"


async def test_an_id_that_is_anothers_is_not_noted(linking: Stage, stage: Stage, provider: FakeProvider) -> None:
    await signed_in(stage, provider, oid="oid-1")
    ada = await made(stage, "somebody", externalId="oid-1")
    await signed_in(linking, provider, oid="oid-1")
    total, [seen] = await people(stage).page(Page())
    assert (total, seen.id) == (1, ada.id)
