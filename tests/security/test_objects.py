"""The management API and the directory: attacks on other people's objects and on stored secrets."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import Route
from tests.unit.web.authentik.test_access import OWN_CHANGES, OWN_READ, PUBLIC

from gatewright.upstreams.endpoints import ENDPOINTS

from .stage import (
    CSRF,
    MASTER,
    Site,
    good,
)
from .victim import MARK, PROVIDERS, V3, Victim, session_of, snapshot

pytestmark = pytest.mark.anyio
# In these somebody without a credential is a client, or a person who is about to sign in: the protocol is the check.
PROTOCOL = re.compile(
    r"/$|/(application/o|\.well-known|if/flow|sso|health|static|ui|recovery|device|fallback|setup|signed-out|login|v2/login|onboarding|email)(/|$)"
)
OPEN_API = {
    *("GET /api/v1/ui", "GET /get/ui_settings", "GET /litellm/.well-known/litellm-ui-config", f"GET {V3}/schema/"),
    *(f"GET {V3}{path}" for path in PUBLIC),
}
OWN = {
    *(f"GET {V3}{path}" for path in OWN_READ),
    *(f"{method} {V3}{path}" for method, path in OWN_CHANGES),
    *("GET /api/v1/overview", "GET /api/v1/keys", "GET /api/v1/models", "DELETE /api/v1/keys/{id}"),
    *("POST /session/logout", "GET /key/info", "POST /key/delete"),
    *("GET /model/info", "GET /v1/model/info", "GET /user/info", "GET /team/info", "GET /team/list"),
}
# Makes a login that waits for somebody to sign in; bounded by address.
CLI_START = "/sso/cli/start"
# Whether one may use an application oneself: no.
ABOUT_ONESELF = f"{V3}/core/applications/{{key}}/check_access/"
# No path below it names anybody: it is about the caller.
ONESELF = re.compile(r"/api/v1/me(/|$)")


def rows(site: Site) -> list[tuple[str, str]]:
    """Every method and path that the application serves, one spelling of the slash each."""
    found = set()
    for route in site.programs[0].router.routes:
        assert isinstance(route, Route)
        path = route.path if route.path.startswith(V3) else route.path.rstrip("/") or "/"
        if path.startswith(V3) and not path.endswith("/"):
            continue
        found |= {(method, path) for method in route.methods or () if method not in ("HEAD", "OPTIONS")}
    found |= {("POST", f"/v1{endpoint.path}") for endpoint in ENDPOINTS}
    return sorted(found)


async def test_01_looking_does_not_run_anything(site: Site, victim: Victim, tmp_path: Path) -> None:
    viewer = await session_of(site, await site.person("viewer"), "proxy_admin_viewer")
    http, touched = site.at(headers=viewer), tmp_path / "touched"
    asked: dict[str, Any] = {"user": victim.person["username"], "application": victim.app.id}
    mapping = victim.keys[f"{V3}/propertymappings/"]
    for method, path, body in (
        ("POST", "/api/v1/idp/preview", asked),
        ("POST", "/api/v1/idp/expressions/inspect", {"expression": "return {}"}),
        ("GET", f"{PROVIDERS}{victim.app.provider_pk}/preview_user/", None),
        ("POST", f"{V3}/propertymappings/provider/scope/", {"name": "x", "scope_name": "x", "expression": "return {}"}),
        ("PATCH", f"{V3}/propertymappings/provider/scope/{mapping}/", {"expression": "return {'a': 1}"}),
    ):
        assert (await http.request(method, path, json=body)).status_code == 403, path
    # An administrator may run expressions; expressions may run nothing.
    for text in (
        f"import os\nos.system('touch {touched}')\nreturn {{}}",
        f"return {{'x': __import__('os').system('touch {touched}')}}",
        f"return {{'x': open('{touched}', 'w').write('x')}}",
        "return {'x': open('/etc/passwd').read()}",
        f"exec(\"open('{touched}','w')\")\nreturn {{}}",
        "return {'x': ().__class__.__bases__[0].__subclasses__()}",
        "return {'x': request.user.__class__.__init__.__globals__}",
        "return {'x': str(getattr(request, '__dict__'))}",
    ):
        draft = {"expression": text, "scope_name": "openid", "name": "x"}
        answer = await site.admin.post("/api/v1/idp/preview", json={**asked, "draft": draft})
        assert answer.status_code in (200, 400)
        assert "root:" not in answer.text
        if answer.status_code == 200:
            [drafted] = [one for one in answer.json()["mappings"] if one["draft"]]
            assert drafted["problems"], text
    assert not touched.exists()


async def test_02_no_get_answers_a_secret_whoever_asks(site: Site, victim: Victim) -> None:
    callers: dict[str, dict[str, str]] = {
        "nobody": {},
        "somebody": await session_of(site, await site.person(), "internal_user_viewer"),
        "viewer": await session_of(site, await site.person("viewer"), "proxy_admin_viewer"),
        "administrator": await session_of(site, await site.person("admin"), "proxy_admin"),
        "master key": {"authorization": f"Bearer {MASTER}"},
        "the victim": {"cookie": f"gatewright_session={victim.secrets['session']}", **CSRF},
        "the victim's key": {"x-litellm-api-key": victim.secrets["virtual key"]},
    }
    told: list[str] = []
    gets = [path for method, path in rows(site) if method == "GET" and not path.endswith("/view_key/")]
    assert len(gets) > 80
    for caller, headers in callers.items():
        http = site.at(headers=headers)
        for path in gets:
            url = victim.filled(path)
            if "{" not in path:
                url += "?page_size=100" if path.startswith(V3) else "?limit=200"
            answer = await http.get(url)
            # 501 is what RFC 7644 says of a part of SCIM that is not there.
            assert answer.status_code < 500 or path == "/scim/v2/Me", (caller, url)
            told += [f"{caller}: GET {path}: {name}" for name in victim.in_(f"{answer.headers}{answer.text}")]
    assert not told, "\n".join(told)


async def test_02_a_key_is_shown_once_and_to_its_owner(site: Site) -> None:
    owner, other = await site.person(), await site.person("other")
    headers = await session_of(site, owner, "internal_user")
    name, path = site.name("token"), f"{V3}/core/tokens/"
    good(await site.at(headers=headers).post(path, json={"identifier": name}))
    theirs = await session_of(site, other, "internal_user")
    viewer = await session_of(site, await site.person("viewer"), "proxy_admin_viewer")
    cross = {**headers, "sec-fetch-site": "cross-site"}
    attempts: list[tuple[dict[str, str], int]] = [({}, 401), (theirs, 404), (viewer, 403), (cross, 403)]
    for refused, status in attempts:
        assert (await site.at(headers=refused).get(f"{path}{name}/view_key/")).status_code == status
    assert good(await site.at(headers=headers).get(f"{path}{name}/view_key/"))["key"]
    for again in (headers, {"authorization": f"Bearer {MASTER}"}):
        assert (await site.at(headers=again).get(f"{path}{name}/view_key/")).status_code == 404


async def test_03_changing_something_answers_no_secret_that_was_stored(site: Site, victim: Victim) -> None:
    """Nor does a list of one's own things carry somebody else's objects with it."""
    invitation = victim.keys[f"{V3}/stages/invitation/"]
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", f"{PROVIDERS}{victim.app.provider_pk}/", {"name": victim.app.id}),
        ("PATCH", f"{V3}/core/users/{victim.person['pk']}/", {"name": MARK}),
        ("PATCH", f"{V3}/core/tokens/{victim.keys[f'{V3}/core/tokens/']}/", {"description": "x"}),
        (
            "PATCH",
            f"{V3}/stages/invitation/invitations/{invitation}/",
            {"single_use": True},
        ),
        ("POST", "/key/update", {"key": victim.keys["/key/info"], "metadata": {"a": 1}}),
        ("PATCH", f"{V3}/core/applications/{victim.app.id}/", {"meta_publisher": "x"}),
    ]
    for method, path, body in changes:
        answer = await site.admin.request(method, path, json=body)
        assert answer.is_success, answer.text
        assert victim.in_(answer.text) == [], path


BLUEPRINT = """
version: 1
metadata: {{name: Mine}}
entries:
  - model: authentik_core.group
    identifiers: {{name: mine}}
    attrs: {{attributes: {{found: {tag}}}}}
