"""Hands a provider's answer to the client, whole or as it arrives, and meters it on the way."""

from gatewright.gateway.exchange import Sink, WireHeaders
from gatewright.gateway.failures import UpstreamBroke
from gatewright.gateway.meter import Meter
from gatewright.gateway.outcome import Answered, Stream
from gatewright.gateway.secrets import secrets_of, without_secrets

STREAM_ENDS = (b"[DONE]\n\n", b"[DONE]\r\n\r\n")
OUR_JSON: WireHeaders = [(b"content-type", b"application/json")]
OUR_EVENTS: WireHeaders = [(b"content-type", b"text/event-stream")]


async def relay(exchange: Sink, answered: Answered, meter: Meter) -> UpstreamBroke | None:
    """The error that the provider ended its stream with, when the client has been told of it by the stream itself.

    Raises the client's error for a stream that breaks off otherwise, and ClientGone.
    """
    meter.first_byte()
    if answered.stream is not None:
        return await _relay_stream(exchange, answered, answered.stream, meter)
    if answered.status < 300:
        meter.used(answered.usage)
    else:
        meter.refused(answered.status)
    meter.settle()
    if meter.admission is not None:
        await meter.admission.settled()
    await exchange.reply(
        answered.status, _headers(answered, OUR_JSON), answered.body, meter.facts(answered.call.dropped)
    )
    return None


async def _relay_stream(exchange: Sink, answered: Answered, stream: Stream, meter: Meter) -> UpstreamBroke | None:
    tap, data, relayed = stream.tap, stream.data, stream.first
    await exchange.begin(answered.status, _headers(answered, OUR_EVENTS), meter.facts(answered.call.dropped))
    arriving = aiter(stream.answer.stream())
    try:
        while True:
            if not meter.settled and (data.endswith(STREAM_ENDS) or (tap.notices_end and tap.done)):
                # A client that has seen the end may trust that it is recorded.
                meter.used(tap.usage)
                meter.settle()
                if meter.admission is not None:
                    await meter.admission.settled()
            if relayed:
                await exchange.send(relayed)
            elif tap.failed is not None:
                break
            try:
                data = await anext(arriving)
            except StopAsyncIteration:
                break
            relayed = tap.feed(data)
        broke = await _end(exchange, answered, stream, meter)
    finally:
        if not meter.settled:
            meter.used(tap.usage)
    meter.settle()
    await exchange.end()
    return broke


async def _end(exchange: Sink, answered: Answered, stream: Stream, meter: Meter) -> UpstreamBroke | None:
    tap = stream.tap
    rest = tap.finish()
    broke = None
    if tap.failed is not None:
        broke = UpstreamBroke(without_secrets(tap.failed, secrets_of(answered.member.deployment)))
        if not tap.failed.told:
            raise broke
        meter.used(tap.usage)
        meter.failed(broke)
        meter.settle()
    if not meter.settled:
        meter.used(tap.usage)
        meter.settle()
    if rest:
        await exchange.send(rest)
    return broke


def _headers(answered: Answered, ours: WireHeaders) -> WireHeaders:
    """Of a translated answer the kind is ours; the rest stays the provider's."""
    if not answered.call.translated:
        return answered.headers
    return [*ours, *(pair for pair in answered.headers if pair[0] != b"content-type")]
