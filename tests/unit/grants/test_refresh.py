"""A refresh token is good once, and whoever brings a used one ends everything that came of the same sign-in."""

import asyncio

import pytest
from sqlalchemy import select, update

from gatewright.grants.codes import Codes, NewCode
from gatewright.grants.refresh import Refreshes
from gatewright.grants.tokens import Issued, NewRefresh, NewTokens, Tokens
from gatewright.oidc.errors import InvalidGrant
from gatewright.storage import session_ends
from gatewright.storage.database import Database
from gatewright.storage.tables import refresh_tokens

from .conftest import ManualClock, living

pytestmark = pytest.mark.anyio
Rows = dict[str, int]
HOUR = 3_600_000


class Family:
    """One sign-in's tokens."""

    def __init__(self, db: Database, rows: Rows, name: str = "family") -> None:
        self.db, self.rows, self.name = db, rows, name
        self.tokens = Tokens(db)
        self.refreshes = Refreshes(db, self.tokens)
        self.ends_at = db.clock() + 24 * HOUR

    def new(self) -> NewTokens:
        refresh = NewRefresh("openid offline_access", "s-1", ("pwd",), 1, None, HOUR, self.ends_at)
        ids = (self.rows["provider"], self.rows["user"], self.rows["session"])
        return NewTokens(self.name, *ids, scope="openid", life=600_000, refresh=refresh)

    async def begin(self) -> Issued:
        async with self.db.write() as tx:
            return await self.tokens.open(tx, self.new())

    async def use(self, token: str | None, *, keep: int = 0, provider: str = "provider") -> Issued | str:
        assert token is not None
        try:
            row = await self.refreshes.look(token, self.rows[provider])
            return await self.refreshes.redeem(row, self.new(), keep)
        except InvalidGrant as error:
            return error.cause

    async def next(self, token: str | None) -> Issued:
        found = await self.use(token)
        assert isinstance(found, Issued)
        return found

    async def alive(self, issued: Issued) -> bool:
        return await living(self.db, issued.jti) is not None


@pytest.fixture
def family(db: Database, rows: Rows) -> Family:
    return Family(db, rows)


