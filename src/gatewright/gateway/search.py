"""Whom of a group one request asks, and whom next after a failure (contract litellm 4.5).

Unlike in LiteLLM a retry goes to a deployment that was not asked yet as long as there is one.
"""

from typing import NamedTuple

from gatewright.gateway.faults import Fault
from gatewright.gateway.group import Group, Member
from gatewright.gateway.outcome import Failure
from gatewright.gateway.retries import ELSEWHERE, policy_retries, usual_retries, wait_s
from gatewright.gateway.strategies import Draw, choose
from gatewright.settings.router import Router

REQUESTS_OWN = frozenset({Fault.BAD_REQUEST, Fault.CONTEXT_WINDOW, Fault.CONTENT_POLICY})
"""Another deployment of the same model would say the same."""


class Next(NamedTuple):
    """Ask this one now; or, without one, wait so many seconds and ask `again`."""

    member: Member | None = None
    pause_s: float = 0.0


class Search:
    """One request's way through one group. `wished` is the request's own number of retries.

    `most` is how many retries the last failure allowed.
    """

    __slots__ = (
        "_barred",
        "_draw",
        "_group",
        "_next_tier",
        "_retries",
        "_router",
        "_stream",
        "_tried",
        "_wished",
        "most",
    )

    def __init__(self, group: Group, router: Router, draw: Draw, *, wished: int | None, stream: bool) -> None:
        self._group = group
        self._router = router
        self._draw = draw
        self._wished = wished
        self._stream = stream
        self._tried: tuple[Member, ...] = ()
        self._barred: tuple[Member, ...] = ()
        self._retries = self._next_tier = 0
        self.most: int | None = None

    def fresh(self, now: float, lowest: int = 0) -> Member | None:
        """One that was not asked yet, of the lowest order that has one; None when there is none that may be asked.

        `lowest` leaves out the orders before that one.
        """
        if self._group.alone and not self._tried:
            (only,) = self._group.members
            return None if only.is_full(now) else only
        for place, tier in enumerate(self._group.tiers[lowest:], lowest):
            free = [
                member
                for member in tier
                if member not in self._tried and member.health.is_free(now) and not member.is_full(now)
            ]
            if free:
                self._next_tier = place
                return choose(free, self._router.strategy, self._draw, stream=self._stream)
        return None

    def again(self, now: float) -> Member | None:
        """One that was asked already, of the lowest order that has one."""
        for tier in self._group.tiers:
            free = [member for member in tier if member in self._tried and self._may_be_asked_again(member, now)]
            if free:
                return choose(free, self._router.strategy, self._draw, stream=self._stream)
        return None

    def _may_be_asked_again(self, member: Member, now: float) -> bool:
        return member not in self._barred and member.health.is_free(now) and not member.is_full(now)

    def cannot(self, member: Member, now: float) -> Member | None:
        """Whom to ask instead of one that has no counterpart of what is asked for. It was not called."""
        self._tried += (member,)
        self._barred += (member,)
        return self.fresh(now)

    def after(self, failure: Failure, member: Member, now: float) -> Next | None:
        """What to do after `member` failed; None when the group is left with this failure.

        The deployments of the next order stand in for those of one that has failed, as fallbacks do.
        """
        if member not in self._tried:
            self._tried += (member,)
        here = self._next_tier
        self.most = most = self._most(failure, member)
        spent = self._retries >= most
        found = self.fresh(now, here + 1 if spent else here)
        if found is not None and self._next_tier != here:
            if spent and failure.fault in REQUESTS_OWN:
                return None
            self._retries = 0
            return Next(found)
        if spent or (found is None and self.again(now) is None):
            return None
        self._retries += 1
        if found is not None:
            return Next(found)
        return Next(None, wait_s(self._retries - 1, failure.asked_wait_s, self._router, self._draw()))

    def _most(self, failure: Failure, member: Member) -> int:
        """How many retries this failure allows; a request that wants none gets none."""
        if self._wished != 0:
            by_policy = policy_retries(self._group.name, failure.fault, self._router)
            if by_policy is not None:
                return by_policy
        if failure.status in ELSEWHERE:
            self._barred += (member,)
        return usual_retries(
            failure.status,
            self._router,
            wished=self._wished,
            own=member.deployment.terms.retries,
            alone=self._group.alone,
        )
