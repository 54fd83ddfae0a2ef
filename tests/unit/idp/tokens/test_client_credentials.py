"""A client on its own behalf (RFC 6749 4.4): a service account, never a person."""

import asyncio
from typing import Any

import pytest

from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.keys import key_hash
from gatewright.storage import api_tokens, users

from .acts import SECRET, Acts, error

pytestmark = pytest.mark.anyio
ACCOUNT = "ak-app-client_credentials"
GRANT = "client_credentials"


@pytest.mark.parametrize("where", ["header", "body"])
async def test_a_token_for_the_service_account(acts: Acts, where: str) -> None:
    if where == "header":
        answer = await acts.token(GRANT)
    else:
        answer = await acts.token(GRANT, auth=None, client_id="app", client_secret=SECRET)
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.json()["scope"] == "email profile"
    claims = await acts.claims(answer.json()["access_token"])
    assert (claims["sub"], claims["azp"], claims["aud"]) == (ACCOUNT, "app", "app")
    async with acts.db.read() as tx:
        account = await users.service_account(tx, ACCOUNT)
        person = await users.with_password(tx, ACCOUNT)
    assert account is not None
    assert account.role is Role.INTERNAL_USER_VIEWER
    assert person is None


async def test_an_id_token_only_when_openid_is_asked_for(acts: Acts) -> None:
    answer = (await acts.token(GRANT, scope="openid email offline_access")).json()
    assert answer["scope"] == "openid email"
    assert "refresh_token" not in answer
    claims = await acts.claims(answer["id_token"])
    assert (claims["sub"], claims["aud"]) == (ACCOUNT, "app")
    # Nobody signed in.
    assert not {"auth_time", "amr", "acr", "sid", "nonce"} & claims.keys()
    assert (await acts.userinfo(answer["access_token"])).json()["sub"] == ACCOUNT


@pytest.mark.parametrize("scope", ["admin", "offline_access", "goauthentik.io/api"])
async def test_no_scope_that_nobody_configured(acts: Acts, scope: str) -> None:
    assert error(await acts.token(GRANT, scope=scope)) == (400, "invalid_scope")
    assert (await acts.token(GRANT, scope=f"email {scope}")).json()["scope"] == "email"


