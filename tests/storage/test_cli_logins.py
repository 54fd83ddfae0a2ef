"""The command line's logins where steps race, on SQLite and on PostgreSQL: one credential, five guesses."""

import asyncio

import pytest

from gatewright.accounts.keys import Keys
from gatewright.accounts.limits import Limits
from gatewright.accounts.users import Users
from gatewright.domain.clock import HOUR
from gatewright.domain.errors import BadInput
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.sso.cli_login import CliLogins, CodePrompt, Collected, Started
from gatewright.storage import cli_logins, users
from gatewright.storage.database import Database
from gatewright.storage.users import NewUser

pytestmark = pytest.mark.anyio
NOWHERE = Origin()


@pytest.fixture
def logins(db: Database) -> CliLogins:
    return CliLogins(db, Keys(db), Users(db), Limits(db), 24 * HOUR)


@pytest.fixture
async def user(db: Database) -> User:
    new = NewUser("uuid-1", "ada", "ada", None, Role.INTERNAL_USER, RoleReason(rule="default"))
    async with db.write() as tx:
        return await users.add(tx, new, 1)


async def attached(logins: CliLogins, user: User) -> tuple[Started, CodePrompt]:
    started = await logins.start(NOWHERE)
    return started, await logins.attach(started.login_id, user, "browser", NOWHERE)


async def test_of_parallel_polls_exactly_one_gets_the_credential(db: Database, logins: CliLogins, user: User) -> None:
    started, prompt = await attached(logins, user)
    await logins.complete(started.login_id, started.user_code, prompt.complete_token, "browser", NOWHERE)

    async def poll() -> Collected | None:
        try:
            return await logins.poll(started.login_id, started.poll_secret, None, NOWHERE)
        except BadInput:
            return None

    answers = [answer for answer in await asyncio.gather(*(poll() for _ in range(8))) if answer is not None]
    assert [answer.user_id for answer in answers] == ["ada"]
    assert len(await Keys(db).cli_logins(user.id)) == 1


async def test_parallel_guesses_do_not_slip_past_the_limit(db: Database, logins: CliLogins, user: User) -> None:
    started, prompt = await attached(logins, user)

    async def guess(code: str) -> None:
        try:
            await logins.complete(started.login_id, code, prompt.complete_token, "browser", NOWHERE)
        except BadInput:
            return

    await asyncio.gather(*(guess(f"AAAA-AAA{letter}") for letter in "BCDEFGHJKL"))
    await guess(started.user_code)
    with pytest.raises(BadInput):
        await logins.poll(started.login_id, started.poll_secret, None, NOWHERE)
    async with db.read() as tx:
        assert await cli_logins.find(tx, started.login_id, db.clock()) is None
    assert await Keys(db).cli_logins(user.id) == []


async def test_a_code_is_accepted_once(db: Database, logins: CliLogins, user: User) -> None:
    started, prompt = await attached(logins, user)
    row = await logins.check(started.login_id)
    async with db.write() as tx:
        for wrong in (("x", row.user_code_hash), (row.complete_token_hash or "", "x")):
            assert not await cli_logins.verify(tx, started.login_id, *wrong, db.clock())
        right = (row.complete_token_hash or "", row.user_code_hash)
        assert await cli_logins.verify(tx, started.login_id, *right, db.clock())
        assert not await cli_logins.verify(tx, started.login_id, *right, db.clock())
    with pytest.raises(BadInput):
        await logins.complete(started.login_id, started.user_code, prompt.complete_token, "browser", NOWHERE)
