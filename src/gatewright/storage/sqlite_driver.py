"""aiosqlite with one trip to its thread for a statement, where SQLAlchemy's adapter makes four of it.

Each trip wakes the connection's thread, and then the event loop: that costs more than what most statements do. So a
statement is executed, read to its end and closed in one; what the adapter asks for afterwards is here already. A
transaction begins in the trip of its first statement, and nobody waits for a rollback.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import aiosqlite
import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

CHUNK = 64
logger = logging.getLogger(__name__)


class Done(msgspec.Struct, frozen=True):
    """What a statement left behind, in the words of PEP 249."""

    description: Sequence[Any] | None = None
    rows: list[Any] = []
    rowcount: int = -1
    lastrowid: int | None = None


class Cursor:
    """The part of aiosqlite's cursor that SQLAlchemy's adapter calls."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._done = Done()

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Sequence[Any] | None:
        return self._done.description

    @property
    def rowcount(self) -> int:
        return self._done.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._done.lastrowid

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Self:
        self._done = await self._connection.statement(sqlite3.Cursor.execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        self._done = await self._connection.statement(sqlite3.Cursor.executemany, sql, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        """The rows, once."""
        found = self._done.rows
        self._done = msgspec.structs.replace(self._done, rows=[])
        return found

    async def close(self) -> None:
        """Nothing is open after a statement."""


class Connection(aiosqlite.Connection):
    """A connection whose thread does not keep the process from ending.

    `begin` is what begins a transaction with the next statement, None when none begins.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, CHUNK)
        self._thread.daemon = True
        self._used = False
        self.begin: str | None = None

    def cursor(self) -> Cursor:  # type: ignore[override]  # one that SQLAlchemy's adapter cannot tell from the other
        return Cursor(self)

    async def rollback(self) -> None:
        """Lets the thread undo what was not committed, before whatever comes next on this connection.

        Nothing when nothing was done since: the pool asks for it whenever a connection comes back.
        """
        self.begin = None
        if self._used:
            self._used = False
            self._tx.put_nowait((None, self._undo))

    async def commit(self) -> None:
        await super().commit()
        self._used = False

    async def statement(self, execute: Callable[..., object], sql: str, parameters: Iterable[Any]) -> Done:
        """Runs one statement to its end."""
        self._used = True
        run = self._execute(self._statement, execute, sql, parameters)  # type: ignore[no-untyped-call]  # in aiosqlite
        done: Done = await run
        return done

    def _statement(self, execute: Callable[..., object], sql: str, parameters: Iterable[Any]) -> Done:
        begin, self.begin = self.begin, None
        cursor = self._conn.cursor()
        try:
            if begin is not None:
                cursor.execute(begin)
            execute(cursor, sql, parameters)
            rows = [] if cursor.description is None else cursor.fetchall()
            return Done(cursor.description, rows, cursor.rowcount, cursor.lastrowid)
        finally:
            cursor.close()

    def _undo(self) -> None:
        try:
            self._conn.rollback()
        except sqlite3.Error:
            # The next BEGIN on this connection fails then, and says so to its caller.
            logger.exception("SQLite does not roll back")


def of(connection: AsyncConnection) -> Connection:
    """What an open connection of SQLAlchemy's stands on."""
    proxied: Any = connection.sync_connection
    found: Connection = proxied.connection.driver_connection
    return found


def opened(*arguments: Any, **options: Any) -> Connection:
    """A connection to be awaited, from what sqlite3.connect takes."""
    return Connection(lambda: sqlite3.connect(*arguments, **options))
