"""`/managed/blueprints/`: blueprints that are kept, applied, imported and exported. Administrators' alone: they hold
secrets, and make whatever an administrator could.
"""

from collections.abc import Sequence
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import iso
from gatewright.domain.errors import BadInput
from gatewright.idp.blueprints.apply import Who
from gatewright.idp.blueprints.file import INSTANTIATE, BlueprintInvalid
from gatewright.idp.blueprints.instances import NAMES, REQUIRED, AvailableFile, BlueprintInstances
from gatewright.storage.blueprints import BlueprintRow
from gatewright.storage.listing import Wish
from gatewright.web.authentik import answers_blueprints as answers
from gatewright.web.authentik.resource import About, Json, Kind, Resource, anything, route
from gatewright.web.authentik.tokens import limit_of
from gatewright.web.authentik.wire import Asked, answer, by_of, flag_of
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route

LOGGER = "gatewright.idp"
FORM = "multipart/form-data"
FORM_FIELDS = frozenset({"file", "path", "context"})
FILES = About(list[answers.BlueprintFile])
EXPORT = About(str, asks={"people": {"type": "boolean"}}, media="application/yaml")
APPLIED = About(answers.BlueprintInstance)
IMPORT = About(
    answers.BlueprintImportResult, takes={name: {"type": "string"} for name in sorted(FORM_FIELDS)}, sends=FORM
)


class BlueprintRoutes(Resource):
    """Kept blueprints, by uuid. `available`, `import` and `export` stand where a key would."""

    kind = Kind(
        "/managed/blueprints/",
        answers=answers.BlueprintInstance,
        takes=anything(NAMES),
        required=REQUIRED,
        read=Access.ADMIN,
        order=("name", "path", "status", "last_applied"),
        filters={
            **{name: Asked(name) for name in ("name", "path", "status")},
            "enabled": Asked("enabled", read=flag_of),
        },
    )

    def __init__(self, instances: BlueprintInstances) -> None:
        self._instances = instances

    def actions(self) -> list[Route]:
        return [
            route("/managed/blueprints/available/", "GET", self.available, Access.ADMIN, FILES),
            route("/managed/blueprints/export/", "GET", self.export, Access.ADMIN, EXPORT),
            route("/managed/blueprints/import/", "POST", self.take, Access.ADMIN, IMPORT),
            route("/managed/blueprints/{key}/apply/", "POST", self.apply, Access.ADMIN, APPLIED),
        ]

    async def page(self, _: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        count, found = await self._instances.page(wish)
        return count, [blueprint_answer(one) for one in found]

    async def one(self, _: Call, key: str) -> Json:
        return blueprint_answer(await self._instances.get(key))

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        return blueprint_answer(await self._instances.create(attrs, who_of(call)))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return blueprint_answer(await self._instances.change(key, attrs, who_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._instances.delete(key, by_of(call))

    async def apply(self, call: Call) -> Response:
        """The blueprint afterwards; 400 with every line that could not be done."""
        return answer(blueprint_answer(await self._instances.apply(call.path("key"), who_of(call))))

    async def available(self, _: Call) -> Response:
        return answer([file_answer(one) for one in await self._instances.available()])

    async def take(self, call: Call) -> Response:
        """`{success, logs}`: a file is applied once, and not kept. What could not be done is in the logs, by line."""
        form = await _form(call)
        context = _context(form.get("context", ""))
        try:
            told = await self._instances.imported(form.get("path", ""), form.get("file", ""), context, who_of(call))
        except BlueprintInvalid as error:
            return answer(self._told("error", error.problems))
        return answer(self._told("warning", told))

    async def export(self, call: Call) -> Response:
        """Our objects as a blueprint, a file; without people with `people=false`."""
        people = flag_of("people", call.query("people") or "true")
        headers = {
            "cache-control": "no-store",
            "content-disposition": 'attachment; filename="gatewright.yaml"',
            "x-content-type-options": "nosniff",
        }
        text = await self._instances.exported(by_of(call), people=people)
        return Response(text, headers=headers, media_type="application/yaml")

    def _told(self, level: Literal["warning", "error"], texts: Sequence[str]) -> answers.BlueprintImportResult:
        at = iso(self._instances.clock())
        logs: list[answers.LogEvent] = [
            {"timestamp": at, "log_level": level, "logger": LOGGER, "event": text, "attributes": {}} for text in texts
        ]
        return {"logs": logs, "success": level == "warning"}


def who_of(call: Call) -> Who:
    """Who applies a blueprint; tokens that it makes live no longer than the caller's own credential."""
    return Who(by_of(call), limit_of(call))


def blueprint_answer(row: BlueprintRow) -> answers.BlueprintInstance:
    """A kept blueprint; secrets in its content and context are covered. `report` says by line what was not done."""
    return {
        "pk": row.uuid,
        "name": row.name,
        "path": row.path,
        "context": row.shown_context,
        "last_applied": iso(row.applied_at or row.updated_at),
        "last_applied_hash": row.applied_hash,
        "status": row.status,
        "enabled": row.is_enabled,
        "managed_models": row.models,
        "metadata": {"name": row.name, "labels": row.labels},
        "content": row.shown_content,
        "report": row.report,
    }


def file_answer(one: AvailableFile) -> answers.BlueprintFile:
    """A file of the folder; one that is no blueprint is called by its path and is not to be applied by itself."""
    labels = {INSTANTIATE: "false"} if one.blueprint is None else one.blueprint.labels
    name = one.path if one.blueprint is None else one.blueprint.name or one.path
    return {
        "path": one.path,
        "last_m": iso(one.modified_at),
        "hash": one.hash,
        "meta": {"name": name, "labels": labels},
    }


def _context(text: str) -> dict[str, Any]:
    """The context of an import, a JSON object in a field of the form."""
    try:
        found = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput("The context is not JSON.", param="context") from error
    if not isinstance(found, dict):
        raise BadInput("The context is a JSON object.", param="context")
    return found


async def _form(call: Call) -> dict[str, str]:
    """The texts of a multipart form (RFC 7578), each field at most once. Raises BadInput."""
    kind = call.request.headers.get("content-type", "")
    if not kind.lower().startswith(FORM):
        raise BadInput(f"The body is not a form. Send {FORM}.", code="invalid_form")
    head = b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + await call.body())
    parts = message.get_payload()
    if not isinstance(parts, list) or message.defects:
        raise BadInput("The multipart form cannot be read.", code="invalid_form")
    found: dict[str, str] = {}
    for part in parts:
        name, text = _field(part)
        if name in found or name not in FORM_FIELDS:
            raise BadInput(f"The form has the fields {', '.join(sorted(FORM_FIELDS))}, each once.", code="invalid_form")
        found[name] = text
    return found


def _field(part: object) -> tuple[str, str]:
    if not isinstance(part, Message):
        raise BadInput("The multipart form cannot be read.", code="invalid_form")
    name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
    try:
        if isinstance(name, str) and isinstance(content, bytes):
            return name, content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("Not a text in UTF-8.", param=name if name in FORM_FIELDS else "file") from error
    raise BadInput("The multipart form cannot be read.", code="invalid_form")