async def test_each_use_gives_the_next_token(family: Family, db: Database) -> None:
    first = await family.begin()
    second = await family.next(first.refresh_token)
    third = await family.next(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert await family.alive(first)
    assert await family.alive(third)
    async with db.read() as tx:
        stored = str((await tx.execute(select(refresh_tokens))).all())
    assert str(first.refresh_token) not in stored
    assert len(str(first.refresh_token)) == 64


async def test_a_reuse_ends_the_family_and_no_other(family: Family, db: Database, rows: Rows) -> None:
    other = Family(db, rows, "another")
    bystander = await other.begin()
    first = await family.begin()
    second = await family.next(first.refresh_token)
    assert await family.use(first.refresh_token) == "refresh_token_reused"
    assert await family.use(second.refresh_token) == "refresh_token_revoked"
    assert [await family.alive(one) for one in (first, second)] == [False, False]
    assert await other.alive(bystander)
    assert isinstance(await other.use(bystander.refresh_token), Issued)


async def test_of_many_uses_at_once_exactly_one_wins(db: Database, rows: Rows) -> None:
    for number in range(4):
        family = Family(db, rows, f"family-{number}")
        first = await family.begin()
        results = await asyncio.gather(*(family.use(first.refresh_token) for _ in range(6)))
        winners = [result for result in results if isinstance(result, Issued)]
        assert len(winners) == 1
        assert set(results) - set(winners) <= {"refresh_token_reused", "refresh_token_revoked"}
        # The losers may be a thief: what the winner got is over too.
        assert not await family.alive(winners[0])
        assert await family.use(winners[0].refresh_token) == "refresh_token_revoked"


async def test_no_successor_slips_past_a_revocation(db: Database, rows: Rows) -> None:
    """The thief goes on with the newest token at the moment in which the owner brings the old one."""
    for number in range(6):
        family = Family(db, rows, f"family-{number}")
        first = await family.begin()
        second = await family.next(first.refresh_token)
        outcome = await asyncio.gather(family.use(first.refresh_token), family.use(second.refresh_token))
        assert outcome[0] == "refresh_token_reused"
        async with db.read() as tx:
            left = select(refresh_tokens).where(
                refresh_tokens.c.family == family.name, refresh_tokens.c.revoked_at.is_(None)
            )
            assert (await tx.execute(left)).all() == []
        if isinstance(outcome[1], Issued):
            assert not await family.alive(outcome[1])


async def test_another_client_neither_uses_nor_ends_it(family: Family) -> None:
    first = await family.begin()
    assert await family.use(first.refresh_token, provider="other") == "refresh_token_of_another_client"
    second = await family.next(first.refresh_token)
    assert await family.use(first.refresh_token, provider="other") == "refresh_token_of_another_client"
    assert await family.alive(second)


async def test_it_dies_unused_and_in_the_end(family: Family, clock: ManualClock) -> None:
    unused = await family.begin()
    clock.now += HOUR
    assert await family.use(unused.refresh_token) == "refresh_token_expired"
    used = await family.begin()
    for _ in range(23):
        clock.now += HOUR - 60_000
        used = await family.next(used.refresh_token)
    clock.now = family.ends_at
    assert await family.use(used.refresh_token) == "refresh_token_expired"


async def test_above_the_threshold_it_stays(family: Family, clock: ManualClock) -> None:
    first = await family.begin()
    kept = await family.use(first.refresh_token, keep=HOUR // 2)
    assert isinstance(kept, Issued)
    assert kept.refresh_token is None
    assert await family.alive(kept)
    clock.now += HOUR // 2
    rotated = await family.use(first.refresh_token, keep=HOUR // 2)
    assert isinstance(rotated, Issued)
    assert rotated.refresh_token is not None
    assert await family.use(first.refresh_token, keep=HOUR // 2) == "refresh_token_reused"


async def test_a_kept_token_that_was_revoked_meanwhile_opens_nothing(family: Family, db: Database) -> None:
    first = await family.begin()
    row = await family.refreshes.look(str(first.refresh_token), family.rows["provider"])
    async with db.write() as tx:
        await tx.execute(update(refresh_tokens).values(revoked_at=1))
    with pytest.raises(InvalidGrant):
        await family.refreshes.redeem(row, family.new(), HOUR // 2)


async def test_a_replayed_code_ends_its_refresh_token(family: Family, db: Database, rows: Rows) -> None:
    codes = Codes(db, family.tokens)
    new = NewCode(rows["provider"], rows["user"], rows["session"], "http://x/cb", "openid", None, None, 1)
    code = await codes.issue(new, 60_000)
    found, _ = await codes.look(code, rows["provider"], lambda _: None)
    family.name = found.code_hash
    issued = await codes.redeem(found, family.new())
    with pytest.raises(InvalidGrant):
        await codes.look(code, rows["provider"], lambda _: None)
    assert await family.use(issued.refresh_token) == "refresh_token_revoked"


@pytest.mark.parametrize("whose", ["session", "user"])
async def test_ends_with_the_session_or_the_person(family: Family, db: Database, rows: Rows, whose: str) -> None:
    first = await family.begin()
    async with db.write() as tx:
        if whose == "session":
            assert await session_ends.end(tx, rows["session"], db.clock())
        else:
            assert await session_ends.end_user(tx, rows["user"], db.clock()) == 1
    assert not await family.alive(first)
    assert await family.use(first.refresh_token) == "refresh_token_revoked"


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "\x00", "é"])
async def test_an_unknown_token_is_refused(family: Family, token: str) -> None:
    assert await family.use(token) == "refresh_token_unknown"
