"""`/model/info`, `/model/new`, `/model/update` and `/model/delete` (contract litellm 3.8)."""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import iso
from gatewright.domain.errors import BadInput
from gatewright.domain.keys import Principal
from gatewright.gateway.deployment import DATABASE, Deployment
from gatewright.gateway.deployments import Deployments
from gatewright.gateway.new_deployment import NewDeployment
from gatewright.settings.added import Added, read_added
from gatewright.settings.changed import read_changed
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


class ChangedFields(msgspec.Struct, frozen=True):
    """The fields of /model/update: those that are to change. `model_info.id` says which model."""

    model_name: str | None = None
    litellm_params: dict[str, Any] = {}
    model_info: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"ChangedFields({self.model_name!r})"


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
            Route("/model/update", ("POST",), self.update, Access.ADMIN, Dialect.LITELLM),
            Route("/model/{id:path}/update", ("PATCH",), self.patch, Access.ADMIN, Dialect.LITELLM),
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
        added = _located(lambda: read_added(wanted.litellm_params, wanted.model_info))
        new_id = None if added.id is None else _checked_id(added.id)
        new = _new(clean(wanted.model_name, "model_name"), added, new_id)
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

    async def update(self, call: Call) -> Response:
        """The row, with the members that were named changed. Raises as `new` does, NotFound, and Conflict for one that
        was not added at run time.
        """
        wanted = await asked(call, ChangedFields)
        given = wanted.model_info.get("id")
        if not isinstance(given, str):
            raise BadInput("model_info.id is missing.", param="model_info.id", hint="GET /model/info shows the ids.")
        return await self._change(call, clean(given, "model_info.id"), wanted)

    async def patch(self, call: Call) -> Response:
        """The same; the address says which model."""
        wanted = await asked(call, ChangedFields)
        model_id = call.path("id")
        if wanted.model_info.get("id") not in (None, model_id):
            raise BadInput("The id of a model cannot be changed.", param="model_info.id", hint="Leave it out.")
        return await self._change(call, model_id, wanted)

    async def _change(self, call: Call, model_id: str, wanted: ChangedFields) -> Response:
        def changed(before: NewDeployment) -> NewDeployment:
            added = _located(lambda: read_changed(_as_added(before), wanted.litellm_params, wanted.model_info))
            name = before.name if wanted.model_name is None else clean(wanted.model_name, "model_name")
            return _new(name, added, before.id)

        made = await self._deployments.change(model_id, changed, actor=call.actor, origin=call.origin)
        return answer(_row(made, call.principal))

    async def delete(self, call: Call) -> Response:
        """Raises NotFound, and Conflict for one that was not added at run time."""
        wanted = clean((await asked(call, Delete)).id, "id")
        await self._deployments.remove(wanted, actor=call.actor, origin=call.origin)
        return answer(Deleted(f"Model: {wanted} deleted successfully"))


def _new(name: str, added: Added, new_id: str | None) -> NewDeployment:
    return NewDeployment(
        name=name,
        upstream_model=added.upstream_model,
        api_base=added.api_base,
        api_key=added.api_key,
        price=added.price,
        params=added.params,
        info=storable(added.info),
        id=new_id,
    )


def _as_added(one: NewDeployment) -> Added:
    return Added(
        upstream_model=one.upstream_model,
        api_base=one.api_base,
        api_key=one.api_key,
        params=dict(one.params),
        info=dict(one.info),
        price=one.price,
        id=one.id,
    )


def _located(read: Callable[[], Added]) -> Added:
    """What was read. Raises BadInput naming the member that is wrong."""
    try:
        return read()
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
        known |= costs_of(one.price, one.provider)
    return ModelRow(one.name, params, {**one.info, **known})
