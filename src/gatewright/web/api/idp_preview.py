"""`/api/v1/idp`: look at an expression before it is saved, and see what a person would get from a client."""

from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from gatewright.idp.expressions.inspection import Finding, inspect
from gatewright.idp.expressions.reading import Failure
from gatewright.idp.preview import DRAFT_ID, Draft, Given, Missing, Preview
from gatewright.web.api.wire import answer, clean, read
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

Key = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Text = Annotated[str, msgspec.Meta(max_length=16 * 1024)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class DraftFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping that is not saved yet. `uuid` names the one that it stands for."""

    expression: Text
    uuid: Name | None = None
    name: Name = "Draft"
    scope_name: Name = "draft"
    required: bool = False


class PreviewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`user` is a key or a `user_id`, `application` a slug. No `scopes` asks for every one that the client has."""

    user: Key | Name
    application: Name
    scopes: Annotated[list[Name], msgspec.Meta(max_length=100)] | None = None
    draft: DraftFields | None = None


class ExpressionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    expression: Text


class Problem(msgspec.Struct, frozen=True):
    """Why a result does not count."""

    code: str
    cause: str
    line: int | None
    column: int | None


class MappingAnswer(msgspec.Struct, frozen=True):
    """One attached mapping. `result` is what it returned; `took_ms` is wall time."""

    uuid: str
    name: str
    scope_name: str
    required: bool
    draft: bool
    requested: bool
    result: dict[str, Any] | None
    log: tuple[str, ...]
    events: tuple[dict[str, Any], ...]
    took_ms: float
    problems: tuple[Problem, ...]


class InspectionAnswer(msgspec.Struct, frozen=True):
    """`mended` parses, where the given text does not and something common is wrong with it."""

    findings: tuple[Finding, ...]
    claims: tuple[str, ...]
    mended: str | None


class PreviewAnswer(msgspec.Struct, frozen=True):
    """The payloads are null where the request would be refused, or has not the scope openid."""

    scopes: tuple[str, ...]
    mappings: tuple[MappingAnswer, ...]
    missing: tuple[Missing, ...]
    refusal: str | None
    access_token: dict[str, Any] | None
    id_token: dict[str, Any] | None
    userinfo: dict[str, Any] | None
    inspection: InspectionAnswer | None


class IdpPreview:
    """Administrators alone: a preview shows anybody's claims and runs an expression (contract 8.1)."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/idp/preview", ("POST",), self.show, Access.ADMIN, Dialect.PROBLEM),
            Route("/api/v1/idp/expressions/inspect", ("POST",), self.inspect, Access.ADMIN, Dialect.PROBLEM),
        ]

    async def inspect(self, call: Call) -> Response:
        """What can be said of an expression without running it."""
        asked = await read(call, ExpressionRequest)
        return answer(inspected(asked.expression))

    async def show(self, call: Call) -> Response:
        """What a person would get, and why a claim is missing. The audit log says who looked."""
        asked = await read(call, PreviewRequest)
        wanted = asked.user if isinstance(asked.user, int) else clean(asked.user, "user")
        user = await self._preview.user(wanted)
        client = await self._preview.client(asked.application)
        draft = None if asked.draft is None else Draft(**msgspec.structs.asdict(asked.draft))
        found = await self._preview.of(client, user, call.origin, wanted=asked.scopes, draft=draft)
        await self._preview.report(call.actor, user, client.client_id, call.origin)
        return answer(
            PreviewAnswer(
                scopes=found.scopes,
                mappings=tuple(mapping_answer(one, draft) for one in found.given),
                missing=found.missing,
                refusal=found.refusal,
                access_token=found.access_token,
                id_token=found.id_token,
                userinfo=found.userinfo,
                inspection=None if draft is None else inspected(draft.expression),
            )
        )


def inspected(expression: str) -> InspectionAnswer:
    found = inspect(expression)
    return InspectionAnswer(found.findings, found.claims, found.mended)


def mapping_answer(given: Given, draft: Draft | None) -> MappingAnswer:
    mapping, result = given.mapping, given.contribution
    outcome = None if result is None else result.outcome
    return MappingAnswer(
        uuid=mapping.uuid,
        name=mapping.name,
        scope_name=mapping.scope_name,
        required=mapping.required,
        draft=mapping.id == DRAFT_ID or (draft is not None and draft.uuid == mapping.uuid),
        requested=result is not None,
        result=None if outcome is None else outcome.claims,
        log=() if outcome is None else outcome.log,
        events=() if outcome is None else tuple(msgspec.to_builtins(one) for one in outcome.events),
        took_ms=0.0 if outcome is None else round(outcome.took_ms, 2),
        problems=() if result is None else tuple(problem(one) for one in result.problems),
    )


def problem(failure: Failure) -> Problem:
    return Problem(failure.code, failure.cause, failure.line, failure.column)
