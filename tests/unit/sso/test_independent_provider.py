"""Against oidc-provider-mock, a provider that others wrote, with the seed's variables and nothing more."""

import importlib
import warnings
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.stage import ManualClock, Stage, generic, query_of

from gatewright.app import clock as wall_clock
from gatewright.domain.identity import Role
from gatewright.domain.people import User

importlib.import_module("authlib.deprecate")  # it makes its own warnings visible when it is imported
with warnings.catch_warnings():
    # The provider uses parts of Authlib that Authlib is moving.
    warnings.simplefilter("ignore")
    oidc_provider_mock = importlib.import_module("oidc_provider_mock")

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def origin() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def stage(make_stage: MakeStage, clock: ManualClock, origin: str) -> Stage:
    clock.now = wall_clock.now()
    return make_stage(
        {
            **generic(origin),
            "GENERIC_AUTHORIZATION_ENDPOINT": f"{origin}/oauth2/authorize",
            "GENERIC_TOKEN_ENDPOINT": f"{origin}/oauth2/token",
            "GENERIC_USERINFO_ENDPOINT": f"{origin}/userinfo",
        }
    )


async def signed_in(stage: Stage, origin: str, claims: dict[str, Any]) -> tuple[httpx2.Response, httpx2.AsyncClient]:
    """A sign-in of the subject `u-1` with these claims, in a new browser."""
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    async with httpx2.AsyncClient() as there:
        await there.put(f"{origin}/users/u-1", json={"preferred_username": "ada", **claims})
        back = await there.post(begun.headers["location"], data={"sub": "u-1"})
    assert back.headers["location"].startswith("http://localhost:4000/sso/callback?")
    return await browser.get(back.headers["location"].removeprefix("http://localhost:4000")), browser


async def only_user(stage: Stage) -> User:
    [user] = await stage.everybody()
    return user


async def test_the_seeds_path(stage: Stage, origin: str) -> None:
    answer, browser = await signed_in(
        stage, origin, {"email": "Ada@home.local", "name": "Ada L", "litellm_role": "proxy_admin"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/"), answer.text
    user = await only_user(stage)
    assert (user.user_id, user.email, user.role) == ("ada", "ada@home.local", Role.PROXY_ADMIN)
    assert await stage.identities(user) == [(origin, "u-1")]
    standing = await stage.sign_in.standing("generic")
    assert standing is not None
    assert (standing.issuer, standing.doubt) == (origin, None)
    out = await browser.post("/session/logout", headers={"x-gatewright-request": "1"})
    target = out.json()["redirect_to"]
    assert target.startswith(f"{origin}/oauth2/end_session?")
    assert query_of(target)["post_logout_redirect_uri"] == "http://localhost:4000/signed-out"


async def test_the_role_follows_the_provider(stage: Stage, origin: str) -> None:
    for claims, role in (
        ({}, Role.INTERNAL_USER_VIEWER),
        ({"litellm_role": "proxy_admin"}, Role.PROXY_ADMIN),
        ({"litellm_role": ["everybody", "internal_user"]}, Role.INTERNAL_USER),
        ({"litellm_role": "nonsense"}, Role.INTERNAL_USER_VIEWER),
        ({"litellm_role": "PROXY_ADMIN"}, Role.PROXY_ADMIN),
        ({}, Role.INTERNAL_USER_VIEWER),
    ):
        answer, _ = await signed_in(stage, origin, claims)
        assert answer.status_code == 303
        assert (await only_user(stage)).role is role


async def test_a_person_who_denies_is_told_so(stage: Stage, origin: str) -> None:
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    state = query_of(begun.headers["location"])["state"]
    async with httpx2.AsyncClient() as there:
        back = await there.post(begun.headers["location"], data={"action": "deny"})
    assert query_of(back.headers["location"])["error"] == "access_denied"
    answer = await browser.get(f"/sso/callback?error=access_denied&state={state}")
    assert (answer.status_code, "access_denied" in answer.text) == (401, True)
