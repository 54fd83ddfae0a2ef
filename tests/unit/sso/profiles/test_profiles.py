"""A whole sign-in through each provider as it answers, and what none of them may be made to say."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from tests.unit.sso.profiles.world import CLIENT, SECRET, World
from tests.unit.sso.stage import ManualClock, Stage, query_of

from gatewright.accounts.teams import NewTeam, Teams
from gatewright.domain.errors import BadInput
from gatewright.domain.identity import Role
from gatewright.domain.people import Origin, User
from gatewright.settings.profiles.made import made as build
from gatewright.settings.sign_in import AccessRules
from gatewright.sso.profiles.paging import MOST_PAGES, next_link
from gatewright.sso.provider_checks import check, check_secrets_stay
from gatewright.sso.sources import Source, secret_of
from gatewright.storage import audit_log, team_members
from gatewright.storage.database import Database
from gatewright.web.cookies import SESSION

pytestmark = pytest.mark.anyio

API = {"x-gatewright-request": "1"}
ENTRA = "https://login.microsoftonline.com"
GRAPH = "https://graph.microsoft.com/v1.0"
TENANT = "11112222-3333-4444-5555-666677778888"
OTHER = "99992222-3333-4444-5555-666677778888"
PRINCIPAL = "99990000-1111-2222-3333-444455556666"
FIRST, SECOND, THIRD = (f"00000000-aaaa-4000-8000-00000000000{number}" for number in (1, 2, 3))


def named(prefix: str, **more: str) -> dict[str, str]:
    return {
        f"{prefix}_CLIENT_ID": CLIENT,
        f"{prefix}_CLIENT_SECRET": SECRET,
        "AUTO_REDIRECT_UI_LOGIN_TO_SSO": "true",
        **more,
    }


GOOGLE = named("GOOGLE", GOOGLE_ALLOWED_DOMAINS="example.com")
MICROSOFT = named("MICROSOFT", MICROSOFT_TENANT=TENANT)
GITHUB = named("GITHUB", GITHUB_ALLOWED_ORGANIZATIONS="acme")
SEED = named(
    "GENERIC",
    GENERIC_AUTHORIZATION_ENDPOINT="https://auth.example.com/application/o/authorize/",
    GENERIC_TOKEN_ENDPOINT="https://auth.example.com/application/o/token/",
    GENERIC_USERINFO_ENDPOINT="https://auth.example.com/application/o/userinfo/",
    GENERIC_SCOPE="openid profile email litellm_role",
    GENERIC_USER_ROLE_ATTRIBUTE="litellm_role",
)
KEYCLOAK = named(
    "GENERIC",
    GENERIC_ISSUER="https://sso.example.com/realms/staff",
    GENERIC_USER_ROLE_ATTRIBUTE=f"resource_access.{CLIENT}.roles",
)

MakePlay = Callable[..., "Play"]


class Play:
    """One provider's world and a relying party in front of it."""

    def __init__(
        self,
        db: Database,
        clock: ManualClock,
        folder: Path,
        name: str,
        environ: dict[str, str],
        source: Source | None = None,
    ) -> None:
        self.world = World(clock, name)
        self.stage = Stage(db, folder, environ, source, outbound=self.world)
        self.browser: httpx2.AsyncClient = self.stage.browser()

    async def sign_in(self, start: str = "/sso/key/generate") -> httpx2.Response:
        begun = await self.browser.get(start)
        assert begun.status_code == 303, begun.text
        return await self.browser.get(f"/sso/callback?{self.world.authorize(begun.headers['location'])}")

    async def user(self) -> User:
        """Who signed in; there is nobody else."""
        done = await self.sign_in()
        assert (done.status_code, done.headers.get("location")) == (303, "/ui/"), done.text
        (found,) = await self.stage.everybody()
        return found

    async def refused(self, code: str, status: int = 403) -> str:
        """The page of a refusal: nobody is signed in and nobody was made."""
        done = await self.sign_in()
        assert (done.status_code, f"<code>{code}</code>" in done.text) == (status, True), done.text
        assert SESSION not in self.browser.cookies
        assert await self.stage.everybody() == []
        return done.text

    async def teams_of(self, user: User) -> dict[str, str]:
        """The person's teams, and by whose word."""
        async with self.stage.db.read() as tx:
            return {row.team_id: row.origin for row in await team_members.of_user(tx, user.id)}


