"""Authlib's Starlette client, as applications use it: discovery, PKCE, nonce, verified ID token, logout."""

import importlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.requests import Request
from tests.interop.conftest import CLIENT_SECRET, NAME
from tests.interop.person import Person
from tests.servers import Gatewright

pytestmark = [pytest.mark.interop, pytest.mark.anyio]


@pytest.fixture
def application(server: Gatewright) -> Any:
    """An application that knows the discovery document's address, its id and its secret."""
    oauth = importlib.import_module("authlib.integrations.starlette_client").OAuth()
    return oauth.register(
        "gatewright",
        client_id="litellm",
        client_secret=CLIENT_SECRET,
        server_metadata_url=f"{server.url}/application/o/litellm/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile litellm_role", "code_challenge_method": "S256"},
    )


def arrival(url: str, session: dict[str, Any]) -> Request:
    """The browser's request to a URL of the application, which keeps `session` for it."""
    parts = urlsplit(url)
    scope = {"type": "http", "method": "GET", "scheme": parts.scheme, "server": (parts.hostname, parts.port)}
    query = parts.query.encode()
    return Request({**scope, "path": parts.path, "query_string": query, "headers": [], "session": session})


async def sign_in(application: Any, server: Gatewright, person: Person, session: dict[str, Any]) -> Any:
    """The token answer, its ID token verified."""
    back = f"{server.url}/sso/callback"
    away = await application.authorize_redirect(arrival(server.url, session), back)
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert {"nonce", "state", "code_challenge"} <= asked.keys()
    returned = person.sign_in(away.headers["location"], until=back)
    return await application.authorize_access_token(arrival(returned.headers["location"], session))


async def test_code_flow_userinfo_and_logout(application: Any, server: Gatewright, person: Person) -> None:
    session: dict[str, Any] = {}
    token = await sign_in(application, server, person, session)
    verified = token["userinfo"]
    assert (verified["iss"], verified["aud"]) == (f"{server.url}/application/o/litellm/", "litellm")
    fresh = await application.userinfo(token=token)
    expected = {"sub": NAME, "email": NAME, "preferred_username": NAME, "litellm_role": "proxy_admin"}
    for claims in (verified, fresh):
        assert {name: claims[name] for name in expected} == expected

    signed_out = f"{server.url}/signed-out"
    away = await application.logout_redirect(
        arrival(server.url, session), post_logout_redirect_uri=signed_out, id_token_hint=token["id_token"]
    )
    left = person.open(away.headers["location"], until=signed_out)
    assert left.headers["location"].startswith(f"{signed_out}?")
    state_data = await application.validate_logout_response(arrival(left.headers["location"], session))
    assert state_data["post_logout_redirect_uri"] == signed_out

    with pytest.raises(httpx2.HTTPStatusError, match="401"):
        await application.userinfo(token=token)
    again = await application.authorize_redirect(arrival(server.url, session), f"{server.url}/sso/callback")
    assert "Sign in to Gatewright" in person.open(again.headers["location"]).text


async def test_a_code_is_worth_one_token(application: Any, server: Gatewright, person: Person) -> None:
    session: dict[str, Any] = {}
    back = f"{server.url}/sso/callback"
    away = await application.authorize_redirect(arrival(server.url, session), back)
    returned = person.sign_in(away.headers["location"], until=back).headers["location"]
    again = {name: dict(value) for name, value in session.items()}
    token = await application.authorize_access_token(arrival(returned, session))
    refusal = importlib.import_module("authlib.integrations.base_client").OAuthError
    with pytest.raises(refusal, match="invalid_grant"):
        await application.authorize_access_token(arrival(returned, again))
    # RFC 6749 4.1.2: what the first use got is over too.
    with pytest.raises(httpx2.HTTPStatusError, match="401"):
        await application.userinfo(token=token)
