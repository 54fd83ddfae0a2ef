"""Second factors as administrators see them, and taking them away from whoever lost them."""

import base64

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.errors import GatewrightError
from gatewright.domain.people import Origin, User
from gatewright.idp.factors import totp
from gatewright.storage import audit_log

NOBODY = Origin()


async def with_app(stage: Stage, user_id: str) -> User:
    """Somebody with an authenticator app and recovery codes."""
    user = await stage.person(user_id)
    begun = await stage.factors.begin_app(user, "Phone")
    code = totp.code_at(base64.b32decode(begun.secret), stage.clock() // 30_000)
    assert await stage.factors.confirm_app(user, begun.id, code, NOBODY)
    return user


async def test_factors_are_shown_without_what_they_know(stage: Stage) -> None:
    await with_app(stage, "ada")
    found = (await stage.call("GET", "/api/v1/users/ada/factors", MASTER)).json()
    assert found["recovery_codes_left"] == 10
    (app,) = found["factors"]
    assert set(app) == {"id", "kind", "name", "created_at", "last_used_at", "is_backed_up"}
    assert (app["kind"], app["name"]) == ("app", "Phone")


async def test_a_reset_takes_factors_and_codes_of_that_person_alone(stage: Stage) -> None:
    lost, other = await with_app(stage, "team/ada lovelace"), await with_app(stage, "bob")
    done = await stage.call("POST", "/api/v1/users/team%2Fada%20lovelace/factors/reset", MASTER)
    assert (done.status_code, done.content) == (204, b"")
    assert await stage.factors.of(lost.id) == []
    assert await stage.factors.recovery_codes_left(lost.id) == 0
    assert len(await stage.factors.of(other.id)) == 1
    assert await stage.factors.recovery_codes_left(other.id) == 10
    async with stage.db.read() as tx:
        (event,) = [one for one in await audit_log.newest(tx, 20) if one["action"] == "idp.factor.reset"]
    assert (event["action"], event["actor"], event["target"]) == ("idp.factor.reset", "default_user_id", lost.user_id)


async def test_a_reset_forgives_the_wrong_codes_before_it(stage: Stage) -> None:
    user = await with_app(stage, "ada")
    begun = await stage.factors.begin_app(user, "Second phone")
    wrong = 0
    while (await attempt(stage, user, begun.id)) == "code_wrong":
        wrong += 1
    assert wrong
    assert (await stage.call("POST", "/api/v1/users/ada/factors/reset", MASTER)).status_code == 204
    begun = await stage.factors.begin_app(user, "New phone")
    assert (await attempt(stage, user, begun.id)) == "code_wrong"


async def attempt(stage: Stage, user: User, factor_id: str) -> str:
    """The code of the error that a wrong code gets."""
    try:
        await stage.factors.confirm_app(user, factor_id, "wrong", NOBODY)
    except GatewrightError as error:
        return error.error_code
    return "taken"


async def test_nobody_is_told_as_such(stage: Stage) -> None:
    for method, path in (("GET", "no-such/factors"), ("POST", "no-such/factors/reset")):
        missing = await stage.call(method, f"/api/v1/users/{path}", MASTER)
        assert (missing.status_code, missing.json()["code"]) == (404, "user_not_found")
    nul = await stage.call("POST", "/api/v1/users/%00/factors/reset", MASTER)
    assert nul.status_code == 400