@pytest.fixture
async def play(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[MakePlay]:
    made: list[Play] = []

    def make(name: str, environ: dict[str, str], source: Source | None = None, **more: str) -> Play:
        made.append(Play(db, clock, tmp_path, name, {**environ, **more}, source))
        return made[-1]

    yield make
    for one in made:
        await one.stage.close()


async def said(one: Play, source: str) -> dict[str, Any]:
    """The claims of a sign-in as they are judged."""
    party = one.stage.parties.get(source)
    begun = await party.begin(return_to=None, browser=None)
    one.world.authorize(begun.url)
    tokens = one.world._tokens()
    checked = None
    if "id_token" in tokens:
        checked = await party.id_tokens.check(
            tokens["id_token"], nonce=one.world.nonce or "", access_token=tokens["access_token"]
        )

    async def userinfo() -> dict[str, Any]:
        raise AssertionError("userinfo is not asked here")

    return dict((await party.flow.told(tokens["access_token"], checked, userinfo)).claims)


# name of the recording, variables, (user_id, e-mail, verified, display name, role), (source, subject), sign-out
PROVIDERS: list[tuple[str, dict[str, str], tuple[Any, ...], tuple[str, str], str | None]] = [
    (
        "google",
        GOOGLE,
        ("113746218312345678901", "ada@example.com", True, "Ada Lovelace", Role.INTERNAL_USER_VIEWER),
        ("https://accounts.google.com", "113746218312345678901"),
        None,
    ),
    (
        "microsoft",
        MICROSOFT,
        (
            "aaaabbbb-0000-1111-2222-333344445555",
            "ada@example.com",
            False,
            "Ada Lovelace",
            Role.PROXY_ADMIN_VIEWER,
        ),
        (f"{ENTRA}/{TENANT}/v2.0", "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ"),
        f"{ENTRA}/{TENANT}/oauth2/v2.0/logout",
    ),
    (
        "okta",
        named(
            "GENERIC",
            GENERIC_ISSUER="https://acme.okta.com",
            GENERIC_SCOPE="openid profile email groups",
            GENERIC_ROLE_MAPPINGS_ROLES="{'proxy_admin': ['llm-admins']}",
        ),
        ("ada@example.com", "ada@example.com", True, "Ada Lovelace", Role.PROXY_ADMIN),
        ("https://acme.okta.com", "00u1abcdEFGHijkl2345"),
        "https://acme.okta.com/oauth2/v1/logout",
    ),
    (
        "keycloak",
        KEYCLOAK,
        ("ada", "ada@example.com", True, "Ada Lovelace", Role.PROXY_ADMIN),
        ("https://sso.example.com/realms/staff", "f3b1c2d3-0000-4000-8000-00000000abcd"),
        "https://sso.example.com/realms/staff/protocol/openid-connect/logout",
    ),
    (
        "authentik_2025_2",
        SEED,
        ("ada", "ada@home.local", True, "Ada Lovelace", Role.PROXY_ADMIN),
        (
            "https://auth.example.com/application/o/litellm/",
            "9c1185a5c5e9fc54612808977ee8f548b2258d31e3f0e1a2b3c4d5e6f7a8b9c0",
        ),
        "https://auth.example.com/application/o/litellm/end-session/",
    ),
    (
        "authentik_2026_8",
        named(
            "GENERIC",
            GENERIC_ISSUER="https://auth.example.com/application/o/litellm/",
            GENERIC_ROLE_MAPPINGS_ROLES="{'internal_user': ['admins']}",
        ),
        ("ada", "ada@home.local", False, "Ada Lovelace", Role.INTERNAL_USER),
        (
            "https://auth.example.com/application/o/litellm/",
            "9c1185a5c5e9fc54612808977ee8f548b2258d31e3f0e1a2b3c4d5e6f7a8b9c0",
        ),
        "https://auth.example.com/application/o/litellm/end-session/",
    ),
    (
        "auth0",
        named(
            "GENERIC",
            GENERIC_ISSUER="https://acme.eu.auth0.com/",
            GENERIC_USER_ROLE_ATTRIBUTE="https://acme.example/roles",
        ),
        ("ada", "ada@example.com", True, "Ada Lovelace", Role.INTERNAL_USER),
        ("https://acme.eu.auth0.com/", "auth0|64a1b2c3d4e5f60718293a4b"),
        "https://acme.eu.auth0.com/oidc/logout",
    ),
    (
        "github",
        GITHUB,
        ("Ada-L", "ada@example.com", True, "Ada Lovelace", Role.INTERNAL_USER_VIEWER),
        ("https://github.com", "583231"),
        None,
    ),
]


@pytest.mark.parametrize(
    ("name", "environ", "person", "identity", "sign_out"), PROVIDERS, ids=lambda one: str(one)[:16]
)
async def test_people_sign_in_and_out(
    play: MakePlay,
    name: str,
    environ: dict[str, str],
    person: tuple[Any, ...],
    identity: tuple[str, str],
    sign_out: str | None,
) -> None:
    one = play(name, environ)
    user = await one.user()
    assert (user.user_id, user.email, user.email_verified, user.display_name, user.role) == person
    assert await one.stage.identities(user) == [identity]
    source = one.stage.settings.providers[0].id
    standing = await one.stage.sign_in.standing(source)
    assert standing is not None
    # Every one of them is believed for a reason: a signature, or the API behind the access token.
    assert (standing.issuer, standing.doubt) == (identity[0], None)
    out = await one.browser.post("/session/logout", headers=API)
    target = out.json()["redirect_to"]
    assert target.partition("?")[0] == (sign_out or "/signed-out")
    if sign_out is not None:
        assert query_of(target)["post_logout_redirect_uri"] == "http://localhost:4000/signed-out"
        assert "id_token_hint" in query_of(target)
    # The same person again: found by the identity, not made twice. The provider is asked to ask again in its own way.
    begun = await one.browser.get("/sso/key/generate")
    assert query_of(begun.headers["location"])["prompt"] == {
        "google": "select_account",
        "github": "select_account",
    }.get(name, "login")
    assert (await one.user()).id == user.id
    assert SECRET not in str(one.world.asked)


# Several at once.


async def test_people_choose_among_several(play: MakePlay) -> None:
    one = play("github", {**GOOGLE, **MICROSOFT, **GITHUB})
    page = await one.browser.get("/sso/key/generate?return_to=/ui/keys")
    assert page.status_code == 200
    for source, label in (("google", "Google"), ("microsoft", "Microsoft"), ("github", "GitHub")):
        assert f'href="/sso/key/generate?provider={source}&amp;return_to=%2Fui%2Fkeys"' in page.text
        assert f"Continue with {label}" in page.text
    assert page.text.index("Google") < page.text.index("Microsoft") < page.text.index("GitHub")
    # A start that says where goes there, and comes back to where it was to.
    done = await one.sign_in("/sso/key/generate?provider=github&return_to=%2Fui%2Fkeys")
    assert (done.status_code, done.headers["location"]) == (303, "/ui/keys")
    gone = await one.browser.get("/sso/key/generate?provider=nowhere")
    assert gone.status_code == 404
    # `go` alone says not which.
    assert "Continue with Google" in (await one.browser.get("/sso/key/generate?go=1")).text
    assert "single sign-on" in (await one.browser.get("/fallback/login")).text


async def test_a_page_to_choose_takes_no_address_elsewhere(play: MakePlay) -> None:
    one = play("github", {**GOOGLE, **GITHUB})
    page = await one.browser.get("/sso/key/generate", params={"return_to": "//evil.example/", "x": '"><script>'})
    assert "evil" not in page.text
    assert "<script" not in page.text


async def test_a_terminals_sign_in_goes_on_through_the_choice(play: MakePlay) -> None:
    one = play("github", {**GOOGLE, **GITHUB})
    started = (await one.stage.terminal().post("/sso/cli/start")).json()
    start = f"/sso/key/generate?source=litellm-cli&key={started['login_id']}"
    page = await one.browser.get(start)
    assert "Your terminal waits" in page.text
    go = f"/sso/key/generate?provider=github&source=litellm-cli&key={started['login_id']}"
    assert go.replace("&", "&amp;") in page.text
    done = await one.sign_in(go)
    assert "Verification code" in done.text
    # A login that is over is said before the choice: to people in a page, to programs in JSON.
    over = "/sso/key/generate?source=litellm-cli&key=cli-there-is-no-such-login"
    assert (await one.browser.get(over)).status_code == 400
    answer = await one.stage.terminal().get(over)
    assert (answer.status_code, "detail" in answer.json()) == (400, True)


async def test_a_provider_speaks_of_its_own_people_alone(play: MakePlay) -> None:
    """A second provider without a configured issuer names Google's: its word at another host proves nothing."""
    one = play("authentik_2025_2", SEED)
    for issuer in ("https://accounts.google.com", "https://github.com", f"{ENTRA}/{TENANT}/v2.0"):
        assert one.world.claims is not None
        one.world.claims["iss"] = issuer
        await one.refused("issuer_foreign")
    two = play("authentik_2025_2", {**SEED, **KEYCLOAK_BESIDE})
    assert two.world.claims is not None
    two.world.claims["iss"] = "https://login.acme.example/o/staff"
    done = await two.sign_in("/sso/key/generate?provider=generic")
    assert "<code>issuer_foreign</code>" in done.text


KEYCLOAK_BESIDE = named(
    "GITHUB", GITHUB_ALLOWED_ORGANIZATIONS="acme", GITHUB_ENTERPRISE_URL="https://login.acme.example"
)


async def test_the_audit_log_holds_what_helps_at_this_provider(play: MakePlay) -> None:
    one = play("google", GOOGLE, GOOGLE_ALLOWED_DOMAINS="elsewhere.example")
    await one.refused("domain_refused")
    async with one.stage.db.read() as tx:
        (row,) = [row for row in await audit_log.newest(tx, 10) if row["outcome"] == "domain_refused"]
    assert "GOOGLE_ALLOWED_DOMAINS" in str(row["details"])


# Google.


@pytest.mark.parametrize("domain", ["evil.example", "sub.example.com", "example.com.evil.example", None, 7])
async def test_google_accounts_of_other_domains_stay_out(play: MakePlay, domain: Any) -> None:
    one = play("google", GOOGLE)
    assert one.world.claims is not None
    one.world.claims |= {"hd": domain}
    if domain is None:
        del one.world.claims["hd"]
    # Userinfo says what it likes.
    assert one.world.pages["https://openidconnect.googleapis.com/v1/userinfo"]["hd"] == "example.com"
    await one.refused("domain_refused")


async def test_every_google_account_comes_in_when_that_is_said(play: MakePlay) -> None:
    one = play("google", GOOGLE, GOOGLE_ALLOWED_DOMAINS="*")
    assert one.world.claims is not None
    del one.world.claims["hd"]
    assert (await one.user()).email == "ada@example.com"


async def test_e_mail_domains_stand_in_for_googles(play: MakePlay) -> None:
    environ = {name: value for name, value in GOOGLE.items() if name != "GOOGLE_ALLOWED_DOMAINS"}
    await play("google", environ, ALLOWED_EMAIL_DOMAINS="elsewhere.example").refused("email_domain")
    assert (await play("google", environ, ALLOWED_EMAIL_DOMAINS="example.com").user()).email == "ada@example.com"


def added(name: str, options: dict[str, str], access: AccessRules | None = None) -> Source:
    """A provider as somebody adds it at run time."""
    rules = access or AccessRules()
    provider = build(name, options, id="added", client_id=CLIENT, client_secret=SECRET, access=rules)
    return Source(provider, secret_of(provider))


async def test_a_provider_that_was_added_lets_nobody_in_until_told_whom(play: MakePlay) -> None:
    go = {"AUTO_REDIRECT_UI_LOGIN_TO_SSO": "true"}
    await play("google", go, added("google", {})).refused("domain_refused")
    await play("github", go, added("github", {})).refused("organization_refused")
    many = play("microsoft", go, added("microsoft", {"tenant": "common"}))
    many.world.token_endpoint = f"{ENTRA}/common/oauth2/v2.0/token"
    await many.refused("tenant_refused")
    by_email = added("google", {}, AccessRules(email_domains=("example.com",)))
    assert (await play("google", go, by_email).user()).email == "ada@example.com"


@pytest.mark.parametrize(
    ("name", "options", "param"),
    [
        ("google", {}, "options.allowed_domains"),
        ("github", {}, "options.allowed_organizations"),
        ("microsoft", {"tenant": "common"}, "options.allowed_tenants"),
        ("microsoft", {"tenant": "a/../b"}, "options"),
        ("github", {"tenant": "common"}, "options"),
        ("github", {"allowed_organizations": "acme"}, None),
        ("microsoft", {"tenant": TENANT}, None),
        ("keycloak", {"domain": "sso.example.com", "realm": "staff"}, None),
    ],
)
def test_what_is_added_says_who_may_come_in(name: str, options: dict[str, str], param: str | None) -> None:
    provider = build(name, options, id="added", client_id=CLIENT, client_secret=SECRET)
    if param is None:
        check(provider, by_email=False)
        return
    with pytest.raises(BadInput) as caught:
        check(provider, by_email=False)
    assert caught.value.param == param


def test_graph_is_not_moved_without_the_secret() -> None:
    """Whoever may change a provider may not lead people's access tokens elsewhere with it."""
    here = build("microsoft", {"tenant": TENANT}, id="added", client_id=CLIENT, client_secret=SECRET)
    moved = msgspec.structs.replace(here, options={**here.options, "graph_endpoint": "https://evil.example/v1.0"})
    check_secrets_stay(here, here, frozenset())
    check_secrets_stay(here, moved, frozenset({"client_secret"}))
    with pytest.raises(BadInput):
        check_secrets_stay(here, moved, frozenset({"options"}))


# Microsoft.


async def test_microsoft_groups_are_read_page_by_page_and_become_teams(play: MakePlay) -> None:
    one = play("microsoft", MICROSOFT)
    for team in (FIRST, SECOND):
        await Teams(one.stage.db).create(NewTeam(team), actor="test", origin=Origin())
    user = await one.user()
    assert await one.teams_of(user) == {FIRST: "sso:microsoft", SECOND: "sso:microsoft"}
    # A directory role is no group.
    assert (await said(play("microsoft", MICROSOFT), "microsoft"))["groups"] == [FIRST, SECOND]
    assert [headers["authorization"] for headers in one.world.seen(f"{GRAPH}/me/memberOf")] == [
        f"Bearer {one.world.answer['access_token']}"
    ] * 2
    # Out of the group, out of the team.
    one.world.pages[f"{GRAPH}/me/memberOf?$select=id&$top=999"] = {"value": []}
    await one.user()
    assert await one.teams_of(user) == {}


async def test_groups_of_the_enterprise_application_are_made_teams(play: MakePlay) -> None:
    one = play("microsoft", MICROSOFT, MICROSOFT_SERVICE_PRINCIPAL_ID=PRINCIPAL)
    await Teams(one.stage.db).create(NewTeam(FIRST), actor="test", origin=Origin())
    user = await one.user()
    # Of the person's groups only those that are assigned count; the others of the application are teams all the same.
    assert await one.teams_of(user) == {SECOND: "sso:microsoft"}
    made = await Teams(one.stage.db).everything()
    assert {team.team_id: team.alias for team in made} == {FIRST: None, SECOND: "Engineers", THIRD: "Writers"}
    # Again: nothing is made twice.
    await one.user()
    assert len(await Teams(one.stage.db).everything()) == 3


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"roles": []}, Role.INTERNAL_USER_VIEWER),
        ({"roles": "proxy_admin"}, Role.PROXY_ADMIN),
        ({"app_roles": ["internal_user"], "roles": ["proxy_admin"]}, Role.INTERNAL_USER),
        ({"roles": ["Task.Write"]}, Role.INTERNAL_USER_VIEWER),
    ],
)
async def test_app_roles_decide(play: MakePlay, claims: dict[str, Any], role: Role) -> None:
    one = play("microsoft", MICROSOFT)
    assert (await one.user()).role is Role.PROXY_ADMIN_VIEWER
    assert one.world.claims is not None
    one.world.claims |= claims
    assert (await one.user()).role is role


