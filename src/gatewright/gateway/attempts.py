"""Asks deployments until one answers: retries inside a group, then other models; never once the client has a byte.

Source: contract litellm 4.5.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from math import ceil
from typing import NamedTuple

from gatewright.domain.errors import BadInput, UpstreamFailed
from gatewright.domain.money import Usage, cost
from gatewright.gateway.attempt import Attempt, Ticks
from gatewright.gateway.deployments import Deployments
from gatewright.gateway.echo import Echo
from gatewright.gateway.failures import NobodyFree, UpstreamBroke, for_admins, refusal
from gatewright.gateway.fallbacks import fallbacks_of, screens
from gatewright.gateway.faults import Fault, speaks_against
from gatewright.gateway.group import Group, Member, NobodyForTags
from gatewright.gateway.health import LONGEST_REST_S, minute_left
from gatewright.gateway.outcome import Answered, Errand, Failure
from gatewright.gateway.screening import FILTERED_ANSWER, is_filtered, screened
from gatewright.gateway.search import Search
from gatewright.gateway.strategies import Draw
from gatewright.gateway.wishes import Wishes
from gatewright.translation.carriage import CannotCarry
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.client import Client
from gatewright.upstreams.dispatch import EndpointNotServed

STAYING = frozenset({401, 402, 404})
"""Statuses that the next request would get too."""

MOST_RETRIES = 20
"""Of one request, over all models that it falls back to: so many calls may one request cost besides its first ones."""

logger = logging.getLogger(__name__)


class World(NamedTuple):
    """What is outside of the program, for tests to replace."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    draw: Draw = random.random
    ticks: Ticks = time.monotonic


WORLD = World()


