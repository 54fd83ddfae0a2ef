"""Authentik's durations: `hours=1;minutes=30` (contract 1.2), here in milliseconds."""

import math

from gatewright.domain.clock import DAY, HOUR, MINUTE, SECOND, Millis

UNITS: dict[str, float] = {
    "microseconds": 0.001,
    "milliseconds": 1,
    "seconds": SECOND,
    "minutes": MINUTE,
    "hours": HOUR,
    "days": DAY,
    "weeks": 7 * DAY,
}
LONGEST_TEXT = 200


def parse(value: object) -> Millis:
    """Parts are separated by semicolons or commas. Raises ValueError with words for a person."""
    text, total = str(value), 0.0
    for part in text[:LONGEST_TEXT].replace(",", ";").split(";"):
        unit, _, number = part.strip().partition("=")
        try:
            total += UNITS[unit.strip()] * float(number)
        except (KeyError, ValueError) as error:
            raise ValueError(f"{text[:60]!r} is not a duration such as hours=3;minutes=1") from error
    if not math.isfinite(total) or total < 0:
        raise ValueError(f"{text[:60]!r} is no span of time")
    return int(total)


def render(span: Millis) -> str:
    """The span in the largest unit that it is whole in: `minutes=90`."""
    for unit, size in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE), ("seconds", SECOND)):
        if span % size == 0 and (span or unit == "seconds"):
            return f"{unit}={span // size}"
    return f"milliseconds={span}"
