"""One model request, from the key to the record: key, model access, plan, upstream, relay, meter, settle."""

import logging

from gatewright.accounts.keys import KeyRing
from gatewright.domain.clock import Clock
from gatewright.gateway.attempts import Attempts
from gatewright.gateway.deployments import Deployments
from gatewright.gateway.echo import Echo
from gatewright.gateway.exchange import Exchange
from gatewright.gateway.failures import without_names
from gatewright.gateway.meter import Meter
from gatewright.gateway.relay import relay
from gatewright.spend.ledger import Ledger
from gatewright.upstreams.body import prepare
from gatewright.upstreams.call import Opening
from gatewright.upstreams.client import Client
from gatewright.upstreams.dispatch import Body
from gatewright.upstreams.endpoints import Endpoint
from gatewright.upstreams.failures import CallFailed, CallTimedOut
from gatewright.upstreams.form import read_form

logger = logging.getLogger(__name__)


class Chat:
    """Serves model requests. Raises what the edge renders; whatever happens after the plan is recorded."""

    def __init__(self, ring: KeyRing, deployments: Deployments, client: Client, ledger: Ledger, clock: Clock) -> None:
        self._ring = ring
        self._deployments = deployments
        self._ledger = ledger
        self._clock = clock
        self._attempts = Attempts(client, Echo(clock))

    async def serve(self, exchange: Exchange, endpoint: Endpoint) -> None:
        """Answers one request. Raises GatewrightError, also after the answer has begun, and ClientGone."""
        caller = self._ring.cached(exchange.secret) or await self._ring.authenticate(exchange.secret)
        asked = await _read(exchange, endpoint)
        plan = self._deployments.plan(asked.model, caller)
        forwarded = exchange.forwarded(endpoint.forwards) if endpoint.forwards else ()
        opening = Opening(endpoint, exchange.request_id, self._clock() // 1000, forwarded)
        meter = Meter(self._ledger, self._clock, exchange, caller, asked)
        try:
            with exchange.until_hang_up():
                answered = await self._attempts.first_that_answers(plan, asked, opening, meter)
                try:
                    await relay(exchange, answered, meter)
                finally:
                    answered.answer.abort()
        except (CallFailed, CallTimedOut) as error:
            meter.failed(error)
            logger.warning("%s: %s", exchange.request_id, error.message)
            if caller.sees_everything:
                raise
            raise without_names(error) from error
        except BaseException as error:
            meter.failed(error)
            raise
        finally:
            meter.settle()


async def _read(exchange: Exchange, endpoint: Endpoint) -> Body:
    """What is asked for. Raises BadInput and ClientGone."""
    whole = await exchange.body()
    if not endpoint.form:
        return prepare(whole, content=endpoint.content, named=exchange.named_model)
    kind = exchange.forwarded((b"content-type",))
    return read_form(whole, kind[0][1] if kind else b"", endpoint.content, named=exchange.named_model)
