"""Headers, hosts, secrets at rest and what every answer must carry: attacks on the edges."""

import ast
import base64
import hmac
import json
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gatewright
from gatewright.domain.route_groups import allows
from gatewright.web.address import caller_address

from .stage import (
    AUTHORIZE,
    BASE,
    CALLBACK,
    MASTER,
    PASSWORD,
    SIGN_IN,
    Client,
    Site,
    basic,
    error,
    good,
    opened,
    proof,
    returned,
)
from .victim import V3, Victim

pytestmark = pytest.mark.anyio
SOURCE = Path(gatewright.__file__).parent
EVIL = "evil.example"
SPOOFED = {
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": EVIL,
    "x-forwarded-proto": "https",
    "x-forwarded-port": "444",
    "x-forwarded-prefix": "/evil",
    "forwarded": f"for=127.0.0.1;host={EVIL};proto=https",
    "x-real-ip": "127.0.0.1",
    "x-original-url": "/api/v1/users",
    "x-rewrite-url": "/api/v1/users",
    "x-http-method-override": "DELETE",
    "x-authentik-username": "akadmin",
    "x-remote-user": "akadmin",
    "x-host": EVIL,
}
SECRETIVE = re.compile(r"(^|_)(secret|password|token|signature|verifier|challenge|csrf|nonce|digest|hashe?d?|master)$")


async def test_12_secrets_are_compared_in_constant_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: what was typed goes through the one comparison that tells nothing by its time."""
    compared: list[Any] = []
    compare = hmac.compare_digest

    def noted(one: Any, other: Any) -> bool:
        compared.extend(each.encode() if isinstance(each, str) else each for each in (one, other))
        return compare(one, other)

    for module in (hmac, secrets):
        monkeypatch.setattr(module, "compare_digest", noted)
    app, person, browser = await site.client(), await site.person(), site.browser()
    verifier, challenge = proof()
    code = await app.code(browser, person["username"], **challenge)
    wrong = "a-wrong-secret-of-thirty-two-chars"
    refused = await site.at().post(
        "/application/o/token/",
        data={"grant_type": "client_credentials"},
        headers={"authorization": basic(app.id, wrong)},
    )
    assert error(refused) == "invalid_client"
    await app.exchange(code, code_verifier=verifier)
    token = "0" * 64
    await browser.http.post(SIGN_IN, data={"csrf": token, "name": "x", "password": "y"}, headers={"origin": BASE})
    for typed in (wrong, challenge["code_challenge"], CALLBACK, token):
        assert typed.encode() in compared, typed


def test_12_no_secret_is_compared_with_equals() -> None:
    """Everything else that is secret is looked up by its hash."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                sides = (node.left, *node.comparators)
                names = [getattr(side, "id", getattr(side, "attr", "")) for side in sides]
                words = ast.unparse(node)
                if any(map(SECRETIVE.search, names)) and not any(isinstance(side, ast.Constant) for side in sides):
                    found.append(f"{path.relative_to(SOURCE)}: {words}")
    # SQL compares hashes of secrets in an index. Of the others one looks for a secret of ours in a provider's text, one
    # compares two of the operator's own settings, one the place of a row, which is made of an issuer and a subject, and
    # one the id of a SAML request, which the identity provider signed.
    harmless = (
        *("storage/", "gateway/secrets.py", "settings/password_login.py", "sso/bearer/tokens.py: known.row_hash "),
        "sso/saml/sign_in.py: row.nonce != verified.request",
    )
    assert [one for one in found if not one.startswith(harmless)] == []


async def test_a_token_for_model_calls_is_for_no_settings(site: Site) -> None:
    """A group of routes that an operator gives to tokens grows with no route of ours that is no call of a model."""
    public = (
        *("/setup", "/static", "/device", "/email/verify", "/fallback", "/signed-out", "/recovery", "/.well-known"),
        *("/login", "/v2/login", "/litellm/.well-known"),
    )
    paths = {getattr(route, "path", "") for route in site.programs[0].router.routes}
    assert len(paths) > 100
    for group in ("llm_api_routes", "openai_routes", "anthropic_routes"):
        found = {path for path in paths if allows(((group,),), path)}
        assert [path for path in found if not path.startswith(public)] == [], group


