"""Resource indicators (RFC 8707): a token for one place is good there alone."""

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.idp.test_sign_in_path import sign_in

from .acts import BASE, CALLBACK, MOUNT, SECRET, Acts, error

pytestmark = pytest.mark.anyio
AUTH = ("app", SECRET)
API = "https://api.example"
AUTHORIZE = f"{MOUNT}/authorize/"


@pytest.fixture
async def api(acts: Acts) -> Acts:
    """An application at https://api.example."""
    await acts.register("api", redirect_uris=[{"url": f"{API}/callback"}])
    return acts


@pytest.mark.parametrize("resource", [BASE, f"{BASE}/", API, f"{API}/"])
async def test_the_audience_is_the_resource(api: Acts, resource: str) -> None:
    answer = (await api.token("client_credentials", resource=resource, scope="openid")).json()
    claims = await api.claims(answer["access_token"])
    assert (claims["aud"], claims["azp"], claims["client_id"]) == (resource, "app", "app")
    assert (await api.claims(answer["id_token"]))["aud"] == "app"
    # Whoever runs the resource learns nothing about the person with it.
    assert (await api.userinfo(answer["access_token"])).status_code == 401
    assert (await api.introspect(answer["access_token"]))["aud"] == resource


@pytest.mark.parametrize(
    "resource",
    ["https://evil.example", f"{API}.evil.example", f"{API}/callback", f"{API}#x", "api", "x", f"{BASE}/v1", "/"],
)
async def test_a_place_that_nobody_registered(api: Acts, resource: str) -> None:
    assert error(await api.token("client_credentials", resource=resource)) == (400, "invalid_target")
    assert error(await api.post("device", {"resource": resource}, AUTH)) == (400, "invalid_target")


async def test_from_the_authorization_request_to_the_token(api: Acts) -> None:
    asked = {
        "client_id": "app",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid email",
        "resource": API,
    }
    async with api.stand.browser() as browser:
        done = await sign_in(browser, "alice", asked)
        code = parse_qs(urlsplit(done.headers["location"]).query)["code"][0]
        answer = await api.token("authorization_code", code=code, redirect_uri=CALLBACK)
        assert (await api.claims(answer.json()["access_token"]))["aud"] == API
        evil = await browser.get(AUTHORIZE, params={**asked, "resource": "https://evil.example"})
        assert "error=invalid_target" in evil.headers["location"]
    pushed = {**asked, "resource": "https://evil.example"}
    assert error(await api.post("par", pushed, AUTH)) == (400, "invalid_target")


async def test_only_what_was_granted_with_the_code(api: Acts) -> None:
    code = await api.code(resource=[API])
    elsewhere = await api.token("authorization_code", resource=BASE, code=code, redirect_uri=CALLBACK)
    assert error(elsewhere) == (400, "invalid_target")
    tokens = (await api.token("authorization_code", code=code, redirect_uri=CALLBACK)).json()
    assert (await api.claims(tokens["access_token"]))["aud"] == API
    again = (await api.refresh(tokens["refresh_token"])).json()
    assert (await api.claims(again["access_token"]))["aud"] == API
    plain = await api.token("authorization_code", resource=API, code=await api.code(), redirect_uri=CALLBACK)
    assert error(plain) == (400, "invalid_target")


async def test_the_person_must_be_allowed_there_too(api: Acts) -> None:
    await api.bind("api", "elsewhere")
    code = await api.code(resource=[API])
    answer = await api.token("authorization_code", code=code, redirect_uri=CALLBACK)
    assert error(answer) == (400, "invalid_target")


async def test_twice_is_once_too_often(api: Acts) -> None:
    async with api.stand.browser() as http:
        body = f"grant_type=client_credentials&resource={API}&resource={BASE}"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await http.post("/application/o/token/", content=body, headers=headers, auth=AUTH)
    assert error(answer) == (400, "invalid_request")