async def test_a_profile_of_somebody_else_is_refused(play: MakePlay) -> None:
    for wrong in (OTHER, None, "", 7):
        one = play("microsoft", MICROSOFT)
        one.world.pages[f"{GRAPH}/me"]["id"] = wrong
        await one.refused("userinfo_mismatch")


@pytest.mark.parametrize("tenant", ["organizations", "example.com"])
async def test_many_tenants_and_domains_come_in_by_the_tokens_issuer(play: MakePlay, tenant: str) -> None:
    one = play("microsoft", MICROSOFT, MICROSOFT_TENANT=tenant, MICROSOFT_ALLOWED_TENANTS=TENANT)
    one.world.token_endpoint = f"{ENTRA}/{tenant}/oauth2/v2.0/token"
    user = await one.user()
    assert await one.stage.identities(user) == [
        (f"{ENTRA}/{TENANT}/v2.0", "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ")
    ]
    assert user.role is Role.PROXY_ADMIN_VIEWER


FOREIGN = [
    # Another directory's own token, with its own issuer and its own document.
    ({"tid": OTHER, "iss": f"{ENTRA}/{OTHER}/v2.0"}, "tenant_refused", 403),
    # A token of ours that calls itself another's, and the other way round.
    ({"tid": OTHER}, "tenant_refused", 403),
    ({"tid": TENANT, "iss": f"{ENTRA}/{OTHER}/v2.0"}, "tenant_refused", 403),
    ({"tid": ""}, "tenant_refused", 403),
    ({"tid": "v2.0"}, "tenant_refused", 403),
    # Somebody else's issuer altogether.
    ({"iss": "https://evil.example/v2.0"}, "issuer_unverified", 502),
]


