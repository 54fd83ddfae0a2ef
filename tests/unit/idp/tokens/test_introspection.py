"""Introspection and revocation (RFC 7662, RFC 7009): a client and its own tokens."""

import pytest

from .acts import OFFLINE, SECRET, Acts, error

pytestmark = pytest.mark.anyio
INACTIVE = {"active": False}


async def test_what_a_living_token_says(acts: Acts) -> None:
    tokens = await acts.tokens()
    access = await acts.introspect(tokens["access_token"])
    now = acts.db.clock() // 1000
    expected = {
        "active": True,
        "client_id": "app",
        "username": "alice",
        "sub": "alice",
        "token_type": "Bearer",
        "scope": OFFLINE,
        "aud": "app",
        "iss": "http://localhost:4000/application/o/app/",
        "iat": now,
        "exp": now + 600,
        "email": "alice@example.com",
    }
    assert {name: access[name] for name in expected} == expected
    refresh = await acts.introspect(tokens["refresh_token"])
    assert (refresh["active"], refresh["scope"], refresh["sub"]) == (True, OFFLINE, "alice")
    assert refresh["token_type"] == "refresh_token"


async def test_everything_else_is_inactive(acts: Acts) -> None:
    await acts.register("other")
    tokens = await acts.tokens()
    rotated = tokens["refresh_token"]
    fresh = (await acts.refresh(rotated)).json()["refresh_token"]
    for token in (tokens["access_token"], fresh):
        assert await acts.introspect(token, ("other", SECRET)) == INACTIVE
    for token in (rotated, tokens["id_token"], tokens["access_token"][:-4] + "AAAA", "x", "a.b.c", "é"):
        assert await acts.introspect(token) == INACTIVE
    acts.stand.clock.now += 600_000
    assert await acts.introspect(tokens["access_token"]) == INACTIVE


@pytest.mark.parametrize("how", ["deactivated", "denied", "signed out"])
async def test_a_token_of_somebody_who_is_gone(acts: Acts, how: str) -> None:
    session_id = await acts.session()
    tokens = await acts.tokens(session_id=session_id)
    if how == "deactivated":
        await acts.deactivate("alice")
    elif how == "denied":
        await acts.bind("app", "elsewhere")
    else:
        await acts.sessions.end(session_id)
    for name in ("access_token", "refresh_token"):
        assert await acts.introspect(tokens[name]) == INACTIVE


async def test_who_may_not_ask(acts: Acts) -> None:
    await acts.register("spa", client_type="public", client_secret=None)
    token = {"token": (await acts.tokens())["access_token"]}
    assert error(await acts.post("introspect", token)) == (401, "invalid_client")
    assert error(await acts.post("introspect", token, ("app", "wrong" * 5))) == (401, "invalid_client")
    assert error(await acts.post("introspect", {**token, "client_id": "spa"})) == (401, "invalid_client")
    assert error(await acts.post("introspect", {}, ("app", SECRET))) == (400, "invalid_request")


async def test_an_access_token_is_given_back_alone(acts: Acts) -> None:
    tokens = await acts.tokens()
    for _ in range(2):
        gone = await acts.post("revoke", {"token": tokens["access_token"]}, ("app", SECRET))
        assert gone.status_code == 200
    assert (await acts.userinfo(tokens["access_token"])).status_code == 401
    assert (await acts.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("which", ["newest", "rotated"])
@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "nonsense"])
async def test_a_refresh_token_takes_its_family_along(acts: Acts, which: str, hint: str) -> None:
    first = await acts.tokens()
    second = (await acts.refresh(first["refresh_token"])).json()
    token = (second if which == "newest" else first)["refresh_token"]
    form = {"token": token, "token_type_hint": hint}
    assert (await acts.post("revoke", form, ("app", SECRET))).status_code == 200
    assert error(await acts.refresh(second["refresh_token"])) == (400, "invalid_grant")
    for tokens in (first, second):
        assert (await acts.userinfo(tokens["access_token"])).status_code == 401


async def test_nobody_ends_another_clients_tokens(acts: Acts) -> None:
    await acts.register("other")
    tokens = await acts.tokens()
    for name in ("access_token", "refresh_token"):
        form = {"token": tokens[name]}
        assert error(await acts.post("revoke", form, ("other", SECRET))) == (400, "unauthorized_client")
        assert error(await acts.post("revoke", form)) == (401, "invalid_client")
    assert (await acts.userinfo(tokens["access_token"])).status_code == 200
    assert (await acts.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "x" * 5000])
async def test_what_never_was_is_over(acts: Acts, token: str) -> None:
    assert (await acts.post("revoke", {"token": token}, ("app", SECRET))).status_code == 200
    assert error(await acts.post("revoke", {}, ("app", SECRET))) == (400, "invalid_request")
