"""`/model/info` and `/v1/model/info` (contract litellm 3.8), which LiteLLM's command line reads."""

from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.domain.keys import Principal
from gatewright.domain.money import NANOS_PER_DOLLAR, TOKENS_PER_PRICE
from gatewright.gateway.deployment import DATABASE, Deployment
from gatewright.gateway.deployments import Deployments
from gatewright.web.api.wire import answer
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Costs are numbers of USD for one token, absent when unknown."""

    id: str
    db_model: bool
    input_cost_per_token: float | None = None
    output_cost_per_token: float | None = None


class ModelRow(msgspec.Struct, frozen=True):
    """One deployment. `litellm_params` holds no secret, and nothing for a caller who does not see everything."""

    model_name: str
    litellm_params: dict[str, Any]
    model_info: ModelInfo


class ModelRoutes:
    """LiteLLM's list of deployments."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments

    def routes(self) -> list[Route]:
        return [
            Route("/model/info", ("GET",), self.info, Access.CALLER, Dialect.LITELLM),
            Route("/v1/model/info", ("GET",), self.info, Access.CALLER, Dialect.LITELLM),
        ]

    async def info(self, call: Call) -> Response:
        """`{data}`: those whose model the caller may use, or the one that `?litellm_model_id=` names."""
        principal, wanted = call.principal, call.query("litellm_model_id")
        found = [one for one in self._deployments.visible(principal) if wanted in (None, one.id)]
        return answer({"data": [_row(one, principal) for one in found]})


def _row(one: Deployment, principal: Principal) -> ModelRow:
    params: dict[str, Any] = {}
    if principal.sees_everything:
        params = {"model": f"{one.provider}/{one.upstream_model}", "api_base": one.api_base}
    tokens = NANOS_PER_DOLLAR * TOKENS_PER_PRICE
    info = ModelInfo(
        id=one.id,
        db_model=one.source == DATABASE,
        input_cost_per_token=None if one.price is None else one.price.input / tokens,
        output_cost_per_token=None if one.price is None else one.price.output / tokens,
    )
    return ModelRow(one.name, params, info)
