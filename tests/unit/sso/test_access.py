"""Who may sign in at all: by e-mail domain, group and role, and who may open the dashboard."""

from typing import Any

import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import Stage, generic, hidden, sign_in

from gatewright.domain.identity import Role
from gatewright.settings.sign_in import AccessRules, ClaimNames, SignInProvider
from gatewright.settings.sign_in_rules import DashboardAccess, SignInRules
from gatewright.sso.access import decide_access
from gatewright.sso.claims import person
from gatewright.storage import audit_log, users

ADMIN, VIEWER, MEMBER, READER = Role
OPEN = AccessRules()
MAIL, MAILS = AccessRules(email_domains=("corp.example",)), AccessRules(email_domains=("corp.example", "b.example"))
STAFF, ADMINS = AccessRules(groups=("staff", "ops")), AccessRules(roles=(ADMIN,))
ONLY_ADMINS, ONLY_OPS = DashboardAccess("admin_only"), DashboardAccess("group", "ops", "realm.groups")


@pytest.mark.parametrize(
    ("access", "claims", "role", "refusal"),
    [
        (OPEN, {}, READER, None),
        (MAIL, {"email": " Ada@Corp.EXAMPLE "}, READER, None),
        (MAILS, {"email": "ada@b.example", "email_verified": True}, READER, None),
        (MAIL, {"email": '"a@b"@corp.example'}, READER, None),
        (MAIL, {}, ADMIN, "email_missing"),
        (MAIL, {"email": ""}, READER, "email_missing"),
        (MAIL, {"email": ["ada@corp.example"]}, READER, "email_missing"),
        (MAIL, {"email": "ada"}, READER, "email_missing"),
        (MAIL, {"email": "@corp.example"}, READER, "email_missing"),
        (MAIL, {"email": "ada@sub.corp.example"}, READER, "email_domain"),
        (MAIL, {"email": "ada@corp.example.evil.org"}, READER, "email_domain"),
        (MAIL, {"email": "ada@corp.example@evil.org"}, READER, "email_domain"),
        (MAIL, {"email": "ada@corp.example", "email_verified": False}, READER, "email_unverified"),
        (MAIL, {"email": "ada@corp.example", "email_verified": "false"}, READER, "email_unverified"),
        (STAFF, {"groups": ["x", "ops"]}, READER, None),
        (STAFF, {"groups": "x, staff"}, READER, None),
        (STAFF, {"groups": ["Staff"]}, ADMIN, "group_required"),
        (STAFF, {}, ADMIN, "group_required"),
        (STAFF, {"groups": {"staff": True}}, ADMIN, "group_required"),
        (ADMINS, {}, ADMIN, None),
        (ADMINS, {}, VIEWER, "role_required"),
    ],
)
def test_what_a_provider_restricts(
    access: AccessRules, claims: dict[str, Any], role: Role, refusal: str | None
) -> None:
    one = SignInProvider("generic", "generic", "us", access=access)
    who = person(claims, ClaimNames(), source="i", subject="s")
    for dashboard in (True, False):
        found = decide_access(who, None, role, one, SignInRules(), dashboard=dashboard)
        assert (None if found.refusal is None else found.refusal.error_code) == refusal
        assert bool(found.steps) == (access is not OPEN)
    # What holds for every provider holds beside it.
    everywhere = SignInRules(email_domains=access.email_domains)
    bare = SignInProvider("generic", "generic", "us")
    again = decide_access(who, None, role, bare, everywhere, dashboard=True).refusal
    assert (None if again is None else again.error_code) == (refusal if access.email_domains else None)


@pytest.mark.parametrize(
    ("dashboard", "claims", "role", "refusal"),
    [
        (DashboardAccess(), {}, READER, None),
        (ONLY_ADMINS, {}, ADMIN, None),
        (ONLY_ADMINS, {}, VIEWER, None),
        (ONLY_ADMINS, {}, MEMBER, "dashboard_admin_only"),
        (ONLY_OPS, {"realm": {"groups": ["ops"]}}, READER, None),
        (ONLY_OPS, {"groups": ["ops"]}, ADMIN, "dashboard_group"),
        (ONLY_OPS, {"realm": {"groups": ["dev"]}}, ADMIN, "dashboard_group"),
    ],
)
def test_who_may_open_the_dashboard(
    dashboard: DashboardAccess, claims: dict[str, Any], role: Role, refusal: str | None
) -> None:
    one, rules = SignInProvider("generic", "generic", "us"), SignInRules(dashboard=dashboard)
    who = person(claims, ClaimNames(), source="i", subject="s")
    found = decide_access(who, None, role, one, rules, dashboard=True).refusal
    assert (None if found is None else found.error_code) == refusal
    assert decide_access(who, None, role, one, rules, dashboard=False).refusal is None


async def comes(stage: Stage, provider: FakeProvider, **claims: Any) -> tuple[int, str]:
    """The status and the page of one sign-in with these claims."""
    provider.user = {"sub": "u-1", "preferred_username": "ada", **claims}
    answer = await sign_in(stage, provider, stage.browser())
    return answer.status_code, answer.text


