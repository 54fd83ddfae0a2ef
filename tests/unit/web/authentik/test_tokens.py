"""API tokens, sessions, consents and issued tokens through `/api/v3`."""

from tests.unit.web.authentik.conftest import Desk, bearer
from tests.unit.web.conftest import BASE

from gatewright.domain.identity import Role
from gatewright.storage import access_tokens, authorization_codes, consents
from gatewright.storage.access_tokens import AccessToken
from gatewright.storage.authorization_codes import Code


async def test_a_key_is_read_once(desk: Desk) -> None:
    ada = await desk.user("ada")
    made = await desk.ok("POST", "/core/tokens/", {"identifier": "ci", "user": ada["pk"], "description": "Builds"})
    assert (made["intent"], made["expiring"], made["key_unread"]) == ("api", True, True)
    key = (await desk.ok("GET", "/core/tokens/ci/view_key/"))["key"]
    assert (await desk.ok("GET", "/core/users/me/", headers=bearer(key)))["user"]["pk"] == ada["pk"]
    again = await desk.call("GET", "/core/tokens/ci/view_key/")
    assert (again.status_code, again.json()["code"]) == (404, "key_shown")
    assert [event["actor"] for event in await desk.events("secret.view")] == ["default_user_id"]
    await desk.ok("POST", "/core/tokens/ci/set_key/", {"key": "another-key-of-some-length"})
    assert (await desk.call("GET", "/core/users/me/", headers=bearer(key))).status_code == 401
    assert (await desk.call("GET", "/core/users/me/", headers=bearer("another-key-of-some-length"))).status_code == 200
    await desk.ok("DELETE", "/core/tokens/ci/")
    assert (await desk.call("GET", "/core/users/me/", headers=bearer("another-key-of-some-length"))).status_code == 401


async def test_a_token_never_changes_its_owner(desk: Desk) -> None:
    ada = await desk.user("ada")
    boss = await desk.person("boss", Role.PROXY_ADMIN)
    await desk.ok("POST", "/core/tokens/", {"identifier": "ci", "user": ada["pk"]})
    for change in ({"user": boss.id}, {"intent": "app_password"}):
        refused = await desk.call("PATCH", "/core/tokens/ci/", change)
        assert (refused.status_code, list(refused.json())) == (400, list(change))
    changed = await desk.ok("PATCH", "/core/tokens/ci/", {"description": "New", "user": ada["pk"], "expiring": False})
    assert (changed["user"], changed["expires"]) == (ada["pk"], None)


async def test_an_app_password_is_a_service_accounts(desk: Desk) -> None:
    """No grant takes one of a person: that would be their password at the token endpoint, past the second factor."""
    ada = await desk.user("ada")
    robot = await desk.ok("POST", "/core/users/service_account/", {"name": "robot"})
    wish = {"identifier": "app", "intent": "app_password"}
    refused = await desk.call("POST", "/core/tokens/", {**wish, "user": ada["pk"]})
    assert (refused.status_code, list(refused.json())) == (400, ["intent"])
    assert (await desk.ok("POST", "/core/tokens/", {**wish, "user": robot["user_pk"]}))["intent"] == "app_password"


async def test_people_make_tokens_for_themselves_alone(desk: Desk) -> None:
    member, viewer = await desk.person("member", Role.INTERNAL_USER), await desk.person("v", Role.PROXY_ADMIN_VIEWER)
    boss, headers = await desk.person("boss", Role.PROXY_ADMIN), await desk.browser(member)
    made = await desk.ok("POST", "/core/tokens/", {"identifier": "mine"}, headers=headers)
    assert made["user"] == member.id
    other = await desk.call("POST", "/core/tokens/", {"identifier": "x", "user": boss.id}, headers=headers)
    assert other.status_code == 403
    await desk.ok("POST", "/core/tokens/", {"identifier": "bosses", "user": boss.id})
    for path in ("/core/tokens/bosses/", "/core/tokens/bosses/view_key/"):
        assert (await desk.call("GET", path, headers=headers)).status_code == 404
    # Who only looks sees that the tokens exist, and reads no key.
    looking = await desk.browser(viewer)
    assert len(await desk.listed("/core/tokens/", headers=looking)) == 2
    assert (await desk.call("GET", "/core/tokens/bosses/view_key/", headers=looking)).status_code == 403
    key = (await desk.ok("GET", "/core/tokens/mine/view_key/", headers=headers))["key"]
    assert (await desk.call("GET", "/core/groups/", headers=bearer(key))).status_code == 403