async def test_14_headers_make_nobody_somebody_else(site: Site) -> None:
    """Without a trusted proxy no header counts: neither for who calls, nor from where, nor what for."""
    http = site.at(headers=SPOOFED)
    assert (await http.get("/api/v1/me")).status_code == 401
    assert (await http.get(f"{V3}/core/users/me/")).status_code == 401
    assert (await http.get("/health/liveliness")).status_code == 200
    person = await site.person()
    assert (await http.post(f"{V3}/core/users/{person['pk']}/")).status_code == 405
    # Forty failures an address, whichever address each of them claims.
    statuses = []
    for n in range(44):
        headers = {
            "x-forwarded-for": f"203.0.113.{n}",
            "x-real-ip": f"203.0.113.{n}",
            "forwarded": f"for=203.0.113.{n}",
        }
        visitor = site.browser("198.51.100.99")
        visitor.http.headers.update(headers)
        statuses.append((await visitor.sign_in(f"nobody-{n}", "x")).status_code)
    assert statuses == [400] * 40 + [429] * 4


async def test_14_behind_a_proxy_odd_forms_of_the_header_win_nothing(tmp_path: Path) -> None:
    """One caller, however they and the proxy write it; and what is no address counts as the proxy."""
    spellings = ["203.0.113.7", "203.0.113.7:4711", "::ffff:203.0.113.7", "[::ffff:203.0.113.7]:80", " 203.0.113.7 "]
    nonsense = ["", "unknown", "_hidden", "203.0.113", "1.2.3.4.5", "'; --", "0x7f.1", "evil.example", "1.2.3.4,"]
    async with opened(tmp_path, None, GATEWRIGHT_TRUSTED_PROXIES="10.0.0.0/8") as site:
        for forms in (spellings, nonsense):
            statuses = []
            for n in range(44):
                visitor = site.browser("10.0.0.1")
                made_up = f"198.51.100.{n}, {forms[n % len(forms)]}"
                visitor.http.headers["x-forwarded-for"] = made_up
                statuses.append((await visitor.sign_in(f"nobody-{len(forms)}-{n}", "x")).status_code)
            assert statuses == [400] * 40 + [429] * 4, forms
        # Somebody else behind the same proxy is not held up.
        visitor = site.browser("10.0.0.1")
        visitor.http.headers["x-forwarded-for"] = "203.0.113.8"
        assert (await visitor.sign_in("nobody", "x")).status_code == 400


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(alphabet="0123456789.:[]abcdef, %x\"';=for", max_size=30), max_size=4))
def test_14_a_caller_cannot_choose_their_address(made_up: list[str]) -> None:
    address = caller_address(("10.0.0.0/8",))
    headers = [(b"x-forwarded-for", one.encode()) for one in made_up]
    peer = {"client": ("203.0.113.9", 1), "headers": headers}
    assert address(peer) == "203.0.113.9"
    appended = {"client": ("10.0.0.1", 1), "headers": [*headers, (b"x-forwarded-for", b"203.0.113.9")]}
    assert address(appended) == "203.0.113.9"