async def test_one_account_however_many_ask_at_once(acts: Acts) -> None:
    answers = await asyncio.gather(*(acts.token(GRANT) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({(await acts.claims(one.json()["access_token"]))["jti"] for one in answers}) == 5
    assert await acts.causes("user.create") == ["ok"]


async def test_a_deactivated_account_gets_nothing(acts: Acts) -> None:
    token = (await acts.token(GRANT, scope="openid")).json()["access_token"]
    await acts.deactivate(ACCOUNT)
    assert error(await acts.token(GRANT)) == (400, "invalid_grant")
    assert (await acts.userinfo(token)).status_code == 401
    assert (await acts.introspect(token)) == {"active": False}


async def test_a_person_with_the_accounts_name_is_not_taken_for_it(acts: Acts) -> None:
    async with acts.db.write() as tx:
        reason = RoleReason(rule="default")
        new = users.NewUser("u-9", ACCOUNT, "somebody", None, Role.PROXY_ADMIN, reason)
        await users.add(tx, new, acts.db.clock())
    assert error(await acts.token(GRANT)) == (400, "invalid_grant")
    assert (await acts.causes("idp.token"))[0] == "service_account_name_taken"


async def test_rules_of_access_count_for_it_too(acts: Acts) -> None:
    await acts.bind("app", "admins")
    assert error(await acts.token(GRANT)) == (400, "invalid_grant")
    async with acts.db.read() as tx:
        account = await users.service_account(tx, ACCOUNT)
    assert account is not None
    acts.stand.people[ACCOUNT] = account
    await acts.join(ACCOUNT, "admins")
    assert (await acts.token(GRANT)).status_code == 200


async def test_a_public_client_has_no_credentials(acts: Acts) -> None:
    await acts.register("spa", client_type="public", client_secret=None)
    assert error(await acts.token(GRANT, auth=None, client_id="spa")) == (400, "unauthorized_client")


async def test_only_where_the_grant_type_is_on(acts: Acts) -> None:
    await acts.change("app", grant_types=["authorization_code", "refresh_token"])
    assert error(await acts.token(GRANT)) == (400, "unauthorized_client")


ROBOT = {"username": "robot", "password": "an-app-password-of-the-robots-1234567890"}


async def robot(acts: Acts, *, kind: str = users.SERVICE_ACCOUNT, **token: Any) -> None:
    """An account with an app password."""
    async with acts.db.write() as tx:
        reason = RoleReason(rule="default")
        new = users.NewUser("u-robot", "robot", "robot", None, Role.INTERNAL_USER, reason, kind=kind)
        made = await users.add(tx, new, acts.db.clock())
        columns: dict[str, Any] = {
            "uuid": "t-1",
            "identifier": "robots",
            "intent": "app_password",
            "user_pk": made.id,
            "token_hash": key_hash(ROBOT["password"]),
            "description": "",
            "created_at": acts.db.clock(),
        }
        await api_tokens.add(tx, **{**columns, **token})
    acts.stand.people["robot"] = made


@pytest.mark.parametrize("client", ["app", "spa"])
async def test_a_service_account_with_its_app_password(acts: Acts, client: str) -> None:
    """Contract 1.4, way b: the account's password proves the request, whatever kind the client is of."""
    await robot(acts)
    await acts.register("spa", client_type="public", client_secret=None)
    answer = await acts.token(GRANT, auth=None, client_id=client, scope="profile", **ROBOT)
    assert answer.status_code == 200, answer.text
    claims = await acts.claims(answer.json()["access_token"])
    assert (claims["sub"], claims["aud"]) == ("robot", client)
    async with acts.db.read() as tx:
        token = await api_tokens.by_identifier(tx, "robots")
    assert token is not None
    assert token.last_used_at == acts.db.clock()
    await acts.bind(client, "admins")
    assert error(await acts.token(GRANT, auth=None, client_id=client, **ROBOT)) == (400, "invalid_grant")
    await acts.join("robot", "admins")
    assert (await acts.token(GRANT, auth=None, client_id=client, **ROBOT)).status_code == 200
    await acts.deactivate("robot")
    assert error(await acts.token(GRANT, auth=None, client_id=client, **ROBOT)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "form",
    [
        {"username": "robot", "password": "wrong"},
        {"username": "robot", "password": SECRET},
        {"username": "alice", "password": ROBOT["password"]},
        {"username": ACCOUNT, "password": ROBOT["password"]},
    ],
)
async def test_an_app_password_of_somebody_else(acts: Acts, form: dict[str, str]) -> None:
    await robot(acts)
    assert (await acts.token(GRANT)).status_code == 200
    assert error(await acts.token(GRANT, auth=None, client_id="app", **form)) == (400, "invalid_grant")
    assert (await acts.causes("idp.token"))[0] == "app_password_wrong"


@pytest.mark.parametrize(
    "token", [{"intent": "api"}, {"expires_at": 1}, {"kind": "internal"}], ids=["api-token", "expired", "person"]
)
async def test_what_is_no_app_password_of_a_service_account(acts: Acts, token: dict[str, Any]) -> None:
    await robot(acts, **token)
    assert error(await acts.token(GRANT, auth=None, client_id="app", **ROBOT)) == (400, "invalid_grant")


async def test_an_app_password_makes_up_for_no_wrong_secret_and_no_other_grant(acts: Acts) -> None:
    await robot(acts)
    assert error(await acts.token(GRANT, auth=("app", "wrong" * 5), **ROBOT)) == (401, "invalid_client")
    assert error(await acts.token(GRANT, auth=None, client_id="nobody", **ROBOT)) == (401, "invalid_client")
    for missing in ("username", "password"):
        form = {name: value for name, value in ROBOT.items() if name != missing}
        assert error(await acts.token(GRANT, auth=None, client_id="app", **form)) == (400, "invalid_request")
    refresh = {"refresh_token": "x", **ROBOT}
    assert error(await acts.token("refresh_token", auth=None, client_id="app", **refresh)) == (401, "invalid_client")


async def test_guessing_app_passwords_ends_in_a_pause(acts: Acts) -> None:
    await robot(acts)
    form = {"client_id": "app", "username": "robot", "password": "guess"}
    statuses = [(await acts.token(GRANT, auth=None, **form)).status_code for _ in range(102)]
    assert statuses[:100] == [400] * 100
    assert statuses[101] == 429
    assert (await acts.token(GRANT, auth=None, client_id="app", **ROBOT)).status_code == 429
    acts.stand.clock.now += 300_000
    assert (await acts.token(GRANT, auth=None, client_id="app", **ROBOT)).status_code == 200


@pytest.mark.parametrize("auth", [("app", "wrong" * 5), ("nobody", SECRET), ("app", "")])
async def test_a_wrong_secret(acts: Acts, auth: tuple[str, str]) -> None:
    answer = await acts.token(GRANT, auth=auth)
    assert error(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_guessing_secrets_ends_in_a_pause(acts: Acts) -> None:
    statuses = [(await acts.token(GRANT, auth=("app", "wrong" * 5))).status_code for _ in range(102)]
    assert statuses[:100] == [401] * 100
    assert statuses[101] == 429
    assert (await acts.token(GRANT)).status_code == 429
    acts.stand.clock.now += 300_000
    assert (await acts.token(GRANT)).status_code == 200
