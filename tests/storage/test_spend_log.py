"""The spend log, on both databases."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from gatewright.domain.clock import HOUR
from gatewright.storage import spend_log
from gatewright.storage.database import Database
from gatewright.storage.spend_log import HourTotals, ModelTotals, RowsRefused, SpendRow, Totals

NOON = 1_790_000_000_000 // HOUR * HOUR
ROW = SpendRow(
    request_id="r1",
    started_at=NOON + 5,
    duration_ms=120,
    first_byte_ms=80,
    key_id=3,
    user_pk=None,
    user_id="ada",
    model="chat",
    upstream_model="gpt-x",
    deployment="d1",
    provider="openai",
    status=200,
    outcome="ok",
    stream=True,
    prompt_tokens=10,
    completion_tokens=20,
    cached_tokens=4,
    reasoning_tokens=2,
    metered=True,
    cost=1_500_000,
    address="127.0.0.1",
)


def row(request_id: str, **changes: Any) -> SpendRow:
    return msgspec.structs.replace(ROW, request_id=request_id, **changes)


async def insert(db: Database, *rows: SpendRow) -> None:
    async with db.write() as tx:
        await spend_log.insert(tx, rows)


async def test_a_request_id_counts_once(db: Database) -> None:
    await insert(db)
    await insert(db, row("r1"), row("r2"))
    await insert(db, row("r2", cost=9), row("r3"), row("r3"))
    async with db.read() as tx:
        assert await spend_log.totals(tx, 0) == Totals(
            requests=3, errors=0, prompt_tokens=30, completion_tokens=60, spend=4_500_000, unpriced=0
        )


FIELDS = tuple(field.name for field in msgspec.structs.fields(SpendRow))
SHORT = SpendRow("short", NOON, 1, None, None, "ada", "chat", 200, "ok", False)
LONG = SpendRow(
    request_id="long",
    started_at=NOON,
    duration_ms=2,
    key_id=3,
    user_pk=4,
    user_id="bob",
    model="chat",
    status=502,
    outcome="cut",
    stream=True,
    first_byte_ms=5,
    upstream_model="gpt-x",
    deployment="d1",
    provider="openai",
    error_code="broke",
    prompt_tokens=6,
    completion_tokens=7,
    cached_tokens=8,
    reasoning_tokens=9,
    metered=True,
    cost=10,
    address="127.0.0.1",
    cache_write_tokens=11,
    cache_write_1h_tokens=12,
    audio_prompt_tokens=13,
    audio_completion_tokens=14,
    retries=15,
    fallbacks=16,
    cache_hit=True,
    team_id="team",
    session_id="session",
)
MANY = tuple(msgspec.structs.replace(SHORT, request_id=f"r{number}") for number in range(200))


@pytest.mark.parametrize("batches", [((SHORT,), (LONG,)), ((SHORT, LONG),), ((LONG, *MANY), (SHORT,))])
async def test_each_field_is_kept_whoever_is_in_its_batch(
    db: Database, batches: tuple[tuple[SpendRow, ...], ...]
) -> None:
    assert not [name for name in FIELDS if getattr(LONG, name) in (None, 0, False)]
    for batch in batches:
        await insert(db, *batch)
    async with db.read() as tx:
        found = await tx.execute(text(f"SELECT {', '.join(FIELDS)} FROM spend_log"))
        kept = {one[0]: SpendRow(*one) for one in found}
    assert kept == {one.request_id: one for batch in batches for one in batch}


async def test_totals_of_a_range_and_of_one_user(db: Database) -> None:
    await insert(
        db,
        row("old", started_at=NOON - 1),
        row("ok"),
        row("free", cost=None, user_pk=7),
        row("left", outcome="client_gone", status=200, cost=None, metered=False, user_pk=7),
        row("cut", outcome="cut", cost=None, metered=False),
        row("bad", outcome="upstream_error", status=502, cost=None, metered=False, prompt_tokens=0),
    )
    async with db.read() as tx:
        everybody = await spend_log.totals(tx, NOON)
        assert (everybody.requests, everybody.errors, everybody.unpriced) == (5, 2, 3)
        assert everybody.spend == ROW.cost
        one = await spend_log.totals(tx, NOON, 7)
        assert (one.requests, one.errors, one.spend) == (2, 0, 0)
        assert await spend_log.totals(tx, NOON + HOUR) == Totals()


async def test_by_hour_by_model_and_by_key(db: Database) -> None:
    await insert(
        db,
        row("a"),
        row("b", started_at=NOON + HOUR - 1),
        row("c", started_at=NOON + HOUR, model="other", key_id=4),
        row("d", started_at=NOON + 2 * HOUR, model="other", cost=None, key_id=5),
        row("e", started_at=NOON + 2 * HOUR, model="other", key_id=None),
    )
    async with db.read() as tx:
        assert await spend_log.by_hour(tx, NOON) == [
            HourTotals(NOON, 2, 3_000_000),
            HourTotals(NOON + HOUR, 1, 1_500_000),
            HourTotals(NOON + 2 * HOUR, 2, 1_500_000),
        ]
        assert await spend_log.by_model(tx, NOON) == [
            ModelTotals("other", 3, 90, 3_000_000),
            ModelTotals("chat", 2, 60, 3_000_000),
        ]
        assert await spend_log.by_key(tx, [3, 4, 5, 6]) == {3: 3_000_000, 4: 1_500_000, 5: 0}
        assert await spend_log.by_key(tx, []) == {}


async def test_the_first_request_is_noticed(db: Database) -> None:
    async with db.read() as tx:
        assert not await spend_log.has_any(tx)
    await insert(db, row("a", user_pk=2))
    async with db.read() as tx:
        assert await spend_log.has_any(tx)
        assert await spend_log.has_any(tx, 2)
        assert not await spend_log.has_any(tx, 3)


@pytest.mark.parametrize("bad", [{"prompt_tokens": 2**70}, {"user_id": None}], ids=["too large", "missing"])
async def test_a_value_that_no_attempt_will_get_in_is_told_apart(db: Database, bad: dict[str, Any]) -> None:
    with pytest.raises(RowsRefused):
        await insert(db, row("a"), row("b", **bad))
    async with db.read() as tx:
        assert not await spend_log.has_any(tx)
