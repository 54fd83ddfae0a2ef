"""Hands a provider's answer to the client, whole or as it arrives, and meters it on the way."""

from gatewright.gateway.attempts import Answered
from gatewright.gateway.exchange import Exchange, Facts, WireHeaders
from gatewright.gateway.failures import UpstreamBadAnswer, UpstreamBroke, header, refusal
from gatewright.gateway.meter import Meter
from gatewright.translation.halves import AnswerBroken

STREAM_ENDS = (b"[DONE]\n\n", b"[DONE]\r\n\r\n")
OUR_JSON: WireHeaders = [(b"content-type", b"application/json")]
OUR_EVENTS: WireHeaders = [(b"content-type", b"text/event-stream")]


async def relay(exchange: Exchange, answered: Answered, meter: Meter) -> None:
    """Raises the client's error for a provider's, also in the middle of a stream, and ClientGone."""
    answer, call = answered.answer, answered.call
    if call.streams(answer.status, header(answer.headers, b"content-type") or b""):
        await _relay_stream(exchange, answered, meter)
    else:
        await _relay_whole(exchange, answered, meter)


async def _relay_whole(exchange: Exchange, answered: Answered, meter: Meter) -> None:
    answer, call = answered.answer, answered.call
    meter.first_byte()
    body = await answer.read()
    if 200 <= answer.status < 300:
        try:
            body, usage = call.whole(body)
        except AnswerBroken as error:
            meter.used(error.usage)
            raise UpstreamBroke(error.error.message or None) from error
        except (ValueError, RecursionError) as error:
            raise UpstreamBadAnswer() from error
        meter.used(usage)
    else:
        meter.refused(answer.status)
        # The provider's own JSON reaches a client of its dialect; what it says of our key reaches nobody.
        if call.translated or answer.status in (401, 403) or body.lstrip()[:1] != b"{":
            raise refusal(answer.status, answer.headers, call.error(body))
    meter.settle()
    await exchange.reply(answer.status, _headers(answered, OUR_JSON), body, _facts(answered, meter))


async def _relay_stream(exchange: Exchange, answered: Answered, meter: Meter) -> None:
    tap = answered.call.tap()
    await exchange.begin(answered.answer.status, _headers(answered, OUR_EVENTS), _facts(answered, meter))
    try:
        async for data in answered.answer.stream():
            meter.first_byte()
            relayed = tap.feed(data)
            if not meter.settled and (data.endswith(STREAM_ENDS) or (answered.call.translated and tap.done)):
                # A client that has seen the end may trust that it is recorded.
                meter.used(tap.usage)
                meter.settle()
            if relayed:
                await exchange.send(relayed)
        rest = tap.finish()
        if tap.failed is not None:
            raise UpstreamBroke(tap.failed.message or None)
        if not meter.settled:
            meter.used(tap.usage)
            meter.settle()
        if rest:
            await exchange.send(rest)
    finally:
        if not meter.settled:
            meter.used(tap.usage)
    meter.settle()
    await exchange.end()


def _headers(answered: Answered, ours: WireHeaders) -> WireHeaders:
    """Of a translated answer the kind is ours; the rest stays the provider's."""
    if not answered.call.translated:
        return answered.answer.headers
    return [*ours, *(pair for pair in answered.answer.headers if pair[0] != b"content-type")]


def _facts(answered: Answered, meter: Meter) -> Facts:
    return Facts(
        deployment=answered.deployment,
        cost=meter.cost,
        retries=answered.retries,
        fallbacks=answered.fallbacks,
        dropped=answered.call.dropped,
    )