async def test_the_master_key_must_say_whose_token_it_makes(desk: Desk) -> None:
    assert list((await desk.call("POST", "/core/tokens/", {"identifier": "x"})).json()) == ["user"]
    for body, field in (
        ({"identifier": "a b", "user": 1}, "identifier"),
        ({"identifier": "x", "user": 999}, "user"),
        ({"identifier": "x", "user": (await desk.user("ada"))["pk"], "intent": "recovery"}, "intent"),
        ({"identifier": "x", "user": 1, "expires": "tomorrow"}, "expires"),
    ):
        refused = await desk.call("POST", "/core/tokens/", body)
        assert (refused.status_code, field in refused.json()) == (400, True), refused.text


async def test_a_session_is_listed_and_ended_with_what_came_of_it(desk: Desk) -> None:
    ada = await desk.row((await desk.user("ada"))["pk"])
    headers = await desk.browser(ada)
    mine = (await desk.listed("/core/authenticated_sessions/", headers=headers))[0]
    assert (mine["current"], mine["last_ip"], mine["kind"]) == (True, "192.0.2.8", "gateway")
    provider = (await desk.listed("/providers/oauth2/"))[0]["pk"]
    now = desk.db.clock()
    session_id = (await desk.program.sessions.of_user(ada.id))[0].id
    row = AccessToken("j" * 64, "f" * 64, provider, ada.id, session_id, "openid", now, now + 60_000)
    async with desk.db.write() as tx:
        await access_tokens.add(tx, row)
    issued = (await desk.listed("/oauth2/access_tokens/", headers=headers))[0]
    assert (issued["user"]["pk"], issued["provider"]["pk"], issued["scope"]) == (ada.id, provider, ["openid"])
    await desk.ok("DELETE", f"/core/authenticated_sessions/{mine['uuid']}/", headers=headers)
    assert (await desk.call("GET", "/core/users/me/", headers=headers)).status_code == 401
    assert await desk.listed("/oauth2/access_tokens/") == []
    assert (await desk.call("DELETE", f"/core/authenticated_sessions/{mine['uuid']}/")).status_code == 404


async def test_an_issued_token_is_revoked_by_its_number(desk: Desk) -> None:
    ada = await desk.row((await desk.user("ada"))["pk"])
    now, provider = desk.db.clock(), (await desk.listed("/providers/oauth2/"))[0]["pk"]
    for letter in "ab":
        row = AccessToken(letter * 64, letter * 64, provider, ada.id, None, "openid", now, now + 60_000)
        async with desk.db.write() as tx:
            await access_tokens.add(tx, row)
    first, second = await desk.listed("/oauth2/access_tokens/")
    await desk.ok("DELETE", f"/oauth2/access_tokens/{first['pk']}/")
    assert [one["pk"] for one in await desk.listed("/oauth2/access_tokens/")] == [second["pk"]]


async def test_a_code_is_listed_and_used_up_by_whose_it_is(desk: Desk) -> None:
    ada, bob = [await desk.person(name, Role.INTERNAL_USER) for name in ("ada", "bob")]
    now, provider = desk.db.clock(), (await desk.listed("/providers/oauth2/"))[0]["pk"]
    mine, theirs = await desk.browser(ada), await desk.browser(bob)
    session = (await desk.listed("/core/authenticated_sessions/", headers=mine))[0]["uuid"]
    codes = [
        Code(
            code_hash=letter * 64,
            provider_id=provider,
            user_pk=ada.id,
            session_id=int(session[-12:], 16),
            redirect_uri=BASE,
            scope="openid email",
            nonce=None,
            code_challenge=None,
            auth_time=now,
            created_at=now,
            expires_at=now + life,
        )
        for letter, life in (("a", 60_000), ("b", -1))
    ]
    async with desk.db.write() as tx:
        for code in codes:
            await authorization_codes.add(tx, code)
    path = "/oauth2/authorization_codes/"
    assert await desk.listed(path, headers=theirs) == []
    (shown,) = await desk.listed(path, headers=mine)
    assert (shown["scope"], shown["user"]["pk"], "id_token" in shown) == (["openid", "email"], ada.id, False)
    one = f"{path}{shown['pk']}/"
    assert (await desk.call("DELETE", one, headers=theirs)).status_code == 404
    assert (await desk.ok("GET", one, headers=mine))["pk"] == shown["pk"]
    await desk.ok("DELETE", one, headers=mine)
    assert await desk.listed(path) == []
    async with desk.db.write() as tx:
        assert await authorization_codes.redeem(tx, "a" * 64, provider, now) is None


