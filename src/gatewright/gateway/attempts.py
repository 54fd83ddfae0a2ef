"""Asks deployments one after another until one answers; never a second one after the first byte went to the client."""

import logging
from collections.abc import Sequence

import msgspec

from gatewright.domain.errors import UpstreamFailed
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.echo import Echo
from gatewright.gateway.exchange import Answer
from gatewright.gateway.meter import Meter
from gatewright.upstreams.body import prepare
from gatewright.upstreams.call import Call, Opening
from gatewright.upstreams.client import Client
from gatewright.upstreams.dispatch import Body, open_call
from gatewright.upstreams.failures import CallFailed, CallTimedOut

# Another deployment may answer what this one did not; 401 and 403 are about our key there (contract litellm 4.5).
RETRIED = frozenset({401, 403, 408, 409, 429})
logger = logging.getLogger(__name__)


class Answered(msgspec.Struct, frozen=True):
    """Who answered, and what came of asking the others. The answer may be an error."""

    answer: Answer
    call: Call
    deployment: Deployment
    retries: int = 0
    fallbacks: int = 0


class Attempts:
    """One for a worker."""

    def __init__(self, client: Client, echo: Echo) -> None:
        self._client = client
        self._echo = echo

    async def first_that_answers(
        self, plan: Sequence[Deployment], asked: Body, opening: Opening, meter: Meter
    ) -> Answered:
        """Raises CallFailed and CallTimedOut when nobody answered, and BadInput for what cannot be sent."""
        last = plan[-1]
        for retries, deployment in enumerate(plan):
            meter.deployment = deployment
            call = open_call(deployment.ways.get(opening.endpoint.path), asked, opening)
            try:
                answer = await self._send(deployment, call, opening)
            except (CallFailed, CallTimedOut) as error:
                if deployment is last or not error.retryable:
                    raise
                logger.warning("%s: %s Trying the next deployment.", opening.request_id, error.message)
                continue
            if deployment is last or not _is_retried(answer.status):
                return Answered(answer, call, deployment, retries)
            answer.abort()
        raise UpstreamFailed()

    async def _send(self, deployment: Deployment, call: Call, opening: Opening) -> Answer:
        if deployment.is_demonstration:
            return self._echo.answer(prepare(call.body), opening.request_id)
        headers = call.headers
        if (signer := deployment.ways[opening.endpoint.path].signer) is not None:
            headers += await signer.headers(call.target, call.body)
        return await self._client.send(call.target, call.body, headers=headers, timeouts=deployment.timeouts)


def _is_retried(status: int) -> bool:
    return status >= 500 or status in RETRIED
