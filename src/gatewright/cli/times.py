"""Now, and times and durations as people read them."""

import time
from datetime import UTC, datetime

from gatewright.domain.clock import DAY, HOUR, MINUTE, SECOND, Millis


def now() -> Millis:
    """The wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def parse_iso(value: object) -> Millis | None:
    """The time that an API answer's ISO 8601 text names; None for null and for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def duration(millis: Millis) -> str:
    """`45 seconds`, `12 minutes`, `1.5 hours`, `22 hours`, `3 days`: about two digits, as one reads it."""
    if millis < MINUTE:
        return _count(millis / SECOND, "second")
    if millis < HOUR:
        return _count(millis / MINUTE, "minute")
    if millis < 2 * DAY:
        return _count(millis / HOUR, "hour")
    return _count(millis / DAY, "day")


def _count(value: float, unit: str) -> str:
    # A tenth of an hour matters, a tenth of a minute does not; nor does one of 22 hours.
    rounded = round(value, 1) if unit in ("hour", "day") and value < 10 else round(value)
    return f"{rounded:g} {unit}{'' if rounded == 1 else 's'}"