"""
TAGS = (
    *("!Env LITELLM_MASTER_KEY", "!Env LITELLM_SALT_KEY", "!Env DATABASE_URL", "!Env PATH", "!Env [HOME, none]"),
    *("!File /etc/passwd", "!File ../../etc/passwd", "!File [/etc/passwd, none]", "!File shared.db"),
    "!Find [authentik_providers_oauth2.oauth2provider, [client_secret, x]]",
    "!FindObject [authentik_core.user, [username, ada@example.local]]",
)


@pytest.mark.parametrize("tag", TAGS)
async def test_03_a_blueprint_reads_nothing_of_the_server(site: Site, victim: Victim, tag: str) -> None:
    """An administrator's file may describe objects; the server's environment, files and secrets are the operator's."""
    path = f"{V3}/managed/blueprints/"
    answers = [
        await site.admin.post(path, json={"name": site.name("b"), "content": BLUEPRINT.format(tag=tag)}),
        await site.admin.post(f"{path}import/", files={"file": ("x.yaml", BLUEPRINT.format(tag=tag).encode())}),
    ]
    for answer in answers:
        assert answer.status_code in (200, 201, 400), answer.text
    groups = (await site.ok("GET", f"{V3}/core/groups/?name=mine"))["results"]
    told = " ".join([str(groups), *(answer.text for answer in answers)])
    secret = (MASTER, "root:", "sk-salt-of-the-attacks", "sqlite:", "/usr/", "/root", "$argon2")
    assert not [one for one in secret if one in told], told
    assert victim.in_(told) == []


