"""Mappings that loop, blow up and hang while people sign in and programs call: the server goes on answering."""

import re
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.conftest import new_database
from tests.servers import Gatewright, gatewright

NAME, PASSWORD, SECRET = "ada@example.local", "correct horse battery", "a-client-secret-of-the-journey"
FLOW = "/if/flow/default-authentication-flow/"
BROWSER = {"sec-fetch-site": "none", "sec-fetch-dest": "document"}
HOSTILE = (
    "while True:\n    pass",
    "x = 'a'\nwhile True:\n    x = x + x",
    "def f():\n    return f()\nreturn f()",
    'import re\nwhile True:\n    re.search("(x+x+)+y", "x" * 4000)',
    'while True:\n    print("x" * 10**6)',
    "return {str(n): 'x' * 100 for n in range(10**6)}",
)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_others_are_answered_while_mappings_run_wild(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with (
        new_database(request, database) as url,
        gatewright(
            tmp_path,
            workers=2,
            DATABASE_URL=url,
            GATEWRIGHT_ADMIN_EMAIL=NAME,
            GATEWRIGHT_ADMIN_PASSWORD=PASSWORD,
            LITELLM_OIDC_SECRET=SECRET,
        ) as server,
        server.admin() as admin,
        server.client(headers=BROWSER) as browser,
    ):
        ada = admin.get(f"/api/v3/core/users/?username={NAME}").json()["results"][0]["pk"]
        attach(admin, "wild", HOSTILE[0])
        tokens = sign_in(server, browser)
        assert userinfo(admin, tokens)["litellm_role"] == "proxy_admin"
        assert "wild" not in userinfo(admin, tokens)
        # Had the event loop waited for an expression, each of them would have let one answer through at most.
        assert while_previews_run(server, admin, browser, ada) > 5 * len(HOSTILE)
        strict(admin)
        refused = exchange(server, browser)
        assert refused.status_code == 503
        assert refused.json()["error"] == "temporarily_unavailable"
        assert refused.headers["x-request-id"] in refused.json()["error_description"]
        events = admin.get("/api/v3/events/events/?page_size=100").json()["results"]
        assert any(refused.headers["x-request-id"] in str(event) for event in events)


def attach(admin: httpx2.Client, name: str, expression: str) -> None:
    """Saves a mapping and gives it to the gateway's own client, whose secret and scopes stay."""
    body = {"name": name, "scope_name": name, "expression": expression}
    made = admin.post("/api/v3/propertymappings/provider/scope/", json=body)
    assert made.status_code == 201, made.text
    [provider] = admin.get("/api/v3/providers/oauth2/?client_id=litellm").json()["results"]
    attached = [*provider["property_mappings"], made.json()["pk"]]
    changed = admin.patch(f"/api/v3/providers/oauth2/{provider['pk']}/", json={"property_mappings": attached})
    assert changed.status_code == 200, changed.text


def strict(admin: httpx2.Client) -> None:
    """Makes the wild mapping a required one."""
    [mapping] = admin.get("/api/v3/propertymappings/provider/scope/?name=wild").json()["results"]
    path = f"/api/v3/propertymappings/provider/scope/{mapping['pk']}/"
    assert admin.patch(path, json={"required": True}).json()["required"] is True


def authorize(server: Gatewright, browser: httpx2.Client, extra: str = "wild") -> httpx2.Response:
    query = {"client_id": "litellm", "redirect_uri": f"{server.url}/sso/callback", "response_type": "code"}
    scope = {"scope": f"openid email profile litellm_role {extra}", "state": "x" * 20}
    return browser.get("/application/o/authorize/", params={**query, **scope})


def sign_in(server: Gatewright, browser: httpx2.Client) -> dict[str, str]:
    page = browser.get(authorize(server, browser).headers["location"])
    fields = dict(re.findall(r'name="(csrf|next)" value="([^"]*)"', page.text))
    form = {**fields, "next": fields["next"].replace("&amp;", "&"), "name": NAME, "password": PASSWORD}
    assert browser.post(FLOW, data=form, headers={"origin": server.url}).status_code == 303
    answer = exchange(server, browser)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


def exchange(server: Gatewright, browser: httpx2.Client, extra: str = "wild") -> httpx2.Response:
    location = authorize(server, browser, extra).headers["location"]
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(location).query)["code"][0],
        "redirect_uri": f"{server.url}/sso/callback",
    }
    return browser.post("/application/o/token/", data=form, auth=("litellm", SECRET))


def userinfo(client: httpx2.Client, tokens: dict[str, str]) -> dict[str, str]:
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    found: dict[str, str] = client.get("/application/o/userinfo/", headers=headers).json()
    return found


def while_previews_run(server: Gatewright, admin: httpx2.Client, browser: httpx2.Client, user: int) -> int:
    """Previews hostile drafts in two threads; how many other requests were answered meanwhile, sign-ins among them."""
    findings: list[str] = []

    def wild(drafts: tuple[str, ...]) -> None:
        with server.admin() as http:
            for expression in drafts:
                draft = {"expression": expression, "scope_name": "draft"}
                body = {"user": user, "application": "litellm", "scopes": ["openid", "draft"], "draft": draft}
                answer = http.post("/api/v1/idp/preview", json=body)
                [shown] = [one for one in answer.json()["mappings"] if one["draft"]]
                findings.extend(problem["code"] for problem in shown["problems"])

    threads = [threading.Thread(target=wild, args=(HOSTILE[half::2],)) for half in (0, 1)]
    for thread in threads:
        thread.start()
    count = 0
    while any(thread.is_alive() for thread in threads):
        assert admin.get("/health/liveliness").status_code == 200
        if count % 10 == 0:
            others = exchange(server, browser, "").json()
            assert userinfo(admin, others)["litellm_role"] == "proxy_admin"
        count += 1
    assert len(findings) == len(HOSTILE)
    return count