class Attempts:
    """One for a worker."""

    def __init__(self, client: Client, echo: Echo, deployments: Deployments, world: World = WORLD) -> None:
        self._deployments = deployments
        self._router = deployments.router
        measures = self._router.strategy == "latency-based-routing"
        self._attempt = Attempt(client, echo, world.ticks, measures=measures)
        self._sleep, self._draw, self._ticks = world

    async def first_that_answers(self, group: Group, errand: Errand) -> Answered:
        """The answer, which may be the last provider's own error; hand it to `done` in the end.

        Raises the client's error when nobody answered, and BadInput for what cannot be sent.
        """
        names = (errand.asked.model, group.name)
        screen = None
        if self._router.content_policy_fallbacks or errand.wishes.content_policy_fallbacks:
            screen = screened(errand.opening.endpoint) if screens(names, self._router, errand.wishes) else None
        outcome = await self._within(group, names, errand, screen)
        if not isinstance(outcome, Answered):
            outcome = await self._elsewhere(group, outcome, errand)
        elif screen is not None and is_filtered(screen, outcome):
            outcome = await self._instead_of(outcome, group, errand)
        if isinstance(outcome, Answered):
            return outcome
        if outcome.passing is not None:
            return outcome.passing
        if errand.caller.sees_everything and outcome.member is not None:
            outcome.error.hint = for_admins(outcome.member.deployment, outcome.status)
        raise outcome.error

    def done(self, answered: Answered, usage: Usage | None) -> None:
        """The answer was passed on, or given up; `usage` is what is known of it."""
        member = answered.member
        if answered.stream is not None:
            answered.stream.answer.abort()
        if answered.status < 300:
            member.health.ends()
        if usage is not None and member.tpm is not None:
            member.health.used(usage.prompt + usage.completion, self._ticks())

    def broke_off(self, answered: Answered, error: UpstreamFailed) -> None:
        """A stream ended with an error after it had begun: as bad as no answer, for who is asked next."""
        now, member = self._ticks(), answered.member
        if not isinstance(error, UpstreamBroke):
            member.health.broke_off(Fault.INTERNAL, now)
            self._may_rest(member, Fault.INTERNAL, None, now, at_once=False)
        elif speaks_against(error.provider_status):
            at_once = error.provider_status in STAYING or error.provider_status == 429
            member.health.broke_off(error.fault, now)
            self._may_rest(member, error.fault, error.asked_wait_s, now, at_once=at_once)

    async def _instead_of(self, filtered: Answered, group: Group, errand: Errand) -> Answered:
        """Another model's answer in the place of one that was filtered; that one where nobody gives another."""
        member, meter = filtered.member, errand.meter
        error = refusal(400, filtered.headers, FILTERED_ANSWER)
        failure = Failure(Fault.CONTENT_POLICY, 400, error, member=member, blameless=True)
        try:
            other = await self._elsewhere(group, failure, errand)
        except BaseException:
            self.done(filtered, None)
            raise
        if isinstance(other, Failure):
            meter.deployment = member.deployment
            return filtered
        used = filtered.usage if filtered.stream is None else filtered.stream.tap.usage
        self.done(filtered, used)
        meter.wasted(cost(used, member.deployment.price) if used else None)
        return other

    async def _within(
        self, group: Group, names: Sequence[str], errand: Errand, screen: Dialect | None = None
    ) -> Answered | Failure:
        """The group's answer, or the failure that it is left with. `names` are those that fallbacks go by."""
        if self._router.tag_filtering:
            try:
                group = group.for_tags(errand.wishes.tags)
            except NobodyForTags as error:
                return Failure(Fault.BAD_REQUEST, error.status, error)
        search: Search | None = None
        failure: Failure | None = None
        only = group.members[0]
        member: Member | None = only
        if not group.alone or only.is_full(self._ticks()):
            search = self._search(group, errand)
            member = search.fresh(self._ticks())
        while member is not None:
            try:
                outcome = await self._attempt.ask(member, errand, screen)
            except (CannotCarry, EndpointNotServed) as error:
                search = search or self._search(group, errand)
                failure = failure or Failure(Fault.BAD_REQUEST, error.status, error)
                member = search.cannot(member, self._ticks())
                continue
            if isinstance(outcome, Answered):
                return outcome
            search = search or self._search(group, errand)
            failure = outcome
            self._note(failure, member, errand.wishes)
            member = await self._again(search, failure, member, names, errand)
        return failure or _nobody(group, self._ticks())

    def _search(self, group: Group, errand: Errand) -> Search:
        return Search(group, self._router, self._draw, wished=errand.wishes.retries, stream=errand.asked.stream)

    async def _again(
        self, search: Search, failure: Failure, member: Member, names: Sequence[str], errand: Errand
    ) -> Member | None:
        """Whom to ask after a failure, when it is time to; None when the group is left with it."""
        now = self._ticks()
        found = search.after(failure, member, now)
        errand.meter.most_retries = search.most
        if found is None or errand.meter.retries >= MOST_RETRIES:
            return None
        if found.member is None and failure.fault is Fault.RATE_LIMIT and self._targets(names, failure, errand):
            return None
        meter, request_id = errand.meter, errand.opening.request_id
        if found.member is not None:
            logger.warning("%s: %s Trying the next deployment.", request_id, failure.error.message)
            meter.retries += 1
            return found.member
        logger.warning("%s: %s Trying again in %.1f s.", request_id, failure.error.message, found.pause_s)
        await self._sleep(found.pause_s)
        then = self._ticks()
        meter.watch.upstream_s += then - now
        again = search.again(then)
        if again is not None:
            meter.retries += 1
        return again

    async def _elsewhere(self, group: Group, failure: Failure, errand: Errand) -> Answered | Failure:
        """Another model's answer, or the failure that matters most when there is none."""
        been = {group.name}
        left = list(reversed(self._targets((errand.asked.model, group.name), failure, errand)))
        while left and errand.meter.fallbacks < self._router.max_fallbacks:
            target = left.pop()
            if target.name in been:
                continue
            been.add(target.name)
            errand.meter.fallbacks += 1
            logger.warning("%s: %s Falling back to %r.", errand.opening.request_id, failure.error.message, target.name)
            try:
                outcome = await self._within(target, (target.name,), errand)
            except BadInput as error:
                logger.warning("%s: %s", errand.opening.request_id, error.message)
                continue
            if isinstance(outcome, Answered):
                return outcome
            left += reversed(self._targets((target.name,), outcome, errand))
            if outcome.member is not None:
                # What stands in for an answer that never was must not hide one that was.
                failure = outcome
        return failure

    def _targets(self, names: Sequence[str], failure: Failure, errand: Errand) -> list[Group]:
        """The models to fall back to that are there, that the caller may use and for which it has no limit of its own.

        Such a limit is taken when a request comes in, for the model that it names.
        """
        wanted = fallbacks_of(names, failure.fault, self._router, errand.wishes)
        reach, caller = self._deployments.reach, errand.caller
        found = [(name, group) for name in wanted if name not in names and (group := reach(name, caller)) is not None]
        return [group for name, group in found if not caller.has_limits_on({name, group.name})]

    def _note(self, failure: Failure, member: Member, wishes: Wishes) -> None:
        """Remembers what a failure says of the deployment."""
        health, now, status = member.health, self._ticks(), failure.status
        if failure.fault is Fault.TIMEOUT and wishes.limits_time:
            health.undecided()
        elif not speaks_against(status) or failure.blameless or (status == 404 and member.for_pattern):
            health.worked(now)
        else:
            health.failed(failure.fault, now)
            at_once = status in STAYING or status == 429
            self._may_rest(member, failure.fault, failure.asked_wait_s, now, at_once=at_once)

    def _may_rest(self, member: Member, fault: Fault, asked_s: float | None, now: float, *, at_once: bool) -> None:
        """Lets a deployment rest that deserves it, unless there is nobody who could answer instead."""
        if member.alone or self._router.disable_cooldowns:
            return
        if not member.health.deserves_rest(fault, self._router, at_once=at_once):
            return
        seconds = member.deployment.terms.cooldown_time
        if seconds is None:
            seconds = asked_s or self._router.cooldown_s
        if seconds > 0:
            member.health.rests(min(seconds, LONGEST_REST_S), now)
            logger.warning("deployment %s rests for %.0f s", member.deployment.id, seconds)


def _nobody(group: Group, now: float) -> Failure:
    """All of them rest or have had what they may get."""
    waits = [
        max(member.health.rest_left(now), minute_left(now) if member.is_full(now) else 0.0) for member in group.members
    ]
    limits = [limit for limit in ("rpm", "tpm") if any(_is_at(member, limit, now) for member in group.members)]
    return Failure(Fault.RATE_LIMIT, 429, NobodyFree(max(1, ceil(min(waits))), limits))


def _is_at(member: Member, limit: str, now: float) -> bool:
    rpm, tpm = (member.rpm, None) if limit == "rpm" else (None, member.tpm)
    return member.health.is_full(rpm, tpm, now)