async def test_03_a_blueprints_path_leads_nowhere_else(site: Site) -> None:
    plain = {"name": site.name("b"), "content": BLUEPRINT.format(tag="plain")}
    good(await site.admin.post(f"{V3}/managed/blueprints/", json=plain))
    [made] = (await site.ok("GET", f"{V3}/core/groups/?name=mine"))["results"]
    assert made["attributes"] == {"found": "plain"}
    for name in (
        "/etc/passwd",
        "../../../etc/passwd",
        "..%2f..%2fetc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1/x",
    ):
        answer = await site.admin.post(f"{V3}/managed/blueprints/", json={"name": site.name("b"), "path": name})
        assert answer.status_code == 400, name
        assert "root:" not in answer.text


async def test_15_every_route_refuses_who_has_no_business_there(site: Site, victim: Victim) -> None:
    """As nobody, as somebody, and as a member, about the victim's objects. What no list names must refuse."""
    before = await snapshot(victim)
    somebody, member = await site.person(), await site.person("member")
    plain = await session_of(site, somebody, "internal_user_viewer")
    writing = await session_of(site, member, "internal_user")
    key = (await site.ok("POST", "/key/generate", {"user_id": somebody["username"]}))["key"]
    wrong: list[str] = []
    everything = rows(site)
    assert len(everything) > 220
    nobody = site.at()
    for method, path in everything:
        url = victim.filled(path)
        sent: dict[str, Any] = {} if method == "GET" else {"json": {}}
        status = (await nobody.request(method, url, **sent)).status_code
        if PROTOCOL.match(path):
            # The pages of a browser and the endpoints of clients: nothing that changes anything succeeds.
            fine = status < 500 if method == "GET" else 400 <= status < 500 or status == 303 or path == CLI_START
        else:
            fine = status == 200 if f"{method} {path}" in OPEN_API else status == 401
        wrong += [] if fine else [f"nobody: {method} {path}: {status}"]
        if PROTOCOL.match(path) or f"{method} {path}" in OPEN_API or path in ("/api/v1/me/logout", "/session/logout"):
            continue
        litellm = not path.startswith("/api/")
        callers = {"plain": {"authorization": f"Bearer {key}"}} if litellm else {"plain": plain, "member": writing}
        for caller, headers in callers.items():
            answer = await site.at(headers=headers).request(method, url, **sent)
            if leaks(answer) or not may_be(method, path, answer.status_code):
                wrong.append(f"{caller}: {method} {path}: {answer.status_code} {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)
    assert await snapshot(victim) == before


def leaks(answer: httpx2.Response) -> bool:
    """Whether anything of the victim's is in the answer, but what was asked for by name."""
    return MARK in answer.text and answer.status_code == 200


def may_be(method: str, path: str, status: int) -> bool:
    """What somebody may hear about the objects of others: that it is forbidden, or that there is no such thing."""
    if path.startswith("/v1/"):
        return status in (200, 400, 401, 403, 404, 422)
    if ONESELF.match(path):
        return status in (200, 400, 403, 404, 409) if "{" not in path else status in (400, 403, 404)
    if path == ABOUT_ONESELF:
        return status == 200
    if f"{method} {path}" in OWN:
        return status in (200, 400, 403, 404) if "{" not in path else status in (400, 403, 404)
    # Of one's own keys, and of a team that one administers.
    if method == "POST" and (path in ("/api/v1/keys", "/key/generate", "/key/update") or "/team/member_" in path):
        return status in (400, 401, 403, 404)
    return status in (401, 403)


async def test_15_an_owner_never_changes(site: Site, victim: Victim) -> None:
    """A token of one's own is not given to an administrator, and what is somebody else's cannot be reached by name."""
    somebody = await site.person()
    writing = await session_of(site, somebody, "internal_user")
    http, name = site.at(headers=writing), site.name("mine")
    tokens = f"{V3}/core/tokens/"
    good(await http.post(tokens, json={"identifier": name}))
    [root] = (await site.ok("GET", f"{V3}/core/users/?username=ada@example.local"))["results"]
    for body in ({"user": root["pk"]}, {"user": root["pk"], "identifier": name}, {"intent": "app_password"}):
        assert (await http.patch(f"{tokens}{name}/", json=body)).status_code == 400
        assert (await http.put(f"{tokens}{name}/", json={"identifier": name, **body})).status_code == 400
    assert (await http.post(tokens, json={"identifier": site.name("t"), "user": root["pk"]})).status_code == 403
    theirs = victim.keys[tokens]
    session = victim.keys[f"{V3}/core/authenticated_sessions/"]
    attacks: list[tuple[str, str, Any]] = [
        ("PATCH", f"{tokens}{theirs}/", {"description": "mine now"}),
        ("DELETE", f"{tokens}{theirs}/", None),
        ("GET", f"{tokens}{theirs}/view_key/", None),
        ("DELETE", f"{V3}/core/authenticated_sessions/{session}/", None),
        ("DELETE", f"/api/v1/me/sessions/{victim.keys['/api/v1/me/sessions/']}", None),
        ("DELETE", f"/api/v1/keys/{victim.keys['/api/v1/keys/']}", None),
        ("DELETE", f"{V3}/oauth2/refresh_tokens/{victim.keys[f'{V3}/oauth2/refresh_tokens/']}/", None),
    ]
    for method, path, body in attacks:
        assert (await http.request(method, path, json=body)).status_code == 404, path
    assert (await victim.app.userinfo(victim.secrets["access token"])).status_code == 200
    alive = site.at(headers={"cookie": f"gatewright_session={victim.secrets['session']}"})
    assert (await alive.get("/api/v1/me")).status_code == 200
