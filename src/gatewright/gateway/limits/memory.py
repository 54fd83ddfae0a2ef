"""Counters in the memory of one worker. Nothing here waits: a whole `take` happens between two other steps."""

from collections import deque
from collections.abc import Sequence

from gatewright.domain.clock import SECOND, Clock, Millis
from gatewright.gateway.limits.claims import PARALLEL, REQUESTS, TOKENS, WINDOW_S, Claim, Kind, Refused, Taken

SWEEP_ABOVE = 1024
"""Windows. With more of them, those that are empty are looked for each time their number has doubled."""

SLOT_WAIT: Millis = SECOND
"""What to wait for a slot: nobody knows how long a request will run."""


class MemoryCounters:
    """`ticks` are milliseconds on a clock that never goes back.

    `share` is the number of workers that the limits are divided by, so that together they keep them. A limit that is
    smaller than the number of workers still lets one request through in each.
    """

    def __init__(self, ticks: Clock, share: int = 1) -> None:
        self._ticks = ticks
        self._share = share
        self._windows: dict[str, _Window] = {}
        self._slots: dict[str, int] = {}
        self._sweep_above = SWEEP_ABOVE

    async def take(self, claims: Sequence[Claim], tokens: int, _slot: str, /) -> Taken | Refused:
        """Takes all or nothing; never waits. Slots are counted, not named."""
        now = self._ticks()
        second = now // SECOND
        amounts: list[int] = []
        left: list[int] = []
        for which, (_, kind, configured, counter) in enumerate(claims):
            limit = self._share_of(configured)
            if kind == PARALLEL:
                amount, used = 1, self._slots.get(counter, 0)
                wait = SLOT_WAIT
            else:
                amount = _amount(kind, tokens, limit)
                window = self._windows.get(counter)
                used = 0 if window is None else window.used(second)
                wait = WHOLE_WAIT
            if used + amount > limit:
                if kind != PARALLEL and window is not None:
                    wait = window.wait(used + amount - limit, now)
                return Refused(which, wait)
            amounts.append(amount)
            left.append(limit - used - amount)
        for (_, kind, _, counter), amount in zip(claims, amounts, strict=True):
            if kind == PARALLEL:
                self._slots[counter] = self._slots.get(counter, 0) + 1
            else:
                self._window(counter, second).add(second, amount)
        return Taken(second, tokens, left)

    def settle(self, claims: Sequence[Claim], _slot: str, taken: Taken, used: int | None, /) -> None:
        """At once."""
        for _, kind, configured, counter in claims:
            if kind == PARALLEL:
                held = self._slots.get(counter, 0)
                if held > 1:
                    self._slots[counter] = held - 1
                else:
                    self._slots.pop(counter, None)
            elif kind == TOKENS and used is not None:
                now = self._ticks() // SECOND
                window = self._window(counter, now)
                window.give_back(taken.second, _amount(kind, taken.tokens, self._share_of(configured)))
                window.add(now, used)

    def _share_of(self, limit: int) -> int:
        share = self._share
        return limit if share == 1 else max(min(1, limit), limit // share)

    def _window(self, counter: str, second: int) -> "_Window":
        window = self._windows.get(counter)
        if window is None:
            if len(self._windows) >= self._sweep_above:
                self._windows = {name: one for name, one in self._windows.items() if one.used(second)}
                self._sweep_above = max(SWEEP_ABOVE, 2 * len(self._windows))
            window = self._windows[counter] = _Window()
        return window


WHOLE_WAIT: Millis = (WINDOW_S + 1) * SECOND


class _Window:
    """How much was taken in each of the last seconds: [second, amount], oldest first, and the sum of it."""

    __slots__ = ("_seconds", "_sum")

    def __init__(self) -> None:
        self._seconds: deque[list[int]] = deque()
        self._sum = 0

    def used(self, second: int) -> int:
        seconds = self._seconds
        while seconds and seconds[0][0] < second - WINDOW_S:
            self._sum -= seconds.popleft()[1]
        return self._sum

    def wait(self, over: int, now: Millis) -> Millis:
        """How long until `over` units of it no longer count; at most until all of it."""
        for second, amount in self._seconds:
            over -= amount
            if over <= 0:
                return (second + WINDOW_S + 1) * SECOND - now
        return WHOLE_WAIT

    def add(self, second: int, amount: int) -> None:
        seconds = self._seconds
        if seconds and seconds[-1][0] == second:
            seconds[-1][1] += amount
        else:
            seconds.append([second, amount])
        self._sum += amount

    def give_back(self, second: int, amount: int) -> None:
        for found in reversed(self._seconds):
            if found[0] == second:
                back = min(amount, found[1])
                found[1] -= back
                self._sum -= back
                return


def _amount(kind: Kind, tokens: int, limit: int) -> int:
    return 1 if kind == REQUESTS else max(1, min(tokens, limit))
