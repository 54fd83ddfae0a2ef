"""`/model/info`, `/model/new` and `/model/delete` (contract litellm 3.8), which LiteLLM's command line calls."""

from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import iso
from gatewright.domain.errors import BadInput
from gatewright.domain.keys import Principal
from gatewright.gateway.deployment import DATABASE, Deployment
from gatewright.gateway.deployments import Deployments, NewDeployment
from gatewright.settings.added import Added, read_added
from gatewright.settings.costs import costs_of
from gatewright.web.api.wire import answer, clean
from gatewright.web.call import Call
from gatewright.web.litellm.fields import asked, storable
from gatewright.web.routing import Access, Dialect, Route

LONGEST_ID = 200


class ModelRow(msgspec.Struct, frozen=True):
    """One deployment. `litellm_params` holds no secret, and nothing for a caller who does not see everything.

    `model_info` is what was given there, with `id`, `db_model`, and the costs of one token in USD where they are known.
    """

    model_name: str
    litellm_params: dict[str, Any]
    model_info: dict[str, Any]


class NewRow(ModelRow, frozen=True):
    """The answer to /model/new."""

    model_id: str
    created_at: str
    created_by: str


class NewFields(msgspec.Struct, frozen=True):
    """The fields of /model/new. `litellm_params` and `model_info` hold what an entry of the config file may hold."""

    model_name: str
    litellm_params: dict[str, Any]
    model_info: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"NewFields({self.model_name!r})"


class Delete(msgspec.Struct, frozen=True):
    """A deployment by its id."""

    id: str


class Deleted(msgspec.Struct, frozen=True):
    message: str


class ModelRoutes:
    """LiteLLM's routes for deployments."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments

    def routes(self) -> list[Route]:
        return [
            Route("/model/info", ("GET",), self.info, Access.CALLER, Dialect.LITELLM),
            Route("/v1/model/info", ("GET",), self.info, Access.CALLER, Dialect.LITELLM),
            Route("/model/new", ("POST",), self.new, Access.ADMIN, Dialect.LITELLM),
            Route("/model/delete", ("POST",), self.delete, Access.ADMIN, Dialect.LITELLM),
        ]

    async def info(self, call: Call) -> Response:
        """`{data}`: those whose model the caller may use, or the one that `?litellm_model_id=` names."""
        principal, wanted = call.principal, call.query("litellm_model_id")
        found = [one for one in self._deployments.visible(principal) if wanted in (None, one.id)]
        return answer({"data": [_row(one, principal) for one in found]})

    async def new(self, call: Call) -> Response:
        """The row; on every worker within a second. Raises BadInput naming the member, Conflict for a known id."""
        wanted = await asked(call, NewFields)
        added = _read(wanted)
        new = NewDeployment(
            name=clean(wanted.model_name, "model_name"),
            upstream_model=added.upstream_model,
            api_base=added.api_base,
            api_key=added.api_key,
            price=added.price,
            params=added.params,
            info=storable(added.info),
            id=None if added.id is None else _checked_id(added.id),
        )
        made = await self._deployments.add(new, actor=call.actor, origin=call.origin)
        row = _row(made, call.principal)
        return answer(
            NewRow(
                row.model_name,
                row.litellm_params,
                row.model_info,
                model_id=made.id,
                created_at=iso(made.created_at),
                created_by=call.actor,
            )
        )

    async def delete(self, call: Call) -> Response:
        """Raises NotFound, and Conflict for one that was not added at run time."""
        wanted = clean((await asked(call, Delete)).id, "id")
        await self._deployments.remove(wanted, actor=call.actor, origin=call.origin)
        return answer(Deleted(f"Model: {wanted} deleted successfully"))


def _read(wanted: NewFields) -> Added:
    try:
        return read_added(wanted.litellm_params, wanted.model_info)
    except ValueError as error:
        problem, _, fix = str(error).partition(" | ")
        name = str(getattr(error, "at", "")).removeprefix(".")
        raise BadInput(f"{name}: {problem}.", param=name, hint=f"{fix}." if fix else None) from error


def _checked_id(text: str) -> str:
    if len(text) > LONGEST_ID or not text.isprintable():
        raise BadInput(f"An id has at most {LONGEST_ID} printable characters.", param="model_info.id")
    return text


def _row(one: Deployment, principal: Principal) -> ModelRow:
    params: dict[str, Any] = {}
    if principal.sees_everything:
        params = {"model": f"{one.provider}/{one.upstream_model}", "api_base": one.api_base}
    known: dict[str, Any] = {"id": one.id, "db_model": one.source == DATABASE}
    if one.price is not None:
        known |= costs_of(one.price)
    return ModelRow(one.name, params, {**one.info, **known})
