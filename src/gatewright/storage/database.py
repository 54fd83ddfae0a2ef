"""The database: SQLite by default, PostgreSQL by URL, one way to use both.

`async with db.read() as tx` sees one consistent state; `async with db.write() as tx` is one transaction, committed when
the block ends and rolled back when it raises. On SQLite a write takes the write lock with its first statement, whatever
that is, so that two workers queue instead of failing half-way.
"""

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import NoneType
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from sqlalchemy import event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gatewright.domain.clock import Clock
from gatewright.domain.errors import SettingInvalid, Unavailable
from gatewright.storage import sqlite_driver
from gatewright.storage.sealing import Sealer

Transaction = AsyncConnection
"""What storage functions take: an open transaction."""

SCHEMA = "gatewright"
SQLITE_BUSY_MS = 10_000
logger = logging.getLogger(__name__)


class Database:
    """Opened once a process, closed at its end. Carries the sealer and the clock that storage functions need."""

    def __init__(self, url: URL, sealer: Sealer, clock: Clock, *, pool_size: int = 5) -> None:
        self.sealer = sealer
        self.clock = clock
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url, pool_size)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A transaction that only reads."""
        async with self._connect("BEGIN") as connection:
            try:
                yield connection
            finally:
                await connection.rollback()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """A transaction that writes."""
        async with self._connect("BEGIN IMMEDIATE") as connection:
            try:
                yield connection
            except BaseException:
                await connection.rollback()
                raise
            await connection.commit()

    @asynccontextmanager
    async def _connect(self, begin: str) -> AsyncIterator[Transaction]:
        """A connection; trouble with the database itself is our fault (503), never the caller's."""
        connection = await self._open()
        try:
            if self.is_sqlite:
                sqlite_driver.of(connection).begin = begin
            yield connection
        except (OperationalError, InterfaceError, OSError) as error:
            raise _unavailable(error) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise _unavailable(error) from error
            raise
        finally:
            await connection.close()

    async def _open(self) -> Transaction:
        try:
            return await self.engine.connect()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            # Whatever keeps a connection from opening, a refused password included, is not the caller's doing.
            raise _unavailable(error) from error

    async def ping(self) -> bool:
        """Whether a trivial query works now."""
        try:
            async with self.read() as tx:
                await tx.execute(text("SELECT 1"))
        except Unavailable:
            return False
        return True

    async def close(self) -> None:
        await self.engine.dispose()

    def joined(self, tx: Transaction) -> "Database":
        """This database, all of whose blocks join the open transaction: for use cases inside a larger one.

        A block that raises undoes nothing by itself; whoever opened the transaction has to roll it back.
        """
        return _Joined(self, tx)


class _Joined(Database):
    """See `Database.joined`."""

    def __init__(self, db: Database, tx: Transaction) -> None:
        self.sealer, self.clock, self.is_sqlite, self.engine = db.sealer, db.clock, db.is_sqlite, db.engine
        self._tx = tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        yield self._tx

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        yield self._tx


def _unavailable(error: Exception) -> Unavailable:
    logger.error("the database failed: %s", str(error).partition("\n")[0])
    return Unavailable("The database is not available.", code="database_unavailable")


def database_url(value: str | None, data_dir: Path) -> URL:
    """The URL to open: SQLite in the data directory, or what DATABASE_URL names.

    Understands `postgres://`, `postgresql://`, `sqlite://` and Prisma's query parameters (`schema`, `connection_limit`,
    `pgbouncer`, ... are Prisma's own and dropped, `sslmode` is kept).
    """
    if not value:
        return URL.create("sqlite+aiosqlite", database=str(data_dir / "gatewright.db"))
    try:
        return _parsed(value)
    except (ArgumentError, ValueError):
        # Their words quote the URL, and with it the password.
        raise SettingInvalid(
            "DATABASE_URL",
            source="environment",
            problem="it is not a URL, or its port is not a number",
            fix="Use postgresql://user:password@host:5432/database, with special characters percent-encoded",
        ) from None


def _parsed(value: str) -> URL:
    parts = urlsplit(value)
    scheme = parts.scheme.split("+", 1)[0]
    if scheme == "sqlite":
        # Not put together from its parts: that drops slashes, which say whether the path is absolute.
        return make_url(f"sqlite+aiosqlite{value[len(parts.scheme) :]}")
    if scheme not in ("postgres", "postgresql"):
        raise SettingInvalid(
            "DATABASE_URL",
            source="environment",
            problem=f"the scheme {parts.scheme!r} is not a database that Gatewright knows",
            fix="Use postgresql://user:password@host:5432/database, or leave it unset for SQLite",
        )
    kept = {name: val for name, val in parse_qsl(parts.query) if name in ("sslmode", "host")}
    url = make_url(urlunsplit(parts._replace(scheme="postgresql+asyncpg", query="")))
    ssl = kept.pop("sslmode", None)
    return url.update_query_dict({**kept, **({"ssl": ssl} if ssl else {})})


def _sqlite_engine(url: URL) -> AsyncEngine:
    # Of a value that is no plain number or text the driver asks twice in vain how it adapts: half of what a row costs.
    sqlite3.register_adapter(bool, int)
    sqlite3.register_adapter(NoneType, dict[None, None]().get)
    engine = create_async_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=8,
        max_overflow=8,
        pool_timeout=15,
        hide_parameters=True,  # an error must not carry hashes, nonces and what people typed into the log
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, _: object, arguments: Any, options: Any) -> Any:
        return dialect.dbapi.connect(*arguments, **options, async_creator_fn=sqlite_driver.opened)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={SQLITE_BUSY_MS}", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            # Another connection switches the file this very moment, for all of them; SQLite does not wait for that.
            if "locked" not in str(error):
                raise
        cursor.close()

    return engine


def _postgres_engine(url: URL, pool_size: int) -> AsyncEngine:
    # People point DATABASE_URL at a live LiteLLM database: our tables live in a schema of their own.
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"server_settings": {"search_path": SCHEMA}, "timeout": 10},
    )
