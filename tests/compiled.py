"""Statements compiled once a run and not anew for each of the thousands of databases that tests open.

A server opens one database and has every statement compiled after a minute; a test would compile most of what it runs.
What SQLAlchemy compiled belongs to a dialect, so all databases of one kind share that of the first one that was used.
"""

from functools import wraps
from typing import Any

from gatewright.storage.database import Database

_first: dict[type, Any] = {}


def share() -> None:
    """From now on, in this process."""
    plain = Database.__init__

    @wraps(plain)
    def opened(self: Database, *given: Any, **named: Any) -> None:
        plain(self, *given, **named)
        engine = self.engine.sync_engine
        first = _first.setdefault(type(engine.dialect), engine)
        if first.dialect.server_version_info is None:
            # Nobody connected to that one: it does not know what its server can do.
            _first[type(engine.dialect)] = engine
            return
        engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache

    setattr(Database, "__init__", opened)  # noqa: B010 -- mypy takes no other function as a constructor