@pytest.mark.anyio
async def test_a_refusal_is_told_in_words_with_a_reference_and_makes_nobody(
    make_stage: MakeStage, provider: FakeProvider
) -> None:
    stage = make_stage(generic(provider.origin, ALLOWED_EMAIL_DOMAINS=" Corp.example , b.example"))
    for claims, code, words in (
        ({}, "email_missing", "the provider did not say your address"),
        ({"email": "ada@evil.example"}, "email_domain", "Addresses at evil.example may not sign in here."),
        ({"email": "ada@corp.example", "email_verified": False}, "email_unverified", "is not verified"),
    ):
        status, page = await comes(stage, provider, **claims)
        assert status == 403
        assert words in page
        assert "Reference <code>req-" in page
        assert await stage.everybody() == []
        assert (await stage.audit())[0] == ("login.sso", code)
    assert (await comes(stage, provider, email="ada@B.example"))[0] == 303


@pytest.mark.anyio
async def test_groups_and_roles_let_in(make_stage: MakeStage, provider: FakeProvider) -> None:
    restricted = {"GENERIC_ALLOWED_GROUPS": "staff,ops", "GENERIC_ALLOWED_ROLES": "internal_user,proxy_admin"}
    stage = make_stage(generic(provider.origin, **restricted))
    assert (await comes(stage, provider, litellm_role="proxy_admin"))[0] == 403
    assert (await stage.audit())[0] == ("login.sso", "group_required")
    assert (await comes(stage, provider, groups=["ops"]))[0] == 403
    assert (await stage.audit())[0] == ("login.sso", "role_required")
    assert (await comes(stage, provider, groups=["ops"], litellm_role="internal_user"))[0] == 303
    steps = [step.text for step in (await stage.user("ada")).role_reason.steps]
    assert "The group ops of the claim groups is allowed." in steps
    assert "The role internal_user is allowed." in steps


@pytest.mark.anyio
async def test_whoever_lost_access_loses_role_session_and_command_line_at_the_next_sign_in(
    make_stage: MakeStage, provider: FakeProvider
) -> None:
    stage = make_stage(generic(provider.origin, GENERIC_ALLOWED_GROUPS="staff"))
    browser = stage.browser()
    provider.user = {"sub": "u-1", "preferred_username": "ada", "groups": ["staff"], "litellm_role": "proxy_admin"}
    assert (await sign_in(stage, provider, browser)).status_code == 303
    key = await command_line(stage, provider)
    assert (await stage.ring.authenticate(key)).role is Role.PROXY_ADMIN
    before = await stage.user("ada")
    status, page = await comes(stage, provider, litellm_role="internal_user")
    assert status == 403
    assert "certain groups" in page
    after = await stage.user("ada")
    assert (after.role, after.last_login_at) == (Role.INTERNAL_USER, before.last_login_at)
    assert await stage.sessions.of_user(after.id) == []
    assert await stage.keys.cli_logins(after.id) == []


@pytest.mark.anyio
async def test_the_dashboard_alone_is_closed_and_an_emergency_administrator_always_comes_in(
    make_stage: MakeStage, provider: FakeProvider, tmp_path: Any
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("general_settings: {ui_access_mode: admin_only}\n")
    stage = make_stage(generic(provider.origin, GATEWRIGHT_CONFIG=str(config), ALLOWED_EMAIL_DOMAINS="corp.example"))
    mail = "ada@corp.example"
    assert (await comes(stage, provider, email=mail))[0] == 403
    assert (await stage.audit())[0] == ("login.sso", "dashboard_admin_only")
    assert (await stage.ring.authenticate(await command_line(stage, provider))).user_id == "ada"
    async with stage.db.write() as tx:
        user = await users.by_user_id(tx, "ada")
        assert user is not None
        await users.change(tx, user.id, 1, is_break_glass=True)
    assert (await comes(stage, provider))[0] == 303


async def command_line(stage: Stage, provider: FakeProvider) -> str:
    """The key of a command-line sign-in at that provider."""
    terminal, browser = stage.terminal(), stage.browser()
    started = (await terminal.post("/sso/cli/start")).json()
    begun = await browser.get("/sso/key/generate", params={"source": "litellm-cli", "key": started["login_id"]})
    page = await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    form = {**hidden(page.text), "user_code": started["user_code"]}
    done = await browser.post(f"/sso/cli/complete/{started['login_id']}", data=form)
    assert done.status_code == 200, done.text
    headers = {"x-litellm-cli-poll-secret": started["poll_secret"]}
    body = (await terminal.get(f"/sso/cli/poll/{started['login_id']}", headers=headers)).json()
    return str(body["key"])


@pytest.mark.anyio
async def test_the_audit_log_names_who_was_refused(make_stage: MakeStage, provider: FakeProvider) -> None:
    stage = make_stage(generic(provider.origin, GENERIC_ALLOWED_GROUPS="staff"))
    await comes(stage, provider)
    async with stage.db.read() as tx:
        event = (await audit_log.newest(tx, 1))[0]
    assert event["target"] == "ada"
    assert (event["details"]["subject"], event["details"]["issuer"]) == ("u-1", provider.issuer)
