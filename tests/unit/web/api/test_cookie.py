"""The session cookie: where it counts, and what a request with it must carry."""

from tests.unit.web.api.stage import Stage

from gatewright.domain.identity import Role
from gatewright.web.cookies import SESSION


async def test_a_change_with_the_cookie_needs_the_header_and_our_own_origin(stage: Stage) -> None:
    token = await stage.browser(await stage.person("ada"))
    cookie = f"{SESSION}={token}"
    refused = await stage.call("POST", "/api/v1/keys", None, {"name": "x"}, cookie=cookie)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_header_missing")
    foreign = await stage.in_browser("POST", "/api/v1/keys", token, {"name": "x"}, origin="https://evil.example")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "cross_site_request")
    elsewhere = await stage.in_browser("POST", "/api/v1/keys", token, {"name": "x"}, sec_fetch_site="cross-site")
    assert elsewhere.status_code == 403
    own = await stage.in_browser("POST", "/api/v1/keys", token, {"name": "x"}, origin="http://localhost:4000")
    assert own.status_code == 201
    assert (await stage.call("GET", "/api/v1/keys", None, cookie=cookie)).status_code == 200


async def test_a_bearer_needs_no_header(stage: Stage) -> None:
    ada = await stage.key("ada")
    answered = await stage.call("POST", "/api/v1/keys", ada, {"name": "x"}, origin="https://elsewhere.example")
    assert answered.status_code == 201


async def test_the_cookie_does_not_count_on_litellms_routes(stage: Stage) -> None:
    token = await stage.browser(await stage.person("root", Role.PROXY_ADMIN))
    for method, path in (("GET", "/user/info"), ("POST", "/key/generate"), ("GET", "/model/info")):
        refused = await stage.in_browser(method, path, token)
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "401"
