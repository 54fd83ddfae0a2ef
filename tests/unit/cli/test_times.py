"""Durations as people read them, and times of API answers."""

import pytest

from gatewright.cli.times import duration, parse_iso
from gatewright.domain.clock import DAY, HOUR, MINUTE, SECOND


@pytest.mark.parametrize(
    ("millis", "text"),
    [
        (0, "0 seconds"),
        (SECOND, "1 second"),
        (45 * SECOND, "45 seconds"),
        (MINUTE, "1 minute"),
        (12 * MINUTE + 20 * SECOND, "12 minutes"),
        (HOUR, "1 hour"),
        (90 * MINUTE, "1.5 hours"),
        (22 * HOUR - 5 * MINUTE, "22 hours"),
        (3 * DAY, "3 days"),
    ],
)
def test_a_duration_reads_well(millis: int, text: str) -> None:
    assert duration(millis) == text


@pytest.mark.parametrize(
    ("value", "millis"),
    [
        ("1970-01-01T00:00:01.500Z", 1500),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:02", 2000),
        ("soon", None),
        (None, None),
        (5, None),
    ],
)
def test_a_time_of_an_answer_is_read_or_ignored(value: object, millis: int | None) -> None:
    assert parse_iso(value) == millis