async def test_35_every_link_is_of_our_own_address(site: Site) -> None:
    """The Host header makes no link: pages refuse it, and whatever else answers does not look at it."""
    app, person = await site.client(), await site.person()
    spoofed = {**SPOOFED, "host": EVIL}
    admin = {"authorization": f"Bearer {MASTER}", **spoofed}
    calls: list[tuple[str, str, Any, dict[str, str]]] = [
        ("POST", f"{V3}/core/users/{person['pk']}/recovery/", {}, admin),
        ("POST", f"{V3}/stages/invitation/invitations/", {"name": site.name("i")}, admin),
        ("GET", f"{V3}/providers/oauth2/{app.provider_pk}/setup_urls/", None, admin),
        ("GET", f"{V3}/core/applications/{app.id}/", None, admin),
        ("GET", f"{V3}/root/config/", None, admin),
        ("GET", f"{V3}/core/brands/current/", None, admin),
        ("GET", "/api/v1/ui", None, spoofed),
        ("GET", f"/application/o/{app.id}/.well-known/openid-configuration", None, spoofed),
        ("GET", f"/.well-known/webfinger?resource=acct:a@{EVIL}", None, spoofed),
        ("GET", "/.well-known/openid-configuration", None, spoofed),
        ("GET", f"/application/o/{app.id}/", None, spoofed),
        ("GET", "/nothing/here", None, spoofed),
        ("GET", f"{V3}/core/users/?page_size=1", None, admin),
    ]
    for method, path, body, headers in calls:
        answer = await site.at().request(method, path, json=body, headers=headers)
        said = f"{answer.text} {dict(answer.headers)}".replace(f"acct:a@{EVIL}", "")
        assert answer.status_code < 500, path
        assert EVIL not in said, path
    links = [
        (await site.at().request(method, path, json=body, headers=headers)).json()["link"]
        for method, path, body, headers in calls[:1]
    ]
    assert links[0].startswith(f"{BASE}/recovery/use-token/")
    started = await site.at().post(
        "/application/o/device/", data={"scope": "openid"}, headers={"authorization": basic(*app.auth), **spoofed}
    )
    assert good(started)["verification_uri"] == f"{BASE}/device"
    asked = f"{AUTHORIZE}?{urlencode(app.request())}"
    for path in (SIGN_IN, asked, "/sso/key/generate", "/setup", "/ui/", "/device", "/"):
        for host in (EVIL, f"localhost:4000.{EVIL}", f"localhost:4000@{EVIL}", f"{EVIL}:4000", "localhost:4001@x"):
            page = await site.at().get(path, headers={**SPOOFED, "host": host})
            location = page.headers.get("location", "")
            assert page.status_code in (421, 200, 303, 307), (path, host)
            assert EVIL not in f"{page.text}{location}", (path, host)
            assert not location or location.startswith(("/", BASE)), (path, host)


async def test_general_nothing_secret_is_stored_as_it_is(shared_site: Site, victim: Victim) -> None:
    """Refresh tokens, codes, sessions, links, keys: hashed or sealed. The whole database, byte by byte."""
    assert victim.secrets
    database = Path(str(shared_site.programs[0].db.engine.url.database))
    stored = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert victim.person["username"].encode() in stored
    assert [name for name, secret in victim.secrets.items() if secret.encode() in stored] == []


async def test_general_access_tokens_are_short_and_have_an_id(tmp_path: Path) -> None:
    async with opened(tmp_path, None) as site:
        await short_lived(site)


