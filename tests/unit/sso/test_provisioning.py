"""Who a sign-in makes of somebody: found by (source, subject) alone, brought up to date at every sign-in."""

from typing import Any

import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import ManualClock, Stage, generic, sign_in

from gatewright.domain.identity import Role
from gatewright.domain.people import Origin, User
from gatewright.storage import audit_log, changes, users

pytestmark = pytest.mark.anyio


async def signed_in(stage: Stage, provider: FakeProvider, **claims: Any) -> User:
    """The user after one sign-in with these claims."""
    provider.user = {"sub": "u-1", "preferred_username": "ada", **claims}
    answer = await sign_in(stage, provider, stage.browser())
    assert answer.status_code == 303, answer.text
    for user in await stage.everybody():
        if (provider.issuer, provider.user["sub"]) in await stage.identities(user):
            return user
    raise AssertionError("nobody is linked")


async def set_columns(stage: Stage, user: User, **columns: Any) -> None:
    async with stage.db.write() as tx:
        await users.change(tx, user.id, 1, **columns)


async def test_a_newcomer_gets_the_names_that_they_bring(
    stage: Stage, provider: FakeProvider, clock: ManualClock
) -> None:
    user = await signed_in(stage, provider, email="Ada@Home.LOCAL", email_verified=True, name="Ada L")
    assert (user.user_id, user.username, user.email, user.display_name) == ("ada", "ada", "ada@home.local", "Ada L")
    assert user.email_verified
    assert user.last_login_at == clock.now
    assert ("user.create", "ok") in await stage.audit()


async def test_promotion_demotion_unknown_and_absent_follow_at_every_sign_in(
    stage: Stage, provider: FakeProvider
) -> None:
    for claim, role, rule in (
        ("proxy_admin", Role.PROXY_ADMIN, "claim"),
        ("internal_user", Role.INTERNAL_USER, "claim"),
        ("internal_user_view_only", Role.INTERNAL_USER_VIEWER, "claim"),
        ("proxy_admin", Role.PROXY_ADMIN, "claim"),
        ("boss", Role.INTERNAL_USER_VIEWER, "unknown_value"),
        ("proxy_admin", Role.PROXY_ADMIN, "claim"),
        (None, Role.INTERNAL_USER_VIEWER, "default"),
    ):
        user = await signed_in(stage, provider, litellm_role=claim)
        assert (user.role, user.role_reason.rule) == (role, rule)
        assert (user.role_reason.warning is not None) == (rule == "unknown_value")
    assert len(await stage.everybody()) == 1


async def test_other_workers_hear_of_a_change_and_of_nothing_else(stage: Stage, provider: FakeProvider) -> None:
    user = await signed_in(stage, provider, litellm_role="proxy_admin")

    async def announced() -> int:
        async with stage.db.read() as tx:
            return len([c for c in await changes.since(tx, 0) if (c.kind, c.ref) == ("user", str(user.id))])

    before = await announced()
    await signed_in(stage, provider, litellm_role="proxy_admin")
    assert await announced() == before
    await signed_in(stage, provider, litellm_role="internal_user")
    assert await announced() == before + 1


async def test_a_role_set_by_hand_stands_until_it_is_unlocked(stage: Stage, provider: FakeProvider) -> None:
    """The seed's one-time curl lasts."""
    user = await signed_in(stage, provider)
    await stage.users.set_role(user.user_id, Role.PROXY_ADMIN, actor="test", origin=Origin())
    assert (await signed_in(stage, provider)).role is Role.PROXY_ADMIN
    await stage.users.unlock_role(user.user_id, actor="test", origin=Origin())
    assert (await signed_in(stage, provider, litellm_role="internal_user")).role is Role.INTERNAL_USER


async def test_without_a_role_source_the_stored_role_stands(make_stage: MakeStage, provider: FakeProvider) -> None:
    environ = {k: v for k, v in generic(provider.origin).items() if k != "GENERIC_USER_ROLE_ATTRIBUTE"}
    stage = make_stage(environ)
    user = await signed_in(stage, provider, role="proxy_admin")
    assert (user.role, user.role_reason.rule) == (Role.INTERNAL_USER_VIEWER, "default")
    await set_columns(stage, user, role=Role.INTERNAL_USER)
    assert (await signed_in(stage, provider)).role is Role.INTERNAL_USER


async def test_an_absent_claim_erases_no_name_and_no_email(stage: Stage, provider: FakeProvider) -> None:
    await signed_in(stage, provider, email="ada@home.local", name="Ada L")
    user = await signed_in(stage, provider)
    assert (user.email, user.display_name) == ("ada@home.local", "Ada L")
    user = await signed_in(stage, provider, email="ada@new.local", name="Countess")
    assert (user.email, user.display_name) == ("ada@new.local", "Ada L")


async def test_nobody_is_found_by_name_or_email(stage: Stage, provider: FakeProvider) -> None:
    admin = await signed_in(stage, provider, email="boss@home.local", email_verified=True, litellm_role="proxy_admin")
    thief = await signed_in(
        stage, provider, sub="u-2", preferred_username="eve", email="boss@home.local", email_verified=True
    )
    assert thief.id != admin.id
    assert (thief.user_id, thief.role) == ("eve", Role.INTERNAL_USER_VIEWER)
    assert (await stage.user("ada")).id == admin.id


