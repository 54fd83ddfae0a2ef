"""`/api/v1/models`: the models that the caller may use, and adding and removing them at run time."""

import re

import msgspec
from starlette.responses import Response

from gatewright.domain.errors import BadInput
from gatewright.domain.keys import Principal
from gatewright.domain.money import NANOS_PER_DOLLAR, Nanos, Price, dollars
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.deployments import Deployments, NewDeployment
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


class ModelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A deployment to add. Prices are USD for a million tokens as decimal text: both, or neither."""

    name: str
    upstream_model: str
    api_base: str | None = None
    api_key: str | None = None
    input_price_per_million: str | None = None
    output_price_per_million: str | None = None

    def __repr__(self) -> str:
        return f"ModelRequest({self.name!r}, {self.upstream_model!r})"


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
        new = NewDeployment(
            name=wanted.name,
            upstream_model=wanted.upstream_model,
            api_base=None if wanted.api_base is None else clean(wanted.api_base, "api_base"),
            api_key=wanted.api_key,
            price=_price(wanted),
        )
        added = await self._deployments.add(new, actor=call.actor, origin=call.origin)
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


def _price(wanted: ModelRequest) -> Price | None:
    """The two prices, None without either. Raises BadInput naming the one that is missing or no price."""
    rates = {
        "input_price_per_million": wanted.input_price_per_million,
        "output_price_per_million": wanted.output_price_per_million,
    }
    missing = [param for param, text in rates.items() if text is None]
    if len(missing) == 2:
        return None
    if missing:
        raise BadInput("The other price is missing.", param=missing[0], hint="Give both prices, or neither.")
    incoming, outgoing = (_nanos(text or "", param) for param, text in rates.items())
    return Price(input=incoming, output=outgoing)


def _nanos(text: str, param: str) -> Nanos:
    """Decimal text in USD as exact nano-dollars: no more than the nine decimals that a nano-dollar has."""
    match = re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?", text.strip())
    if match is None:
        raise BadInput(
            "This is not a price.",
            param=param,
            hint="Write USD for a million tokens as decimal text with at most nine decimals, such as 2.50.",
        )
    return int(match[1]) * NANOS_PER_DOLLAR + int((match[2] or "").ljust(9, "0"))
