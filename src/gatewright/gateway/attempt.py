"""Asks one deployment once, until its answer is whole or has begun: so long another may be asked instead."""

import re
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from gatewright.domain.errors import UpstreamFailed, UpstreamTimeout
from gatewright.gateway.counting import Estimate
from gatewright.gateway.deployment import BUILT_IN, Deployment
from gatewright.gateway.echo import Echo
from gatewright.gateway.exchange import Answer
from gatewright.gateway.failures import (
    KEY_REFUSED,
    UpstreamBadAnswer,
    header,
    refusal,
    retry_after_s,
)
from gatewright.gateway.faults import Fault, fault_of, is_the_requests, status_of
from gatewright.gateway.group import Member
from gatewright.gateway.outcome import Answered, Errand, Failure, Stream
from gatewright.gateway.screening import Ended, is_undecided
from gatewright.gateway.secrets import WORD, hidden, secrets_of, without_secrets
from gatewright.gateway.terms import within
from gatewright.gateway.whole_events import WholeEvents
from gatewright.gateway.wishes import NO_WISHES, Wishes
from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import AnswerBroken, ProviderError, Tap
from gatewright.upstreams.body import Prepared, prepare
from gatewright.upstreams.call import Call, Signer
from gatewright.upstreams.client import Client
from gatewright.upstreams.dispatch import open_call
from gatewright.upstreams.endpoints import COUNT_TOKENS
from gatewright.upstreams.failures import AddressRefused
from gatewright.upstreams.passing import EVENTS
from gatewright.upstreams.timeouts import Timeouts

Ticks = Callable[[], float]
"""Seconds of a steady clock."""

LARGEST_ERROR = 1024 * 1024
"""Bytes of an error answer."""

STAND_IN_STATUS = 500
JSON_BEGINS = (b"{", b"[")
# A provider that notices too late that it cannot answer says so in the first event of a good answer.
BROKEN_EVENT = re.compile(rb'\s*(?:event: ?error\r?\n)?data: ?(\{\s*(?:"error"\s*:\s*[{"]|"type"\s*:\s*"error").*)')


class Attempt:
    """One for a worker. `measures`: how quick the deployments are matters."""

    def __init__(self, client: Client, echo: Echo, ticks: Ticks, *, measures: bool) -> None:
        self._measures = measures
        self._client = client
        self._echo = echo
        self._ticks = ticks

    async def ask(self, member: Member, errand: Errand, screen: Dialect | None = None) -> Answered | Failure:
        """Raises BadInput for what cannot be sent there. Of an answer that is not a failure the stream, if there is
        one, must be taken to its end or aborted, and `member.health.ends` called. With `screen`, the client's dialect,
        a stream has begun only when it says something, or why it does not.
        """
        health, meter = member.health, errand.meter
        meter.deployment = member.deployment
        call = _open(member.deployment, errand)
        answer: Answer | None = None
        ticks = self._ticks
        began = ticks()
        health.starts(began)
        try:
            answer = await self._sent(member.deployment, call, errand)
            outcome = await _received(answer, call, member, errand, screen)
        except BaseException as error:
            if answer is not None:
                answer.abort()
            if not isinstance(error, UpstreamFailed):
                health.undecided()
                health.ends()
                raise
            outcome = _failed(member, error)
        now = ticks()
        meter.watch.upstream_s += now - began
        if self._measures:
            _measure(outcome, member, errand, now - began)
        if isinstance(outcome, Answered):
            health.worked(now)
        else:
            health.ends()
        return outcome

    def _sent(self, deployment: Deployment, call: Call, errand: Errand) -> Coroutine[Any, Any, Answer]:
        """Raises UpstreamFailed when awaited."""
        if deployment.source == BUILT_IN or isinstance(call, Estimate):
            return self._own_answer(call, errand)
        timeouts = deployment.stream_timeouts if errand.asked.stream else deployment.timeouts
        if errand.wishes is not NO_WISHES:
            timeouts = _wished(errand.wishes, timeouts, stream=errand.asked.stream)
        signer = deployment.ways[errand.opening.endpoint.path].signer
        if signer is not None:
            return self._signed(signer, call, timeouts)
        return self._client.send(call.target, call.body, headers=call.headers, timeouts=timeouts)

    async def _signed(self, signer: Signer, call: Call, timeouts: Timeouts | None) -> Answer:
        headers = call.headers + await signer.headers(call.target, call.body)
        return await self._client.send(call.target, call.body, headers=headers, timeouts=timeouts)

    async def _own_answer(self, call: Call, errand: Errand) -> Answer:
        if isinstance(call, Estimate):
            return call.answer()
        return self._echo.answer(prepare(call.body), errand.opening.request_id)


def _open(deployment: Deployment, errand: Errand) -> Call:
    """Raises EndpointNotServed, and BadInput for what cannot be carried."""
    way, asked, opening = deployment.ways.get(errand.opening.endpoint.path), errand.asked, errand.opening
    if way is None and opening.endpoint is COUNT_TOKENS and isinstance(asked, Prepared):
        return Estimate(asked, opening)
    return open_call(way, asked, opening)


def _wished(wishes: Wishes, usual: Timeouts | None, *, stream: bool) -> Timeouts | None:
    seconds = wishes.timeout_s
    if stream and wishes.stream_timeout_s is not None:
        seconds = wishes.stream_timeout_s
    return usual if seconds is None else within(seconds)


