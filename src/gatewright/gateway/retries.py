"""How often and how soon a request is sent again: LiteLLM's rules as pure functions (contract litellm 4.5)."""

from gatewright.gateway.faults import Fault, by_class, is_retried
from gatewright.settings.router import Router

FIRST_WAIT_S, LONGEST_WAIT_S, JITTER_S = 0.5, 8.0, 0.75
LONGEST_ASKED_S = 60.0
"""A provider that asks for a longer wait is not waited for so long."""

ELSEWHERE = frozenset({401, 403})
"""Statuses about our credential there: another deployment may have a better one."""


def policy_retries(group: str, fault: Fault, router: Router) -> int | None:
    """What the retry policy of the group, or of all, says of this class; None without a word."""
    return by_class(router.group_retry_policy.get(group, router.retry_policy), fault, "Retries")


def usual_retries(status: int, router: Router, *, wished: int | None, own: int | None, alone: bool) -> int:
    """How many retries inside a group a failure allows where no policy says it.

    `wished` is the request's own number, `own` the deployment's.
    """
    if not is_retried(status) and (alone or status not in ELSEWHERE):
        return 0
    if wished is not None:
        return wished
    return router.num_retries if own is None else own


def wait_s(number: int, asked_s: float | None, router: Router, draw: float) -> float:
    """Seconds before retry `number` (from 0). `asked_s` is the provider's Retry-After, `draw` from 0 to below 1."""
    jitter = JITTER_S * draw
    if asked_s is not None and 0 < asked_s <= LONGEST_ASKED_S:
        return asked_s + jitter
    return min(LONGEST_WAIT_S, max(router.retry_after_s, FIRST_WAIT_S * 2.0 ** min(number, 10))) + jitter
