"""Refresh tokens at the token endpoint (RFC 6749 6, RFC 9700 4.14, OpenID Connect Core 12)."""

import asyncio

import pytest
from tests.unit.idp.test_sign_in_path import sign_in

from gatewright.domain.clock import DAY, HOUR
from gatewright.domain.people import Origin
from gatewright.oidc import jwt, pkce
from gatewright.oidc.parameters import Parameters
from gatewright.storage import oauth_providers, scope_mappings, session_ends, sessions

from .acts import CALLBACK, OFFLINE, SECRET, Acts, error

pytestmark = pytest.mark.anyio
OVER = (400, "invalid_grant")


async def test_only_with_offline_access_and_the_grant_type(acts: Acts) -> None:
    assert "refresh_token" in await acts.tokens()
    assert "refresh_token" not in await acts.tokens(scope="openid email")
    await acts.change("app", grant_types=["authorization_code"])
    assert "refresh_token" not in await acts.tokens()


async def test_the_sign_in_stays_and_the_nonce_goes(acts: Acts) -> None:
    first = await acts.tokens()
    acts.stand.clock.now += HOUR
    answer = await acts.refresh(first["refresh_token"])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    second = answer.json()
    assert second["scope"] == OFFLINE
    assert (await acts.userinfo(second["access_token"])).json()["email"] == "alice@example.com"
    before, after = await acts.claims(first["id_token"]), await acts.claims(second["id_token"])
    assert before["nonce"] == "n-1"
    assert "nonce" not in after
    same = ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr", "email")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["iat"] - before["iat"] == HOUR // 1000
    assert after["at_hash"] == jwt.half_hash(second["access_token"], "RS256")
    assert "c_hash" not in after


async def test_less_may_be_asked_and_the_whole_again(acts: Acts) -> None:
    token = (await acts.tokens())["refresh_token"]
    less = (await acts.refresh(token, scope="email")).json()
    assert less["scope"] == "email"
    assert "id_token" not in less
    assert (await acts.claims(less["access_token"]))["scope"] == "email"
    assert (await acts.userinfo(less["access_token"])).status_code == 403
    whole = (await acts.refresh(less["refresh_token"])).json()
    assert whole["scope"] == OFFLINE


@pytest.mark.parametrize("scope", ["openid profile", "openid admin", "profile"])
async def test_more_may_not_be_asked_and_uses_nothing_up(acts: Acts, scope: str) -> None:
    token = (await acts.tokens())["refresh_token"]
    assert error(await acts.refresh(token, scope=scope)) == (400, "invalid_scope")
    assert (await acts.refresh(token)).status_code == 200


async def test_a_scope_that_was_taken_from_the_client_is_gone(acts: Acts) -> None:
    token = (await acts.tokens())["refresh_token"]
    async with acts.db.write() as tx:
        row = await oauth_providers.by_client_id(tx, "app")
        assert row is not None
        offline = await scope_mappings.find(tx, scope_name="offline_access")
        assert offline is not None
        await scope_mappings.attach(tx, row.id, [offline.id])
    found = (await acts.refresh(token)).json()
    assert found["scope"] == "openid offline_access"
    assert "email" not in await acts.claims(found["access_token"])
    async with acts.db.write() as tx:
        await scope_mappings.attach(tx, row.id, [])
    assert error(await acts.refresh(found["refresh_token"])) == OVER


async def test_a_reuse_ends_everything_and_is_reported(acts: Acts) -> None:
    first = await acts.tokens()
    second = (await acts.refresh(first["refresh_token"])).json()
    assert error(await acts.refresh(first["refresh_token"])) == OVER
    assert error(await acts.refresh(second["refresh_token"])) == OVER
    for tokens in (first, second):
        assert (await acts.userinfo(tokens["access_token"])).status_code == 401
    assert await acts.causes("idp.suspicious") == ["refresh_token_reused"]
    event = (await acts.stand.events("idp.suspicious"))[0]
    assert (event["target"], event["details"]["user"]) == ("app", "alice")


