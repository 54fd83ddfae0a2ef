"""Sessions in the database: who brings which cookie, and what becomes of them."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from gatewright.accounts.sessions import REUSED, Sessions
from gatewright.domain.clock import DAY, HOUR, MINUTE
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.domain.session_life import OVERLAP, RENEW_AFTER, SHORT_SECRET
from gatewright.storage import audit_log
from gatewright.storage import users as user_rows
from gatewright.storage.database import Database
from gatewright.storage.users import NewUser

THIEF = Origin("198.51.100.7", "curl", "req-thief")


class ManualClock:
    """Time that stands still until a test moves it."""

    now = 1_795_219_200_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(db: Database) -> ManualClock:
    found = db.clock = ManualClock()
    return found


@pytest.fixture
async def ada(db: Database, clock: ManualClock) -> User:
    role = RoleReason(rule="claim", claim="role", value="internal_user")
    new = NewUser(str(uuid4()), "ada", "ada", "ada@example.com", Role.INTERNAL_USER, role, "Ada")
    async with db.write() as tx:
        return await user_rows.add(tx, new, clock.now)


async def held(sessions: Sessions, cookie: str) -> str:
    """The cookie that a browser has after a use. Fails when the session is over."""
    found = await sessions.find(cookie)
    assert found is not None
    return found.cookie or cookie


async def test_an_id_follows_the_other_and_each_counts_in_its_time(db: Database, clock: ManualClock, ada: User) -> None:
    sessions, elsewhere = Sessions(db, "gateway", DAY), Sessions(db, "gateway", DAY)
    first, row = await sessions.open(ada, Origin("192.0.2.1", "Firefox"))
    assert await held(sessions, first) == first
    clock.now += RENEW_AFTER
    # The requests of a page come at once, to any worker: all of them get the same.
    answers = await asyncio.gather(*(held(one, first) for one in (sessions, elsewhere, sessions)))
    [second] = set(answers)
    assert second != first
    # The answer may be lost: the old one counts until the new one was brought.
    clock.now += 2 * HOUR
    assert await held(sessions, first) == second
    assert await asyncio.gather(*(held(one, second) for one in (sessions, elsewhere))) == [second, second]
    clock.now += OVERLAP - 1
    found = await elsewhere.find(first)
    assert found is not None
    assert (found.row.id, found.cookie) == (row.id, None)
    # Two rotations later the first is still known for what it is.
    clock.now += RENEW_AFTER
    third = await held(sessions, second)
    assert third not in (first, second)
    assert await held(sessions, third) == third
    clock.now += OVERLAP
    assert await sessions.find(first, THIEF) is None
    assert await sessions.find(third) is None
    async with db.read() as tx:
        event = (await audit_log.newest(tx, 1))[0]
        stored = str([tuple(one) for one in await tx.execute(text("SELECT * FROM sessions"))])
    assert (event["action"], event["outcome"], event["target"]) == ("session.end", REUSED, f"user:{ada.id}")
    assert (event["address"], event["reference"], event["details"]["session"]) == (
        THIEF.address,
        THIEF.reference,
        row.id,
    )
    assert all(part not in stored for cookie in (first, second, third) for part in cookie.split("."))


async def test_a_secret_that_never_was_ends_it_and_a_handle_that_never_was_is_nobody(
    db: Database, clock: ManualClock, ada: User
) -> None:
    sessions = Sessions(db, "gateway", DAY)
    cookie, _ = await sessions.open(ada, Origin())
    handle, _, secret = cookie.partition(".")
    for wrong in (f"x{cookie}", f".{secret}", "", ".", "\0", "a" * 300, secret):
        assert await sessions.find(wrong) is None
    assert await sessions.find(cookie) is not None
    assert await sessions.find(handle) is None
    assert await sessions.find(cookie) is None


async def test_a_session_from_before_goes_on_and_gets_an_id_that_is_renewed(
    db: Database, clock: ManualClock, ada: User
) -> None:
    sessions = Sessions(db, "gateway", DAY)
    old, _ = await Sessions(db, "idp", DAY).open(ada, Origin())
    async with db.write() as tx:
        await tx.execute(text("UPDATE sessions SET kind = 'gateway', secret_at = NULL"))
    assert await sessions.find(f"{old}.guessed") is None
    assert await held(sessions, old) == old
    clock.now += RENEW_AFTER
    fresh = await held(sessions, old)
    assert fresh.startswith(f"{old}.")
    assert await held(sessions, fresh) == fresh
    clock.now += OVERLAP
    assert await sessions.find(old) is None
    assert await sessions.find(fresh) is None


async def test_use_moves_the_idle_end_of_a_session_and_of_the_one_that_it_came_from(
    db: Database, clock: ManualClock, ada: User
) -> None:
    sessions = Sessions(db, "gateway", 3 * HOUR, idle=30 * MINUTE)
    origins = Sessions(db, "idp", 3 * HOUR, idle=30 * MINUTE)
    provider, origin = await origins.open(ada, Origin())
    cookie, row = await sessions.open(ada, Origin(), provider_sid=origin.sid)
    unused, _ = await sessions.open(ada, Origin())
    opened = clock.now
    assert row.expires_at == opened + 30 * MINUTE
    while clock.now < opened + 3 * HOUR - 20 * MINUTE:
        clock.now += 20 * MINUTE
        cookie = await held(sessions, cookie)
    [listed] = await sessions.of_user(ada.id)
    assert listed.expires_at == opened + 3 * HOUR
    assert await sessions.find(unused) is None
    # The provider was not asked once, and still knows the browser.
    assert (await origins.of_user(ada.id))[0].expires_at == opened + 3 * HOUR
    assert await origins.find(provider) is not None
    clock.now = opened + 3 * HOUR
    assert await sessions.find(cookie) is None
    assert await origins.find(provider) is None


async def test_a_short_id_is_renewed_silently_and_a_copy_of_it_dies(
    db: Database, clock: ManualClock, ada: User
) -> None:
    sessions = Sessions(db, "gateway", DAY, short_ids=True)
    cookie, row = await sessions.open(ada, Origin())
    first = cookie
    assert row.expires_at == clock.now + SHORT_SECRET
    for _ in range(8):
        clock.now += 4 * MINUTE
        cookie = await held(sessions, cookie)
    assert cookie != first
    lonely, _ = await sessions.open(ada, Origin())
    clock.now += SHORT_SECRET - 1
    assert await held(sessions, lonely) != lonely
    clock.now += 1
    assert await sessions.find(lonely) is None


async def test_uses_close_together_write_nothing(db: Database, clock: ManualClock, ada: User) -> None:
    sessions = Sessions(db, "gateway", DAY)
    cookie, row = await sessions.open(ada, Origin())
    clock.now += 4 * MINUTE
    await held(sessions, cookie)
    assert (await sessions.of_user(ada.id))[0].last_used_at == row.last_used_at
    clock.now += 2 * MINUTE
    await held(sessions, cookie)
    assert (await sessions.of_user(ada.id))[0].last_used_at == clock.now
