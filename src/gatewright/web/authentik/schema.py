"""`/schema/`: OpenAPI 3.1 of `/api/v3`, made of the route table, what validators read and what answers are."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import msgspec
from starlette.responses import Response

from gatewright import __version__
from gatewright.domain.errors import FieldsInvalid
from gatewright.web.api.wire import HEADERS
from gatewright.web.authentik import actions, answers
from gatewright.web.authentik.resource import API, About, Row, route
from gatewright.web.authentik.wire import FAR, MOST, Asked, flag_of, number_of, time_of, uuid_of
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

Json = dict[str, Any]
MEDIA = "application/vnd.oai.openapi+json"
COMPONENT = "#/components/schemas/{name}"
PATH_PARAMETER = re.compile(r"\{(\w+)\}")
READ: Mapping[Any, Json] = {
    flag_of: {"type": "boolean"},
    number_of: {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
    uuid_of: {"type": "string", "format": "uuid"},
    time_of: {"type": "string", "format": "date-time"},
}
PAGING = {
    "page": {"type": "integer", "minimum": 1, "maximum": FAR},
    "page_size": {"type": "integer", "minimum": 1, "maximum": FAR, "description": f"{MOST} at most are answered."},
    "search": {"type": "string"},
}
VERBS = {"GET": "retrieve", "POST": "create", "PUT": "update", "PATCH": "partial_update", "DELETE": "destroy"}
ERRORS: Json = {
    "ValidationError": {
        "type": "object",
        "description": "What is wrong with each field; `non_field_errors` are about the whole.",
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
    },
    "GenericError": {
        "type": "object",
        "properties": {
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "request_id": {"type": ["string", "null"]},
        },
        "required": ["detail", "code", "request_id"],
        "additionalProperties": False,
    },
}
REFUSALS = {401: "No good credential.", 403: "The credential may not do this."}
PROBLEMS = {
    400: "Something in the request is wrong.",
    404: "There is no such object, or it is not the caller's to see.",
    409: "It would take something away that has to stay.",
    413: "The body is too large.",
    503: "The database is not available.",
}
UNKNOWN = About(Any, status=0)
"""Of a row that nobody described: it answers JSON, or nothing, with a good status."""
SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token, an access token with the scope goauthentik.io/api, or the master key.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "gatewright_session",
        "description": "The dashboard's session. With it, what changes something carries X-Gatewright-Request: 1.",
    },
}


class Schema:
    """The document, made once. `table` is the whole route table; rows of other edges are left out."""

    def __init__(self, table: Iterable[Route]) -> None:
        self._rows = [*(one for one in table if one.dialect is Dialect.AUTHENTIK), *self.routes()]

    def routes(self) -> list[Route]:
        about = About(dict[str, Any], asks={"format": {"enum": ["json"]}}, media=MEDIA)
        return [route("/schema/", "GET", self.show, Access.PUBLIC, about)]

    async def show(self, call: Call) -> Response:
        """As JSON. Authentik writes YAML too."""
        if (call.query("format") or "json") != "json":
            raise FieldsInvalid({"format": ["The schema is there as json."]})
        return Response(self._encoded, headers=HEADERS, media_type=MEDIA)

    @cached_property
    def document(self) -> Json:
        """The OpenAPI document."""
        paths: Json = {}
        for row in self._rows:
            for method in row.methods:
                paths.setdefault(row.path, {})[method.lower()] = _operation(row, method, _about(row, method))
        return {
            "openapi": "3.1.0",
            "info": {"title": "Gatewright's directory", "version": __version__},
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {"schemas": {**self._components(), **ERRORS}, "securitySchemes": SECURITY},
        }

    @cached_property
    def _encoded(self) -> bytes:
        return msgspec.json.encode(self.document)

    def _components(self) -> Json:
        types = dict.fromkeys(_about(row, method).answers for row in self._rows for method in row.methods)
        wanted = [answers.Pagination, *(one for one in types if one is not None)]
        _, found = msgspec.json.schema_components(wanted, ref_template=COMPONENT)
        for one in found.values():
            if "properties" in one:
                one["additionalProperties"] = False
        return dict(sorted(found.items()))


def _about(row: Route, method: str) -> About:
    own = row.about if isinstance(row, Row) else None
    return own or actions.about(method, row.path) or UNKNOWN


def _operation(row: Route, method: str, about: About) -> Json:
    named = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _keys(row.path)]
    found: Json = {
        "operationId": _operation_id(row.path, method, about),
        "tags": [row.path.removeprefix(f"{API}/").partition("/")[0]],
        "description": f"For {row.access.value}.",
        "parameters": [*named, *_query(about)],
        "responses": _responses(row, about),
        "security": [] if row.access is Access.PUBLIC else [{"bearer": []}, {"session": []}],
    }
    if about.takes is not None:
        body: Json = {"type": "object", "properties": dict(about.takes), "additionalProperties": False}
        if about.required:
            body["required"] = list(about.required)
        found["requestBody"] = {"required": bool(about.required), "content": {about.sends: {"schema": body}}}
    return found


def _query(about: About) -> list[Json]:
    """The query parameters; of filters that add up each value stands there by itself."""
    found: Json = {name: _of_filter(asked) for name, asked in about.filters.items()}
    if about.paged:
        found = {**found, **PAGING}
    if about.order:
        found["ordering"] = {"type": "string", "description": f"By {', '.join(about.order)}; - before one descends."}
    return [{"name": name, "in": "query", "schema": schema} for name, schema in {**found, **about.asks}.items()]


def _of_filter(asked: Asked) -> Json:
    one = READ.get(asked.read, {"type": "string"})
    return {"type": "array", "items": one} if asked.many else dict(one)


def _responses(row: Route, about: About) -> Json:
    refused = {} if row.access is Access.PUBLIC else REFUSALS
    status = str(about.status or "2XX")
    found = {str(code): _problem(code, text) for code, text in {**refused, **PROBLEMS}.items()}
    if about.answers is None or not about.status:
        return {status: {"description": "Done."}, **found}
    (shown,), _ = msgspec.json.schema_components([about.answers], ref_template=COMPONENT)
    schema = _page(shown) if about.paged else shown
    # A file is no value that a schema could describe.
    content = {"schema": schema} if about.media.endswith("json") else {}
    return {status: {"description": "Done.", "content": {about.media: content}}, **found}


def _page(shown: Json) -> Json:
    members = {
        "pagination": {"$ref": COMPONENT.format(name="Pagination")},
        "results": {"type": "array", "items": shown},
        "autocomplete": {"type": "object"},
    }
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def _problem(status: int, text: str) -> Json:
    name = "ValidationError" if status == 400 else "GenericError"
    return {"description": text, "content": {"application/json": {"schema": {"$ref": COMPONENT.format(name=name)}}}}


def _keys(path: str) -> list[str]:
    return PATH_PARAMETER.findall(path)


def _operation_id(path: str, method: str, about: About) -> str:
    """As Authentik names them: `core_users_list`, `core_users_set_password_create`."""
    words = PATH_PARAMETER.sub("", path.removeprefix(f"{API}/")).replace("-", "_").split("/")
    many = method == "GET" and (about.paged or getattr(about.answers, "__origin__", None) is list)
    return "_".join([*(word for word in words if word), "list" if many else VERBS[method]])
