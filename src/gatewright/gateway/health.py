"""How each deployment did lately, on this worker: what is under way, how quick it is, and whether it rests.

Source: contract litellm 4.5, "Cooldown". Unlike there a deployment that rested is tried with one request first.
"""

from gatewright.gateway.faults import Fault, by_class
from gatewright.settings.router import Router

MINUTE_S = 60.0
FEWEST_CALLS = 5
"""Calls of a minute below which no share of failures says anything."""

NEWEST_WEIGHS = 0.2
LONGEST_REST_S = 300.0
TRIAL_S = 30.0
"""Seconds after which a request that finds out is no longer waited for: another one may."""

NEVER, LONG_AGO = float("-inf"), 0.0


class Health:
    """One deployment's. `now` is seconds of one steady clock.

    `first_byte_s` (streams) and `per_token_s` (whole answers) are moving averages, None before the first answer.
    """

    __slots__ = (
        "_bad",
        "_fails",
        "_good",
        "_minute_ends",
        "_probing",
        "_rests_until",
        "_started",
        "_tokens",
        "first_byte_s",
        "in_flight",
        "per_token_s",
    )

    def __init__(self) -> None:
        self.in_flight = 0
        self.first_byte_s: float | None = None
        self.per_token_s: float | None = None
        self._rests_until = NEVER
        self._probing = False
        self._minute_ends = NEVER
        self._started = self._tokens = self._good = self._bad = 0
        self._fails: dict[Fault, int] = {}

    def starts(self, now: float) -> None:
        """A call begins. After a rest it is the one that finds out."""
        if now >= self._minute_ends:
            self._begin_minute(now)
        self.in_flight += 1
        self._started += 1
        if self._rests_until != NEVER:
            self._probing = True
            self._rests_until = now + TRIAL_S

    def ends(self) -> None:
        """A call is over, in whatever way."""
        self.in_flight -= 1

    def undecided(self) -> None:
        """A call ended without showing how the deployment does: the next one finds out."""
        if self._probing:
            self._probing = False
            self._rests_until = LONG_AGO

    def worked(self, now: float) -> None:
        """It answered; what it answered may be a refusal that the request deserved."""
        if now >= self._minute_ends:
            self._begin_minute(now)
        self._good += 1
        if self._probing:
            self._probing = False
            self._rests_until = NEVER

    def failed(self, fault: Fault, now: float) -> None:
        """It did not do its work."""
        if now >= self._minute_ends:
            self._begin_minute(now)
        self._bad += 1
        self._fails[fault] = self._fails.get(fault, 0) + 1

    def broke_off(self, fault: Fault, now: float) -> None:
        """What counted as an answer when it began was none in the end."""
        self.failed(fault, now)
        self._good = max(0, self._good - 1)

    def used(self, tokens: int, now: float) -> None:
        """Tokens of a request that it served."""
        if now >= self._minute_ends:
            self._begin_minute(now)
        self._tokens += tokens

    def began_in(self, seconds: float) -> None:
        """A stream's first byte came after so long."""
        self.first_byte_s = _average(self.first_byte_s, seconds)

    def answered_in(self, seconds: float, tokens: int) -> None:
        """A whole answer of so many tokens came after so long."""
        self.per_token_s = _average(self.per_token_s, seconds / max(1, tokens))

    def rests(self, seconds: float, now: float) -> None:
        """No requests for so long."""
        self._rests_until = now + seconds
        self._probing = False

    def is_free(self, now: float) -> bool:
        """Whether it may be asked: it does not rest, or nobody finds out now how it does since it did."""
        return now >= self._rests_until

    @property
    def is_on_trial(self) -> bool:
        """Whether the request under way is the one after a rest."""
        return self._probing

    def rest_left(self, now: float) -> float:
        """Seconds until it may be tried; 0 when it may be now."""
        return max(0.0, self._rests_until - now) if self._rests_until != NEVER else 0.0

    def is_full(self, rpm: int | None, tpm: int | None, now: float) -> bool:
        """Whether this minute has had its requests or its tokens; None is no limit."""
        if now >= self._minute_ends:
            self._begin_minute(now)
        return (rpm is not None and self._started >= rpm) or (tpm is not None and self._tokens >= tpm)

    def deserves_rest(self, fault: Fault, router: Router, *, at_once: bool) -> bool:
        """Whether it should rest after the failure that was just noted. `at_once`: this kind of failure stays."""
        if self._probing:
            return True
        allowed = by_class(router.allowed_fails_policy, fault, "AllowedFails")
        if allowed is not None:
            return self._fails.get(fault, 0) > allowed
        if router.allowed_fails is not None:
            return self._bad > router.allowed_fails
        calls = self._good + self._bad
        return at_once or (calls >= FEWEST_CALLS and self._bad * 2 > calls)

    def _begin_minute(self, now: float) -> None:
        self._minute_ends = now + minute_left(now)
        self._started = self._tokens = self._good = self._bad = 0
        if self._fails:
            self._fails = {}


def minute_left(now: float) -> float:
    """Seconds until the next minute begins."""
    return MINUTE_S - now % MINUTE_S


def _average(old: float | None, newest: float) -> float:
    return newest if old is None else old + NEWEST_WEIGHS * (newest - old)
