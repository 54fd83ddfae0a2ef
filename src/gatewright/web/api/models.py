"""`/api/v1/models`: the models that the caller may use, and adding and removing them at run time."""

import msgspec
from starlette.responses import Response

from gatewright.domain.errors import BadInput
from gatewright.domain.keys import Principal
from gatewright.domain.money import dollars
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.deployments import Deployments
from gatewright.web.api.new_model import ModelRequest, placed, read_request
from gatewright.web.api.wire import answer, clean, listed, nothing, read
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route


class PriceAnswer(msgspec.Struct, frozen=True):
    """USD for a million tokens, decimal text."""

    input_per_million: str
    output_per_million: str


class ModelAnswer(msgspec.Struct, frozen=True):
    """One deployment (docs/api.md). Never the provider's key; where it stands only for those who see everything."""

    id: str
    name: str
    provider: str
    upstream_model: str | None
    api_base: str | None
    source: str
    demonstration: bool
    price: PriceAnswer | None


class Models:
    """The deployments."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/models", ("GET",), self.show, Access.CALLER, Dialect.PROBLEM),
            Route("/api/v1/models", ("POST",), self.add, Access.ADMIN, Dialect.PROBLEM),
            # An id from the config file may hold a slash.
            Route("/api/v1/models/{id:path}", ("DELETE",), self.remove, Access.ADMIN, Dialect.PROBLEM),
        ]

    async def show(self, call: Call) -> Response:
        """Those whose model the caller may use."""
        principal = call.principal
        return listed(call, [_answer(one, principal) for one in self._deployments.visible(principal)])

    async def add(self, call: Call) -> Response:
        """201 and the row; on every worker within a second. Raises BadInput naming the field, ModelStoreOff."""
        wanted = await read(call, ModelRequest)
        new = read_request(wanted)
        try:
            added = await self._deployments.add(new, actor=call.actor, origin=call.origin)
        except BadInput as error:
            raise placed(error, wanted.params) from error
        return answer(_answer(added, call.principal), 201)

    async def remove(self, call: Call) -> Response:
        """204. Raises NotFound, Conflict for one that was not added at run time, ModelStoreOff."""
        await self._deployments.remove(clean(call.path("id"), "id"), actor=call.actor, origin=call.origin)
        return nothing()


def _answer(one: Deployment, principal: Principal) -> ModelAnswer:
    open_book = principal.sees_everything
    return ModelAnswer(
        id=one.id,
        name=one.name,
        provider=one.provider,
        upstream_model=one.upstream_model if open_book else None,
        api_base=one.api_base if open_book else None,
        source=one.source,
        demonstration=one.is_demonstration,
        price=None if one.price is None else PriceAnswer(dollars(one.price.input), dollars(one.price.output)),
    )