@pytest.mark.parametrize("tenant", ["common", "example.com"])
@pytest.mark.parametrize(("claims", "code", "status"), FOREIGN)
async def test_tokens_of_other_tenants_are_refused(
    play: MakePlay, tenant: str, claims: dict[str, Any], code: str, status: int
) -> None:
    one = play("microsoft", MICROSOFT, MICROSOFT_TENANT=tenant, MICROSOFT_ALLOWED_TENANTS=TENANT)
    one.world.token_endpoint = f"{ENTRA}/{tenant}/oauth2/v2.0/token"
    known = f"{ENTRA}/{TENANT}/v2.0/.well-known/openid-configuration"
    theirs = {**one.world.pages[known], "issuer": f"{ENTRA}/{OTHER}/v2.0"}
    one.world.pages[f"{ENTRA}/{OTHER}/v2.0/.well-known/openid-configuration"] = theirs
    assert one.world.claims is not None
    one.world.claims |= claims
    await one.refused(code, status)
    assert one.world.seen(f"{GRAPH}/me") == []


async def test_one_tenants_issuer_is_exact(play: MakePlay) -> None:
    one = play("microsoft", MICROSOFT)
    assert one.world.claims is not None
    one.world.claims |= {"tid": OTHER, "iss": f"{ENTRA}/{OTHER}/v2.0"}
    await one.refused("id_token_issuer", 403)


