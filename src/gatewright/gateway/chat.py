"""One model request from the key to the record: key, model access, limits, cache, upstream, relay, meter, settle."""

import logging
from functools import partial
from typing import NamedTuple

from gatewright.accounts.keys import JWT, KeyRing
from gatewright.domain.clock import Clock
from gatewright.domain.errors import UpstreamFailed
from gatewright.domain.keys import Principal
from gatewright.gateway.attempts import WORLD, Attempts, World
from gatewright.gateway.cache.cache import Cache
from gatewright.gateway.deployments import Deployments
from gatewright.gateway.echo import Echo
from gatewright.gateway.exchange import Exchange, Sink
from gatewright.gateway.failures import without_names
from gatewright.gateway.group import Group
from gatewright.gateway.limits.limiter import Limiter
from gatewright.gateway.meter import Meter, Watch
from gatewright.gateway.outcome import Errand
from gatewright.gateway.relay import relay
from gatewright.gateway.team_choice import TEAM_HEADER, in_team
from gatewright.gateway.wishes import read_wishes
from gatewright.spend.ledger import Ledger
from gatewright.upstreams.body import prepare
from gatewright.upstreams.call import Opening
from gatewright.upstreams.client import Client
from gatewright.upstreams.dispatch import Body
from gatewright.upstreams.endpoints import Endpoint
from gatewright.upstreams.failures import CallFailed, CallTimedOut
from gatewright.upstreams.form import read_form

logger = logging.getLogger(__name__)


class Gates(NamedTuple):
    """What a request passes before a provider is asked. Without a cache nothing is kept."""

    limiter: Limiter
    cache: Cache | None = None


class Chat:
    """Serves model requests. Raises what the edge renders; whatever happens after the plan is recorded."""

    def __init__(
        self,
        ring: KeyRing,
        deployments: Deployments,
        client: Client,
        ledger: Ledger,
        clock: Clock,
        world: World = WORLD,
        *,
        gates: Gates,
    ) -> None:
        self._ring = ring
        self._deployments = deployments
        self._ledger = ledger
        self._clock = clock
        self._ticks = world.ticks
        self._limiter, self._cache = gates
        self._attempts = Attempts(client, Echo(clock), deployments, world)

    async def serve(self, exchange: Exchange, endpoint: Endpoint) -> None:
        """Answers one request. Raises GatewrightError, also after the answer has begun, and ClientGone."""
        caller = self._ring.cached(exchange.secret) or await self._ring.caller(
            exchange.secret, exchange.address, exchange.request_id
        )
        whole = await exchange.body()
        watch = Watch(self._ticks, self._clock())
        asked, wishes = read_wishes(_read(whole, exchange, endpoint), exchange.wishes)
        if caller.kind == JWT:
            caller = self._in_team(caller, exchange, endpoint, asked.model)
        group = self._deployments.plan(asked.model, caller)
        forwarded = exchange.forwarded(endpoint.forwards) if endpoint.forwards else ()
        opening = Opening(endpoint, exchange.request_id, watch.started_at // 1000, forwarded)
        use = None if self._cache is None else self._cache.use(caller, asked, opening, wishes)
        admission = None
        if self._limiter.concerns(caller):
            admission = await self._limiter.admit(caller, asked, whole, endpoint, exchange.request_id, group.name)
        meter = Meter(self._ledger, exchange, caller, asked, watch)
        meter.admission, meter.session_id = admission, wishes.session_id
        try:
            with exchange.until_hang_up():
                errand = Errand(asked, opening, caller, wishes, meter)
                if self._cache is None or use is None:
                    await self._ask(group, errand, exchange)
                else:
                    await self._cache.serve(use, exchange, meter, partial(self._ask, group, errand))
        except BaseException as error:
            meter.failed(error)
            exchange.facts = meter.facts()
            if isinstance(error, CallFailed | CallTimedOut):
                logger.warning("%s: %s", exchange.request_id, error.message)
                if not caller.sees_everything:
                    raise without_names(error) from error
            raise
        finally:
            meter.settle()

    def _in_team(self, caller: Principal, exchange: Exchange, endpoint: Endpoint, model: str) -> Principal:
        """A token's caller as it acts here. Raises Forbidden."""
        return in_team(
            caller,
            endpoint.path,
            exchange.forwarded(TEAM_HEADER),
            lambda one: self._deployments.shown(model, one) is not None,
        )

    async def _ask(self, group: Group, errand: Errand, sink: Sink) -> None:
        answered = await self._attempts.first_that_answers(group, errand)
        try:
            broke = await relay(sink, answered, errand.meter)
            if broke is not None:
                self._attempts.broke_off(answered, broke)
        except UpstreamFailed as error:
            self._attempts.broke_off(answered, error)
            raise
        finally:
            self._attempts.done(answered, errand.meter.usage)


def _read(whole: bytes, exchange: Exchange, endpoint: Endpoint) -> Body:
    """What is asked for. Raises BadInput."""
    if not endpoint.form:
        return prepare(whole, content=endpoint.content, named=exchange.named_model)
    kind = exchange.forwarded((b"content-type",))
    return read_form(whole, kind[0][1] if kind else b"", endpoint.content, named=exchange.named_model)