async def test_a_consent_is_withdrawn_with_the_tokens_that_came_of_it(desk: Desk) -> None:
    ada = await desk.row((await desk.user("ada"))["pk"])
    bob = await desk.person("bob", Role.INTERNAL_USER)
    provider, now = (await desk.listed("/providers/oauth2/"))[0]["pk"], desk.db.clock()
    row = AccessToken("j" * 64, "f" * 64, provider, ada.id, None, "openid", now, now + 60_000)
    async with desk.db.write() as tx:
        await consents.add_scopes(tx, ada.id, provider, ("openid", "email"), now, None)
        await access_tokens.add(tx, row)
    headers = await desk.browser(ada)
    shown = (await desk.listed("/core/user_consent/", headers=headers))[0]
    assert (shown["permissions"].split(), shown["application"]["slug"]) == (["openid", "email"], "litellm")
    path = f"/core/user_consent/{shown['pk']}/"
    assert (await desk.call("DELETE", path, headers=await desk.browser(bob))).status_code == 404
    await desk.ok("DELETE", path, headers=headers)
    assert await desk.listed("/core/user_consent/") == []
    assert await desk.listed("/oauth2/access_tokens/") == []


async def test_fixed_rows_have_the_names_that_automation_looks_for(desk: Desk) -> None:
    for slug in (
        *("default-provider-authorization-implicit-consent", "default-provider-authorization-explicit-consent"),
        *("default-invalidation-flow", "default-provider-invalidation-flow", "default-authentication-flow"),
    ):
        flow = (await desk.listed(f"/flows/instances/?slug={slug}"))[0]
        assert (await desk.ok("GET", f"/flows/instances/{slug}/"))["pk"] == flow["pk"]
    assert len(await desk.listed("/flows/instances/?designation=authorization")) == 2
    assert (await desk.call("GET", "/flows/instances/nothing/")).status_code == 404
    keys = await desk.listed("/crypto/certificatekeypairs/")
    assert [(key["name"], key["key_type"]) for key in keys] == [
        ("authentik Self-signed Certificate", "rsa"),
        ("Gatewright ES256 key", "ec"),
        ("Gatewright EdDSA key", "ed25519"),
    ]
    # A client whose tokens are to be signed with another key names it.
    for key, algorithm in zip(keys, ("RS256", "ES256", "EdDSA"), strict=True):
        sent = {"name": algorithm, "redirect_uris": [], "signing_key": key["pk"]}
        made = await desk.ok("POST", "/providers/oauth2/", sent)
        app = {"name": algorithm, "slug": algorithm, "provider": made["pk"]}
        await desk.ok("POST", "/core/applications/", app)
        document = f"{BASE}/application/o/{algorithm}/.well-known/openid-configuration"
        offered = (await desk.worker.client.get(document)).json()["id_token_signing_alg_values_supported"]
        assert (made["signing_key"], offered) == (key["pk"], [algorithm])
    brand = (await desk.worker.client.get(f"{BASE}/api/v3/core/brands/current/")).json()
    assert brand["flow_recovery"] == "default-recovery-flow"


async def test_fixed_lists_are_filtered_by_flags_and_the_server_tells_what_it_is(desk: Desk) -> None:
    path = "/crypto/certificatekeypairs/"
    assert len(await desk.listed(f"{path}?has_key=true")) == len(await desk.listed(path))
    assert await desk.listed(f"{path}?has_key=false") == []
    found = await desk.ok("GET", "/admin/system/")
    assert (found["http_host"], found["base_url"], found["http_is_secure"]) == ("localhost:4000", BASE, False)
    # The request's own credential is among them.
    assert found["http_headers"] == {}


async def test_tokens_are_found_by_their_end(desk: Desk) -> None:
    ada = await desk.user("ada")
    for name, expiring in (("ends", True), ("stays", False)):
        await desk.ok("POST", "/core/tokens/", {"identifier": name, "user": ada["pk"], "expiring": expiring})
    for query, names in (
        ("expiring=true", ["ends"]),
        ("expiring=false", ["stays"]),
        ("expires__lt=2099-01-01T00:00:00Z", ["ends"]),
        ("expires__gt=2099-01-01T00:00:00Z", []),
    ):
        assert [one["identifier"] for one in await desk.listed(f"/core/tokens/?{query}")] == names