@pytest.mark.parametrize(
    ("allowed", "owned", "email"),
    [("*", None, None), ("*", True, "boss@victim.example"), (f"*,{TENANT}", None, "boss@victim.example")],
)
async def test_an_address_that_any_directory_can_make_up_does_not_count(
    play: MakePlay, allowed: str, owned: Any, email: str | None
) -> None:
    one = play(
        "microsoft",
        MICROSOFT,
        MICROSOFT_TENANT="common",
        MICROSOFT_ALLOWED_TENANTS=allowed,
        MICROSOFT_USER_EMAIL_ATTRIBUTE="mail",
    )
    one.world.token_endpoint = f"{ENTRA}/common/oauth2/v2.0/token"
    assert one.world.claims is not None
    one.world.claims |= {} if owned is None else {"xms_edov": owned}
    one.world.pages[f"{GRAPH}/me"]["mail"] = "boss@victim.example"
    assert (await one.user()).email == email


async def test_mail_stands_in_for_a_user_principal_name(play: MakePlay) -> None:
    one = play("microsoft", MICROSOFT)
    one.world.pages[f"{GRAPH}/me"]["userPrincipalName"] = None
    assert (await one.user()).email == "ada.lovelace@example.com"


async def test_graph_is_followed_on_its_own_origin_alone(play: MakePlay) -> None:
    first = f"{GRAPH}/me/memberOf?$select=id&$top=999"
    for following in ("https://evil.example/v1.0/x", "http://graph.microsoft.com/v1.0/x", "//evil.example/x"):
        one = play("microsoft", MICROSOFT)
        one.world.pages[first]["@odata.nextLink"] = following
        await one.refused("page_elsewhere", 502)
        assert not [url for _, url, _ in one.world.asked if "evil" in url or url.startswith("http://")]


