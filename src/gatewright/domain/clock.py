"""Time as a value that is passed in.

One unit everywhere: whole milliseconds since 1970-01-01 UTC, named `*_at`. The network edge turns it into ISO 8601.
"""

from collections.abc import Callable
from datetime import UTC, datetime

Millis = int
"""Milliseconds since the epoch, UTC."""

Clock = Callable[[], Millis]
"""Tells the time. Tests pass their own."""

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def iso(at: Millis) -> str:
    """`2026-01-31T12:00:00.000Z`, as every API answer writes a time."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(at: Millis | None) -> str | None:
    """`iso`, with None for a time that is not set."""
    return None if at is None else iso(at)