async def short_lived(site: Site) -> None:
    app, person = await site.client(), await site.person()
    tokens = await app.tokens(site.browser(), person["username"], scope="openid offline_access")
    payload = tokens["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["jti"]
    assert claims["exp"] - claims["iat"] <= 600
    site.clock.pass_(minutes=10)
    assert (await app.userinfo(tokens["access_token"])).status_code == 401
    # Idle for a month, and however busy for ninety days: a refresh token ends.
    busy = good(await app.refresh(tokens["refresh_token"]))
    for _ in range(4):
        site.clock.pass_(days=20)
        busy = good(await app.refresh(busy["refresh_token"]))
    site.clock.pass_(days=11)
    assert error(await app.refresh(busy["refresh_token"])) == "invalid_grant"


async def test_general_every_answer_forbids_framing_and_sniffing(site: Site, victim: Victim) -> None:
    paths = ("/", SIGN_IN, "/device", "/signed-out", "/setup", "/ui/", "/nothing", f"{V3}/core/users/", "/api/v1/me")
    for path in paths:
        answer = await site.at(headers={"accept": "text/html"}).get(path)
        assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        if not answer.is_redirect:
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
    # An address that carries a code is told to nobody, and kept by no cache.
    sent = await site.browser().open(AUTHORIZE, **victim.app.request(scope="unknown"))
    assert (sent.headers["referrer-policy"], sent.headers["cache-control"]) == ("no-referrer", "no-store")
    page = await site.browser().open(AUTHORIZE, **victim.app.request(scope="unknown", response_mode="form_post"))
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("same-origin", "no-store")
    tokens = await victim.app.token("client_credentials", scope="email")
    assert tokens.headers["cache-control"] == "no-store"


async def test_general_only_pages_of_an_application_keep_their_opener(site: Site) -> None:
    """A popup may tell the page that opened it how a sign-in ended; every other page is cut off from its opener."""
    app, policy = await site.client(), "cross-origin-opener-policy"
    page = await site.browser().open(AUTHORIZE, **app.request())
    assert page.headers[policy] == "unsafe-none"
    # The dashboard's own sign-in, a page by itself, an error, and a request that no application may make.
    for path in ("/sso/key/generate", SIGN_IN, "/device", "/setup", f"{AUTHORIZE}?client_id=nobody"):
        assert (await site.browser().open(path)).headers[policy] == "same-origin", path


async def test_general_cookies_are_host_only_and_out_of_reach(tmp_path: Path) -> None:
    async with opened(tmp_path, None, PROXY_BASE_URL="https://gateway.example") as site:
        http = site.at(headers={"host": "gateway.example", "origin": "https://gateway.example"})
        page = await http.get(SIGN_IN)
        [form] = page.headers.get_list("set-cookie")
        token = re.findall(r'name="csrf" value="(\w+)"', page.text)[0]
        sent = {"csrf": token, "name": "ada@example.local", "password": PASSWORD}
        done = await http.post(SIGN_IN, data=sent, headers={"cookie": form.partition(";")[0]})
        assert done.status_code == 303, done.text
        for cookie in (form, *done.headers.get_list("set-cookie")):
            attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
            assert cookie.startswith("__Host-gatewright_"), cookie
            assert {"httponly", "secure", "samesite=lax", "path=/"} <= attributes, cookie
            assert not [one for one in attributes if one.startswith("domain")], cookie


async def test_general_guessing_at_clients_endpoints_is_bounded(site: Site) -> None:
    """By network: client secrets; starts of devices."""
    app = await site.client()
    http = site.at("198.51.100.50")
    wrong = {"grant_type": "client_credentials", "client_id": app.id, "client_secret": "x" * 32}
    statuses = [(await http.post("/application/o/token/", data=wrong)).status_code for _ in range(110)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    right = {**wrong, "client_secret": app.auth[1]}
    assert (await http.post("/application/o/token/", data=right)).status_code == 429
    assert (await site.at().post("/application/o/token/", data=right)).status_code == 200
    device = site.at("198.51.100.51", headers={"authorization": basic(*app.auth)})
    started = [(await device.post("/application/o/device/", data={"scope": "openid"})).status_code for _ in range(62)]
    assert started[:60] == [200] * 60
    assert 200 not in started[60:]


async def test_general_every_denial_is_in_the_log_with_its_cause(site: Site) -> None:
    """The administrator finds the cause by the reference that the person sees."""
    app, person, browser = await site.client(), await site.person(), site.browser()
    group = await site.group()
    bound = await site.client()
    await bound.only_for(group)

    async def logged(answer: httpx2.Response, action: str, cause: str) -> None:
        reference = answer.headers["x-request-id"]
        found = await site.events(request_id=reference)
        assert [(one["context"]["action"], one["context"]["outcome"]) for one in found] == [(action, cause)], found
        assert cause == "grant_type" or cause not in answer.text.replace(reference, "")

    await logged(await site.browser().sign_in(person["username"], "wrong"), "idp.login", "password_wrong")
    await logged(await site.browser().sign_in("nobody-at-all", "wrong"), "idp.login", "user_unknown")
    await browser.sign_in(person["username"])
    page = await browser.open(AUTHORIZE, **bound.request())
    await logged(page, "idp.authorize", "application_denied")
    assert page.headers["x-request-id"] in page.text
    page = await browser.open(AUTHORIZE, **app.request(redirect_uri="https://evil.example/"))
    await logged(page, "idp.authorize", "redirect_uri_mismatch")
    assert page.headers["x-request-id"] in page.text
    await logged(await app.exchange("made-up"), "idp.token", "code_unknown")
    code = await app.code(browser)
    await logged(await app.exchange(code, code_verifier="v" * 43), "idp.token", "pkce_downgrade")
    await logged(await app.token("password"), "idp.token", "grant_type")
    wrong = Client(site, app.id, app.provider_pk, app.application)
    wrong.auth = (app.id, "x" * 32)
    await logged(await wrong.token("client_credentials"), "idp.token", "client_secret_wrong")
    await logged(await wrong.post("introspect", {"token": "x"}), "idp.introspect", "client_secret_wrong")
    await logged(await wrong.post("revoke", {"token": "x"}), "idp.revoke", "client_secret_wrong")
    assert returned(await browser.open(AUTHORIZE, **app.request(scope="x")))["error"] == "invalid_scope"