async def test_a_list_without_an_end_is_left(play: MakePlay) -> None:
    one = play("microsoft", MICROSOFT)
    one.world.pages[f"{GRAPH}/me/memberOf?$select=id&$top=999"]["@odata.nextLink"] = f"{GRAPH}/me/memberOf?more"
    one.world.pages[f"{GRAPH}/me/memberOf?more"] = {"value": [], "@odata.nextLink": f"{GRAPH}/me/memberOf?more"}
    await one.refused("provider_answer", 502)
    assert len(one.world.seen(f"{GRAPH}/me/memberOf")) == MOST_PAGES


@pytest.mark.parametrize("path", ["/me", "/me/memberOf", f"/servicePrincipals/{PRINCIPAL}/appRoleAssignedTo"])
async def test_a_permission_that_is_missing_is_said(play: MakePlay, path: str) -> None:
    """Groups that cannot be read are not "no groups": nobody loses a team over a permission."""
    one = play("microsoft", MICROSOFT, MICROSOFT_SERVICE_PRINCIPAL_ID=PRINCIPAL)
    one.world.statuses[f"{GRAPH}{path}"] = 403
    await one.refused("graph_refused", 502)


@pytest.mark.parametrize("page", [[], {"value": "x"}, {"error": {"code": "x"}}])
async def test_half_an_answer_is_no_list(play: MakePlay, page: Any) -> None:
    one = play("microsoft", MICROSOFT)
    one.world.pages[f"{GRAPH}/me/memberOf?$select=id&$top=999"] = page
    await one.refused("provider_answer", 502)