@pytest.mark.parametrize("name", ["ada", "ADA", "\uff41da"])
async def test_a_user_id_that_is_somebodys_or_looks_like_it_is_a_refusal_with_the_next_step(
    stage: Stage, provider: FakeProvider, name: str
) -> None:
    admin = await signed_in(stage, provider, litellm_role="proxy_admin")
    provider.user = {"sub": "u-2", "preferred_username": name}
    answer = await sign_in(stage, provider, stage.browser())
    assert answer.status_code == 403
    assert "there is an account of that name here already" in answer.text
    assert "invitation link" in answer.text
    assert [user.id for user in await stage.everybody()] == [admin.id]
    async with stage.db.read() as tx:
        event = (await audit_log.newest(tx, 1))[0]
    assert (event["action"], event["outcome"], event["target"]) == ("login.sso", "user_id_taken", name)
    assert event["details"]["subject"] == "u-2"


@pytest.mark.parametrize("column", ["is_break_glass", "kind", "deleted_at"])
async def test_the_name_of_an_account_that_nobody_can_be_given_stops_nobody(
    stage: Stage, provider: FakeProvider, column: str
) -> None:
    first = await signed_in(stage, provider, litellm_role="proxy_admin")
    values = {"is_break_glass": True, "kind": "service_account", "deleted_at": 1}
    await set_columns(stage, first, **{column: values[column]})
    other = await signed_in(stage, provider, sub="u-2")
    assert (other.id != first.id, other.user_id, other.username) == (True, other.uuid, other.uuid)
    assert other.role is Role.INTERNAL_USER_VIEWER


async def test_a_username_that_is_somebodys_opens_nothing_and_stops_nobody(
    make_stage: MakeStage, provider: FakeProvider
) -> None:
    stage = make_stage(generic(provider.origin, GENERIC_USER_ID_ATTRIBUTE="sub"))
    await signed_in(stage, provider)
    other = await signed_in(stage, provider, sub="u-2")
    assert (other.user_id, other.username) == ("u-2", other.uuid)


async def test_another_issuer_is_another_person(stage: Stage, provider: FakeProvider) -> None:
    first = await signed_in(stage, provider)
    provider.token_changes = {"iss": f"{provider.origin}/o/other/"}
    provider.user["preferred_username"] = "other"
    answer = await sign_in(stage, provider, stage.browser())
    assert answer.status_code == 303
    assert len(await stage.everybody()) == 2
    assert (await stage.identities(first)) == [(provider.issuer, "u-1")]


@pytest.mark.parametrize("name", ["default_user_id", "Master", "x" * 256, "a\tb", ""])
async def test_some_names_are_nobodys(stage: Stage, provider: FakeProvider, name: str) -> None:
    user = await signed_in(stage, provider, preferred_username=name)
    assert (user.user_id, user.username) == (user.uuid, user.uuid)


async def test_somebody_who_is_switched_off_is_refused_in_words(stage: Stage, provider: FakeProvider) -> None:
    user = await signed_in(stage, provider)
    await set_columns(stage, user, is_active=False)
    answer = await sign_in(stage, provider, stage.browser())
    assert answer.status_code == 403
    assert "This account is switched off." in answer.text
    assert ("login.sso", "user_inactive") in await stage.audit()


async def test_somebody_who_was_deleted_is_refused_in_words(stage: Stage, provider: FakeProvider) -> None:
    user = await signed_in(stage, provider)
    await set_columns(stage, user, deleted_at=1)
    answer = await sign_in(stage, provider, stage.browser())
    assert answer.status_code == 403
    assert "This account was deleted." in answer.text
    assert ("login.sso", "user_deleted") in await stage.audit()


async def test_proxy_admin_id_is_a_subject_or_a_linked_user_id(make_stage: MakeStage, provider: FakeProvider) -> None:
    by_subject = make_stage(generic(provider.origin, PROXY_ADMIN_ID="u-1"))
    assert (await signed_in(by_subject, provider)).role is Role.PROXY_ADMIN
    by_name = make_stage(generic(provider.origin, PROXY_ADMIN_ID="ada"))
    user = await signed_in(by_name, provider)
    assert (user.user_id, user.role, user.role_reason.rule) == ("ada", Role.PROXY_ADMIN, "proxy_admin_id")


async def test_a_newcomer_cannot_claim_proxy_admin_ids_name_not_even_for_later(
    make_stage: MakeStage, provider: FakeProvider
) -> None:
    stage = make_stage(generic(provider.origin, PROXY_ADMIN_ID="root"))
    for _ in range(2):
        user = await signed_in(stage, provider, preferred_username="root")
        assert user.user_id == user.uuid
        assert user.role is Role.INTERNAL_USER_VIEWER


async def test_a_forbidden_sign_in_changes_nothing(stage: Stage, provider: FakeProvider) -> None:
    user = await signed_in(stage, provider, litellm_role="internal_user")
    provider.user["litellm_role"] = "proxy_admin"
    provider.token_changes = {"nonce": "x"}
    assert (await sign_in(stage, provider, stage.browser())).status_code == 403
    assert await stage.users.get(user.id) == user


async def test_there_is_no_end_to_the_number_of_people(stage: Stage, provider: FakeProvider) -> None:
    for number in range(7):
        await signed_in(stage, provider, sub=f"p-{number}", preferred_username=f"person-{number}")
    assert len(await stage.everybody()) == 7
    assert (await signed_in(stage, provider, sub="p-0", preferred_username="person-0")).user_id == "person-0"