async def test_of_parallel_uses_exactly_one_wins(acts: Acts) -> None:
    token = (await acts.tokens())["refresh_token"]
    answers = await asyncio.gather(*(acts.refresh(token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert (await acts.userinfo(winner["access_token"])).status_code == 401


async def test_of_parallel_codes_exactly_one_wins(acts: Acts) -> None:
    code = await acts.code()
    answers = await asyncio.gather(
        *(acts.token("authorization_code", code=code, redirect_uri=CALLBACK) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert error(await acts.refresh(winner["refresh_token"])) == OVER


async def test_a_replayed_code_ends_what_was_refreshed_since(acts: Acts) -> None:
    code = await acts.code()
    first = (await acts.token("authorization_code", code=code, redirect_uri=CALLBACK)).json()
    second = (await acts.refresh(first["refresh_token"])).json()
    assert error(await acts.token("authorization_code", code=code, redirect_uri=CALLBACK)) == OVER
    assert error(await acts.refresh(second["refresh_token"])) == OVER
    assert (await acts.userinfo(second["access_token"])).status_code == 401
    assert await acts.causes("idp.suspicious") == ["code_replayed"]


async def test_another_client_gets_nothing_and_ends_nothing(acts: Acts) -> None:
    await acts.register("thief")
    token = (await acts.tokens())["refresh_token"]
    assert error(await acts.refresh(token, auth=("thief", SECRET))) == OVER
    assert (await acts.refresh(token)).status_code == 200
    assert error(await acts.refresh(token, auth=("thief", SECRET))) == OVER


async def test_a_deactivated_person_is_out_for_good(acts: Acts) -> None:
    tokens = await acts.tokens()
    await acts.deactivate("alice")
    assert error(await acts.refresh(tokens["refresh_token"])) == OVER
    await acts.deactivate("alice", active=True)
    assert error(await acts.refresh(tokens["refresh_token"])) == OVER
    assert (await acts.userinfo(tokens["access_token"])).status_code == 401


async def test_who_may_not_use_the_application_any_more(acts: Acts) -> None:
    tokens, code = await acts.tokens(), await acts.code()
    await acts.bind("app", "admins")
    kept = await acts.refresh(tokens["refresh_token"])
    assert kept.status_code == 200
    await acts.leave("alice", "admins")
    assert error(await acts.refresh(kept.json()["refresh_token"])) == OVER
    assert error(await acts.token("authorization_code", code=code, redirect_uri=CALLBACK)) == OVER
    assert (await acts.causes("idp.token"))[:2] == ["application_denied"] * 2
    assert (await acts.userinfo(kept.json()["access_token"])).status_code == 401


@pytest.mark.parametrize("gone", ["user_inactive", "session_over"])
async def test_a_code_of_somebody_who_is_gone(acts: Acts, gone: str) -> None:
    session_id = await acts.session()
    code = await acts.code(session_id=session_id)
    if gone == "user_inactive":
        await acts.deactivate("alice")
    else:
        await acts.sessions.end(session_id)
    assert error(await acts.token("authorization_code", code=code, redirect_uri=CALLBACK)) == OVER
    assert (await acts.causes("idp.token"))[0] == gone


async def test_it_outlives_a_session_that_ran_out_and_not_one_that_was_ended(acts: Acts) -> None:
    session_id = await acts.session()
    tokens = await acts.tokens(session_id=session_id)
    acts.stand.clock.now += 2 * DAY
    later = (await acts.refresh(tokens["refresh_token"])).json()
    assert (await acts.userinfo(later["access_token"])).status_code == 200
    async with acts.db.write() as tx:
        await session_ends.end(tx, session_id, acts.db.clock())
    assert (await acts.userinfo(later["access_token"])).status_code == 401
    assert error(await acts.refresh(later["refresh_token"])) == OVER


async def test_a_sign_out_ends_it(acts: Acts) -> None:
    token, _ = await acts.sessions.open(acts.stand.people["alice"], Origin(), amr=("pwd",))
    session = await acts.sessions.find(token)
    assert session is not None
    tokens = await acts.tokens(session_id=session.row.id)
    client = await acts.stand.provider.clients.by_client_id("app")
    assert client is not None
    await acts.stand.provider.end_session.confirmed(client, Parameters({}), session, Origin())
    assert error(await acts.refresh(tokens["refresh_token"])) == OVER
    assert (await acts.causes("idp.token"))[0] == "refresh_token_revoked"


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 400)])
async def test_signing_in_again_ends_it_for_somebody_else_alone(acts: Acts, name: str, status: int) -> None:
    asked = {"client_id": "app", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid email"}
    async with acts.stand.browser() as browser:
        await sign_in(browser, "alice", asked)
        async with acts.db.read() as tx:
            session_id = (await sessions.of_user(tx, acts.stand.people["alice"].id, "idp", acts.db.clock()))[0].id
        token = (await acts.tokens(session_id=session_id))["refresh_token"]
        await sign_in(browser, name, {**asked, "prompt": "login"})
        answer = await acts.refresh(token)
        assert answer.status_code == status
        if status == 200:
            await browser.get("/application/o/app/end-session/", headers={"sec-fetch-site": "same-origin"})
            assert error(await acts.refresh(answer.json()["refresh_token"])) == OVER


async def test_lives_idle_and_absolute(acts: Acts) -> None:
    await acts.change("app", refresh_token_validity=HOUR, refresh_token_absolute_validity=3 * HOUR)
    unused = (await acts.tokens())["refresh_token"]
    used = (await acts.tokens())["refresh_token"]
    for _ in range(3):
        acts.stand.clock.now += HOUR - 1
        used = (await acts.refresh(used)).json()["refresh_token"]
    assert error(await acts.refresh(unused)) == OVER
    acts.stand.clock.now += 3
    assert error(await acts.refresh(used)) == OVER
    assert (await acts.causes("idp.token"))[:2] == ["refresh_token_expired"] * 2


async def test_above_the_threshold_the_same_token_comes_back(acts: Acts) -> None:
    await acts.change("app", refresh_token_validity=HOUR, refresh_token_threshold=HOUR // 2)
    token = (await acts.tokens())["refresh_token"]
    assert (await acts.refresh(token)).json()["refresh_token"] == token
    acts.stand.clock.now += HOUR // 2
    assert (await acts.refresh(token)).json()["refresh_token"] != token


@pytest.mark.parametrize("form", [{}, {"refresh_token": ""}])
async def test_it_must_be_there(acts: Acts, form: dict[str, str]) -> None:
    answer = await acts.post("token", {"grant_type": "refresh_token", **form}, ("app", SECRET))
    assert error(answer) == (400, "invalid_request")


async def test_a_public_client_refreshes_with_its_name_alone(acts: Acts) -> None:
    await acts.register("spa", client_type="public", client_secret=None)
    verifier = pkce.new_verifier()
    code = await acts.code("spa", code_challenge=pkce.challenge(verifier))
    form = {"code": code, "redirect_uri": CALLBACK, "client_id": "spa", "code_verifier": verifier}
    first = await acts.post("token", {"grant_type": "authorization_code", **form})
    assert first.status_code == 200
    again = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"], "client_id": "spa"}
    assert (await acts.post("token", again)).status_code == 200
