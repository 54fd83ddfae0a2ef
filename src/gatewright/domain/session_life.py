"""How long a browser session lives, and when its id is renewed: arithmetic on times, nothing else.

A session ends at its absolute end, whatever happens, and before that when nobody used it for the idle limit. Its cookie
holds a secret that is renewed while in use: a request with a secret that is old enough is answered with the next one,
and whichever request first brings that one makes it the current one. The one before counts for a short while longer,
for the other requests of a page; brought after that, somebody else has it, and the session ends (RFC 9700 4.14, where
the same is said of refresh tokens).
"""

from enum import Enum

import msgspec

from gatewright.domain.clock import HOUR, MINUTE, Millis

# A used session is written back at most this often: a page makes many requests.
TOUCH_EVERY: Millis = 5 * MINUTE
RENEW_AFTER: Millis = HOUR
# For what a page still had under way when another of its requests brought the next secret.
OVERLAP: Millis = MINUTE
# EXPERIMENTAL_UI_LOGIN (contract litellm 1.10).
SHORT_SECRET: Millis = 10 * MINUTE
SHORT_RENEW_AFTER: Millis = 2 * MINUTE


class Lives(msgspec.Struct, frozen=True):
    """The limits of a kind of session. `idle` None is no limit but the absolute one.

    `secret` is how long one secret counts, None as long as the session; `renew_after` how old it is when the next one
    is handed out, None never.
    """

    absolute: Millis
    idle: Millis | None = None
    secret: Millis | None = None
    renew_after: Millis | None = None

    @property
    def unused(self) -> Millis:
        """How long a session lives that nobody uses."""
        return min(limit for limit in (self.absolute, self.idle, self.secret) if limit is not None)

    @property
    def touch_every(self) -> Millis:
        """So often that an idle limit is kept to a tenth."""
        return min(TOUCH_EVERY, self.unused // 10)

    def end(self, now: Millis, absolute_end: Millis) -> Millis:
        """When a session ends that is used now, and then no more."""
        return min(now + self.unused, absolute_end)


class Brought(Enum):
    """Which of a session's secrets a request brought."""

    CURRENT = "current"
    NEXT = "next"
    PREVIOUS = "previous"
    STRANGE = "strange"


class Times(msgspec.Struct, frozen=True):
    """The times of a session. `next_at` is when the next secret was made, `previous_until` how long the last counts."""

    last_used_at: Millis
    expires_at: Millis
    absolute_end: Millis
    secret_at: Millis
    next_at: Millis | None = None
    previous_until: Millis | None = None


class Verdict(Enum):
    """What becomes of the request."""

    GOOD = "good"
    OVER = "over"
    REUSED = "reused"


class Judgement(msgspec.Struct, frozen=True):
    """`adopt`: the next secret is the current one now. `renew`: the answer carries the next one, made if need be.

    `expires_at` is set when the use is to be written.
    """

    verdict: Verdict
    adopt: bool = False
    renew: bool = False
    expires_at: Millis | None = None


def judge(lives: Lives, times: Times, brought: Brought, now: Millis) -> Judgement:
    """What a request is worth that brings one of the session's secrets now."""
    if times.expires_at <= now or times.absolute_end <= now:
        return Judgement(Verdict.OVER)
    if brought is Brought.STRANGE:
        return Judgement(Verdict.REUSED)
    if brought is Brought.PREVIOUS and (times.previous_until is None or times.previous_until <= now):
        return Judgement(Verdict.REUSED)
    made_at = times.secret_at if brought is Brought.CURRENT else times.next_at if brought is Brought.NEXT else None
    if made_at is not None and lives.secret is not None and made_at + lives.secret <= now:
        return Judgement(Verdict.OVER)
    adopt = brought is Brought.NEXT
    touch = adopt or now - times.last_used_at >= lives.touch_every
    return Judgement(
        Verdict.GOOD,
        adopt=adopt,
        renew=brought is Brought.CURRENT and _is_due(lives, times, now),
        expires_at=lives.end(now, times.absolute_end) if touch else None,
    )


def _is_due(lives: Lives, times: Times, now: Millis) -> bool:
    if times.next_at is not None:
        # It was handed out and not brought yet: the answer was lost, or is still on its way.
        return True
    settled = times.previous_until is None or times.previous_until <= now
    return lives.renew_after is not None and settled and now - times.secret_at >= lives.renew_after
