"""One model request, from the key to the record: key, model access, plan, upstream, relay, meter, settle."""

import logging
from collections.abc import Sequence

from gatewright.accounts.keys import KeyRing
from gatewright.domain.clock import Clock
from gatewright.domain.errors import BadInput, TooManyRequests, UpstreamFailed, UpstreamTimeout
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.deployments import Deployments
from gatewright.gateway.echo import Echo
from gatewright.gateway.exchange import Answer, Exchange, WireHeaders
from gatewright.gateway.meter import Meter
from gatewright.spend.ledger import Ledger
from gatewright.upstreams.client import Client
from gatewright.upstreams.endpoints import CHAT, Endpoint
from gatewright.upstreams.failures import CallFailed, CallTimedOut
from gatewright.upstreams.providers import openai
from gatewright.upstreams.providers.openai import Prepared
from gatewright.upstreams.sse import UsageChunkFilter, UsageTail

# Another deployment may answer what this one did not; 401 and 403 are about our key there (contract litellm 4.5).
RETRIED = frozenset({401, 403, 408, 409, 429})
STREAM_ENDS = (b"[DONE]\n\n", b"[DONE]\r\n\r\n")
logger = logging.getLogger(__name__)


class DemonstrationOnlyChats(BadInput):
    code = "demonstration_only_chats"
    summary = "The demonstration model answers chat completions alone."


class UpstreamAuthFailed(UpstreamFailed):
    code = "upstream_auth_failed"
    summary = "The model provider does not accept the credential that is configured for this model. Yours is good."


class UpstreamBadAnswer(UpstreamFailed):
    code = "upstream_bad_answer"
    summary = "The model provider gave an answer that is none of its API. Its configured address may be wrong."


class Chat:
    """Serves model requests. Raises what the edge renders; whatever happens after the plan is recorded."""

    def __init__(self, ring: KeyRing, deployments: Deployments, client: Client, ledger: Ledger, clock: Clock) -> None:
        self._ring = ring
        self._deployments = deployments
        self._client = client
        self._ledger = ledger
        self._clock = clock
        self._echo = Echo(clock)

    async def serve(self, exchange: Exchange, endpoint: Endpoint) -> None:
        """Answers one request. Raises GatewrightError, also after the answer has begun, and ClientGone."""
        caller = self._ring.cached(exchange.secret) or await self._ring.authenticate(exchange.secret)
        asked = openai.prepare(await exchange.body(), content=endpoint.content)
        plan = self._deployments.plan(asked.model, caller)
        if plan[0].is_demonstration and endpoint is not CHAT:
            raise DemonstrationOnlyChats(param="model", hint="Add a model on the dashboard's Models page.")
        meter = Meter(self._ledger, self._clock, exchange, caller, asked)
        try:
            with exchange.until_hang_up():
                answer, deployment = await self._first_that_answers(plan, asked, exchange, endpoint, meter)
                try:
                    if answer.status == 200 and (endpoint.binary or (asked.stream and _has_events(answer))):
                        hides_usage = endpoint.usage_on_request and not asked.include_usage
                        await _relay_stream(exchange, answer, deployment, meter, hides_usage=hides_usage)
                    else:
                        await _relay_whole(exchange, answer, deployment, meter)
                finally:
                    answer.abort()
        except (CallFailed, CallTimedOut) as error:
            meter.failed(error)
            logger.warning("%s: %s", exchange.request_id, error.message)
            if caller.sees_everything:
                raise
            # Which server stands behind a model is for administrators.
            raise _without_names(error) from error
        except BaseException as error:
            meter.failed(error)
            raise
        finally:
            meter.settle()

    async def _first_that_answers(
        self, plan: Sequence[Deployment], asked: Prepared, exchange: Exchange, endpoint: Endpoint, meter: Meter
    ) -> tuple[Answer, Deployment]:
        last = plan[-1]
        for deployment in plan:
            meter.deployment = deployment
            try:
                answer = await self._ask(deployment, asked, exchange, endpoint)
            except (CallFailed, CallTimedOut) as error:
                if deployment is last or not error.retryable:
                    raise
                logger.warning("%s: %s Trying the next deployment.", exchange.request_id, error.message)
                continue
            if deployment is last or not _is_retried(answer.status):
                return answer, deployment
            answer.abort()
        raise UpstreamFailed()

    async def _ask(self, deployment: Deployment, asked: Prepared, exchange: Exchange, endpoint: Endpoint) -> Answer:
        if deployment.is_demonstration:
            return self._echo.answer(asked, exchange.request_id)
        body = openai.rewrite(asked, deployment.upstream_model, add_usage=endpoint.usage_on_request)
        return await self._client.send(deployment.targets[endpoint.path], body, timeouts=deployment.timeouts)


async def _relay_whole(exchange: Exchange, answer: Answer, deployment: Deployment, meter: Meter) -> None:
    meter.first_byte()
    body = await answer.read()
    if 200 <= answer.status < 300:
        meter.used(openai.answer_usage(body))
    else:
        meter.refused(answer.status)
        _check_error(answer.status, answer.headers, body)
    meter.settle()
    await exchange.reply(answer, body, deployment, meter.cost)


async def _relay_stream(
    exchange: Exchange, answer: Answer, deployment: Deployment, meter: Meter, *, hides_usage: bool
) -> None:
    tail = UsageChunkFilter() if hides_usage else UsageTail()
    await exchange.begin(answer, deployment)
    try:
        async for data in answer.stream():
            meter.first_byte()
            relayed = tail.feed(data)
            if data.endswith(STREAM_ENDS) and not meter.settled:
                # A client that has seen the end may trust that it is recorded.
                meter.used(tail.usage)
                meter.settle()
            if relayed:
                await exchange.send(relayed)
        if rest := tail.finish():
            await exchange.send(rest)
    finally:
        if not meter.settled:
            meter.used(tail.usage)
    meter.settle()
    await exchange.end()


def _has_events(answer: Answer) -> bool:
    return (_header(answer.headers, b"content-type") or b"").startswith(b"text/event-stream")


def _is_retried(status: int) -> bool:
    return status >= 500 or status in RETRIED


def _check_error(status: int, headers: WireHeaders, body: bytes) -> None:
    """Raises for an error answer that must not reach the client as it is; the provider's own JSON may."""
    if status in (401, 403):
        raise UpstreamAuthFailed()
    if status >= 400 and body.lstrip()[:1] == b"{":
        return
    if status == 429:
        after = _header(headers, b"retry-after") or b""
        raise TooManyRequests(
            "The model provider refuses more requests now.",
            retry_after=int(after) if after.isdigit() and len(after) < 6 else 60,
            code="upstream_rate_limited",
        )
    raise UpstreamBadAnswer(f"{UpstreamBadAnswer.summary} It answered with the status {status}.")


def _without_names(error: CallFailed | CallTimedOut) -> UpstreamFailed:
    kind = UpstreamTimeout if isinstance(error, UpstreamTimeout) else UpstreamFailed
    return kind(code=error.error_code)


def _header(headers: WireHeaders, name: bytes) -> bytes | None:
    for known, value in headers:
        if known == name:
            return value
    return None
