"""The one reader of the wall clock."""

import time

from gatewright.domain.clock import Millis


def now() -> Millis:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def ticks() -> Millis:
    """Milliseconds since some moment, on a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000