def _measure(outcome: Answered | Failure, member: Member, errand: Errand, seconds: float) -> None:
    """Notes how long it took; one that took too long counts too, else it would stay the quickest."""
    if isinstance(outcome, Failure):
        if outcome.fault is Fault.TIMEOUT and not errand.wishes.limits_time:
            member.health.began_in(seconds)
            member.health.answered_in(seconds, 1)
    elif outcome.stream is not None:
        member.health.began_in(seconds)
    else:
        member.health.answered_in(seconds, outcome.usage.completion if outcome.usage else 0)


def _received(
    answer: Answer, call: Call, member: Member, errand: Errand, screen: Dialect | None
) -> Coroutine[Any, Any, Answered | Failure]:
    """Raises UpstreamFailed when awaited."""
    kind = header(answer.headers, b"content-type") or b""
    if call.streams(answer.status, kind):
        return _begun(answer, call, member, screen, passes=not call.translated and kind.startswith(EVENTS))
    if not 200 <= answer.status < 300:
        return _refused(answer, call, member)
    return _whole(answer, call, member, errand)


async def _begun(
    answer: Answer, call: Call, member: Member, screen: Dialect | None, *, passes: bool
) -> Answered | Failure:
    """The stream with its first bytes for the client; `passes`: they are the provider's. Raises UpstreamFailed."""
    tap: Tap = WholeEvents(call.tap(), partial(secrets_of, member.deployment)) if passes else call.tap()
    held = b""
    async for data in answer.stream():
        relayed = held + tap.feed(data) if held else tap.feed(data)
        if passes and relayed and (broken := BROKEN_EVENT.match(relayed)) is not None:
            answer.abort()
            return _broken(answer, call.error(broken[1]), member)
        if tap.failed is not None and not relayed:
            answer.abort()
            return _broken(answer, tap.failed, member)
        if relayed and screen is not None and is_undecided(screen, relayed):
            held = relayed
        elif relayed:
            return Answered(member, call, answer.status, answer.headers, stream=Stream(answer, tap, data, relayed))
    rest = held + tap.finish()
    if tap.failed is not None:
        return _broken(answer, tap.failed, member)
    if not rest:
        raise UpstreamBadAnswer("The model provider's answer is empty.")
    return Answered(member, call, answer.status, answer.headers, stream=Stream(answer, Ended(tap), b"", rest))


async def _whole(answer: Answer, call: Call, member: Member, errand: Errand) -> Answered | Failure:
    """Raises UpstreamFailed."""
    body = await answer.read()
    try:
        body, usage = call.whole(body)
    except AnswerBroken as error:
        errand.meter.used(error.usage)
        return _broken(answer, error.error, member)
    except (ValueError, RecursionError) as error:
        raise UpstreamBadAnswer() from error
    endpoint = errand.opening.endpoint
    if body[:1] != b"{" and not endpoint.form and not endpoint.binary and not body.lstrip().startswith(JSON_BEGINS):
        raise UpstreamBadAnswer()
    if not call.translated and len(body) <= LARGEST_ERROR and body.find(WORD) >= 0:
        body = hidden(body, secrets_of(member.deployment))
    return Answered(member, call, answer.status, answer.headers, body, usage)


async def _refused(answer: Answer, call: Call, member: Member) -> Failure:
    status = answer.status
    try:
        body = await answer.read(LARGEST_ERROR)
    except UpstreamFailed:
        # The status says enough.
        body = b""
    secrets = secrets_of(member.deployment)
    error = without_secrets(call.error(body), secrets)
    if error.kind in KEY_REFUSED:
        status = 401
    passing = None
    # The provider's own JSON reaches a client of its dialect; what it says of our key reaches nobody.
    if not call.translated and status >= 400 and status not in (401, 403) and body.lstrip()[:1] == b"{":
        passing = Answered(member, call, status, answer.headers, hidden(body, secrets))
    return Failure(
        fault_of(status, error),
        status,
        refusal(status, answer.headers, error),
        passing,
        retry_after_s(answer.headers) or error.retry_after,
        member,
        is_the_requests(status, error),
    )


def _broken(answer: Answer, error: ProviderError, member: Member) -> Failure:
    """A good answer that begins with an error."""
    error = without_secrets(error, secrets_of(member.deployment))
    status = 401 if error.kind in KEY_REFUSED else status_of(error) or STAND_IN_STATUS
    return Failure(
        fault_of(status, error),
        status,
        refusal(status, answer.headers, error),
        asked_wait_s=retry_after_s(answer.headers) or error.retry_after,
        member=member,
        blameless=is_the_requests(status, error),
    )


def _failed(member: Member, error: UpstreamFailed) -> Failure:
    if isinstance(error, AddressRefused):
        return Failure(Fault.PERMISSION, 403, error, member=member)
    if isinstance(error, UpstreamTimeout):
        return Failure(Fault.TIMEOUT, 408, error, member=member)
    if isinstance(error, UpstreamBadAnswer):
        return Failure(Fault.BAD_GATEWAY, 502, error, member=member)
    return Failure(Fault.INTERNAL, STAND_IN_STATUS, error, member=member)
