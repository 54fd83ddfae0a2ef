"""SQLite's connection: one trip to its thread for a statement, and nothing of what a statement answers is lost."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from gatewright.storage import sqlite_driver
from gatewright.storage.database import Database, database_url
from gatewright.storage.sealing import Sealer


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(database_url(None, tmp_path), Sealer("x"), lambda: 0)
    async with opened.write() as tx:
        await tx.execute(text("CREATE TABLE fruit (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"))
        await tx.execute(text("INSERT INTO fruit (name) VALUES (:name)"), [{"name": "fig"}, {"name": "plum"}])
    yield opened
    await opened.close()


async def test_a_statement_is_one_trip_to_the_thread(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[str] = []
    original = sqlite_driver.Connection._execute

    async def counted(self: sqlite_driver.Connection, fn: Any, *args: Any) -> Any:
        trips.append(fn.__name__)
        return await original(self, fn, *args)  # type: ignore[no-untyped-call]  # in aiosqlite

    monkeypatch.setattr(sqlite_driver.Connection, "_execute", counted)
    async with db.read() as tx:
        assert (await tx.execute(text("SELECT name FROM fruit ORDER BY id"))).scalars().all() == ["fig", "plum"]
        assert (await tx.execute(text("SELECT name FROM fruit WHERE id = 2"))).scalar() == "plum"
    assert trips == ["_statement"] * 2, "the first begins the transaction, and nobody waits for its end"
    del trips[:]
    async with db.write() as tx:
        await tx.execute(text("DELETE FROM fruit"))
    assert trips == ["_statement", "commit"]


async def test_a_statement_answers_its_rows_and_how_many_it_changed(db: Database) -> None:
    async with db.write() as tx:
        changed = await tx.execute(text("UPDATE fruit SET name = name || 's'"))
        assert changed.rowcount == 2
        added = await tx.execute(text("INSERT INTO fruit (name) VALUES ('pear') RETURNING id, name"))
        assert [tuple(row) for row in added] == [(3, "pear")]
        assert (await tx.execute(text("SELECT name FROM fruit WHERE id = 9"))).first() is None


async def test_what_a_statement_fails_with_is_what_it_was(db: Database) -> None:
    async def half_way() -> None:
        async with db.write() as tx:
            await tx.execute(text("DELETE FROM fruit WHERE name = 'plum'"))
            await tx.execute(text("INSERT INTO fruit (name) VALUES ('fig')"))

    with pytest.raises(IntegrityError):
        await half_way()
    async with db.read() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM fruit"))).scalar() == 2, "the block was undone"


async def test_a_transaction_sees_one_state_and_a_write_holds_the_lock(db: Database) -> None:
    count = text("SELECT count(*) FROM fruit")
    async with db.read() as reading:
        assert (await reading.execute(count)).scalar() == 2
        async with db.write() as tx:
            # Whatever a write does first takes the lock.
            assert (await tx.execute(count)).scalar() == 2
            assert sqlite_driver.of(tx).in_transaction
            with pytest.raises(sqlite3.OperationalError, match="locked"), closing(connected(db)) as other:
                other.execute("INSERT INTO fruit (name) VALUES ('lime')")
            await tx.execute(text("INSERT INTO fruit (name) VALUES ('lemon')"))
        assert (await reading.execute(count)).scalar() == 2, "it began before"
    async with db.read() as reading:
        assert (await reading.execute(count)).scalar() == 3


async def test_one_that_is_given_up_half_way_leaves_no_lock(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    original, posted = sqlite_driver.Connection.statement, asyncio.Event()

    async def noted(self: sqlite_driver.Connection, *arguments: Any) -> Any:
        posted.set()
        return await original(self, *arguments)

    monkeypatch.setattr(sqlite_driver.Connection, "statement", noted)
    with closing(connected(db)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def waits() -> None:
            async with db.write() as tx:
                await tx.execute(text("DELETE FROM fruit"))

        waiting = asyncio.ensure_future(waits())
        await posted.wait()
        waiting.cancel()
        other.execute("ROLLBACK")
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with db.write() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM fruit"))).scalar() == 2
    async with db.read() as tx:
        assert not sqlite_driver.of(tx).in_transaction


async def test_a_block_without_a_statement_leaves_nothing_for_the_next(db: Database) -> None:
    async with db.write():
        pass
    async with db.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        assert not sqlite_driver.of(connection).in_transaction


def connected(db: Database) -> sqlite3.Connection:
    return sqlite3.connect(str(db.engine.url.database), timeout=0, isolation_level=None)