OVERAGE = [{"hasgroups": True}, {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "x"}}}]


@pytest.mark.parametrize("claims", OVERAGE)
async def test_too_many_groups_for_a_token_come_from_graph(play: MakePlay, claims: dict[str, Any]) -> None:
    """Through GENERIC_*, where groups come in the token until there are too many."""
    environ = named(
        "GENERIC",
        GENERIC_ISSUER=f"{ENTRA}/{TENANT}/v2.0",
        GENERIC_ROLE_MAPPINGS_ROLES=f"{{'proxy_admin': ['{SECOND}']}}",
    )
    one = play("microsoft", environ)
    info = "https://graph.microsoft.com/oidc/userinfo"
    assert one.world.claims is not None
    one.world.pages[info] = {"sub": one.world.claims["sub"], "name": "Ada Lovelace", "email": "ada@example.com"}
    one.world.claims |= {"groups": [FIRST]}
    assert (await one.user()).role is Role.INTERNAL_USER_VIEWER
    assert one.world.seen(f"{GRAPH}/me/memberOf") == []
    del one.world.claims["groups"]
    one.world.claims |= claims
    assert (await one.user()).role is Role.PROXY_ADMIN
    one.world.statuses[f"{GRAPH}/me/memberOf"] = 403
    done = await one.sign_in()
    assert "<code>groups_overage</code>" in done.text


# Keycloak.


async def test_full_paths_of_groups_are_known_without_their_slash(play: MakePlay) -> None:
    for group in ("staff/engineers", "/staff/engineers"):
        environ = {**KEYCLOAK, "GENERIC_ROLE_MAPPINGS_ROLES": f"{{'internal_user': ['{group}']}}"}
        assert (await play("keycloak", environ).user()).role is Role.INTERNAL_USER


async def test_roles_of_the_realm_are_in_the_access_token(play: MakePlay) -> None:
    one = play("keycloak", KEYCLOAK, GENERIC_USER_ROLE_ATTRIBUTE="realm_access.roles")
    assert (await one.user()).role is Role.INTERNAL_USER_VIEWER
    assert one.world.access_claims is not None
    one.world.access_claims["realm_access"] = {"roles": ["proxy_admin"]}
    assert (await one.user()).role is Role.PROXY_ADMIN
    # An access token that is about somebody else says nothing.
    one.world.access_claims["sub"] = "somebody-else"
    assert (await one.user()).role is Role.INTERNAL_USER_VIEWER


# GitHub.


async def test_organizations_and_teams_are_groups(play: MakePlay) -> None:
    claims = await said(play("github", GITHUB), "github")
    # Only what counts: an organization that anybody can make must not carry a name that means something here.
    assert claims["groups"] == ["acme", "acme/engineers"]
    claims = await said(play("github", GITHUB, GITHUB_ALLOWED_ORGANIZATIONS="*"), "github")
    assert claims["groups"] == ["hobby-club", "acme", "acme/engineers", "hobby-club/chess"]
    assert (await said(play("github", GITHUB, GITHUB_ALLOWED_ORGANIZATIONS="42"), "github"))["groups"][0] == "acme"


@pytest.mark.parametrize("allowed", ["acme-inc", "43", "583231"])
async def test_people_of_other_organizations_stay_out(play: MakePlay, allowed: str) -> None:
    await play("github", GITHUB, GITHUB_ALLOWED_ORGANIZATIONS=allowed).refused("organization_refused")


async def test_an_organization_called_by_a_number_is_not_that_number(play: MakePlay) -> None:
    one = play("github", GITHUB, GITHUB_ALLOWED_ORGANIZATIONS="42")
    one.world.links.clear()
    one.world.pages["https://api.github.com/user/orgs?per_page=100"] = [{"login": "42", "id": 9}]
    await one.refused("organization_refused")


@pytest.mark.parametrize(
    "emails",
    [
        [],
        [{"email": "ada@example.com", "primary": True, "verified": False}],
        [{"email": "ada@example.com", "primary": False, "verified": True}],
        [{"email": "ada@example.com", "primary": True, "verified": "yes"}],
    ],
)
async def test_an_address_that_github_did_not_verify_does_not_count(play: MakePlay, emails: list[Any]) -> None:
    one = play("github", GITHUB)
    one.world.pages["https://api.github.com/user/emails"] = emails
    user = await one.user()
    assert (user.email, user.email_verified) == (None, False)


async def test_github_is_followed_on_its_own_origin_alone(play: MakePlay) -> None:
    one = play("github", GITHUB)
    one.world.links["https://api.github.com/user/orgs?per_page=100"] = '<https://evil.example/orgs>; rel="next"'
    await one.refused("page_elsewhere", 502)
    assert "evil.example" not in str(one.world.asked)


@pytest.mark.parametrize("number", [None, 0, -1, True, "583231", 5.5])
async def test_a_github_account_is_a_number(play: MakePlay, number: Any) -> None:
    one = play("github", GITHUB)
    one.world.pages["https://api.github.com/user"]["id"] = number
    await one.refused("userinfo_subject", 502)


async def test_a_renamed_account_stays_the_same_person(play: MakePlay) -> None:
    one = play("github", GITHUB)
    user = await one.user()
    one.world.pages["https://api.github.com/user"]["login"] = "ada-renamed"
    again = await one.user()
    assert (again.id, again.user_id) == (user.id, "Ada-L")


async def test_the_secret_goes_in_the_form_as_github_wants_it(play: MakePlay) -> None:
    one = play("github", GITHUB)
    await one.user()
    (form,) = one.world.forms
    assert (form["client_id"], form["client_secret"]) == (CLIENT, SECRET)
    assert not any(SECRET in str(headers) for headers in one.world.seen("https://github.com/login/oauth/access_token"))


@pytest.mark.parametrize(
    ("server", "api"),
    [
        ("https://github.acme.example", "https://github.acme.example/api/v3"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
    ],
)
async def test_github_enterprise_is_a_place_of_its_own(play: MakePlay, server: str, api: str) -> None:
    one = play("github", GITHUB, GITHUB_ENTERPRISE_URL=server)
    one.world.token_endpoint = f"{server}/login/oauth/access_token"
    one.world.pages = {url.replace("https://api.github.com", api): page for url, page in one.world.pages.items()}
    one.world.links = {
        url.replace("https://api.github.com", api): link.replace("https://api.github.com", api)
        for url, link in one.world.links.items()
    }
    assert await one.stage.identities(await one.user()) == [(server, "583231")]


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('<https://a/?page=2>; rel="next", <https://a/?page=9>; rel="last"', "https://a/?page=2"),
        ('<https://a/?page=1>; rel="prev", <https://a/?a,b>; rel=next', "https://a/?a,b"),
        ('<https://a/>; rel="last"', None),
        ('<https://a/>; title="next"', None),
        ("https://a/; rel=next", None),
        ("", None),
    ],
)
def test_the_next_page_is_read_from_a_link(header: str, url: str | None) -> None:
    assert next_link(header) == url
