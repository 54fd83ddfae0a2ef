"""What this server offers of SCIM (RFC 7644 4), and what it does not."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.domain.errors import Forbidden, NotFound
from gatewright.domain.scim.errors import NotOffered
from gatewright.domain.scim.meta_schemas import META_SCHEMAS
from gatewright.domain.scim.schema import KINDS, LIST, RESOURCE_TYPE, SCHEMA, SERVICE, Kind, Schema
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route
from gatewright.web.scim.query import MOST
from gatewright.web.scim.wire import ROOT, answer

SCHEMAS: tuple[Schema, ...] = (*(one for kind in KINDS for one in (kind.core, *kind.extensions)), *META_SCHEMAS)


class ScimDiscovery:
    """The three documents. They need the credential too: whoever has none learns nothing here."""

    def __init__(self, base_url: str) -> None:
        self._root = f"{base_url}{ROOT}"

    def routes(self) -> list[Route]:
        found = [
            Route(f"{ROOT}{path}", ("GET",), handler, Access.ADMIN, Dialect.SCIM)
            for path, handler in (
                ("/ServiceProviderConfig", self.service),
                ("/ResourceTypes", self.types),
                ("/ResourceTypes/{name}", self.type),
                ("/Schemas", self.schemas),
                ("/Schemas/{urn}", self.schema),
            )
        ]
        absent = (("/Bulk", ("POST",)), ("/.search", ("POST",)), ("/Me", ("GET", "POST", "PUT", "PATCH", "DELETE")))
        for path, methods in absent:
            found.append(Route(f"{ROOT}{path}", methods, self.absent, Access.ADMIN, Dialect.SCIM))
        return found

    async def service(self, call: Call) -> Response:
        """The ServiceProviderConfig."""
        _check_unfiltered(call)
        scheme = {
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "An administrator's API token, or the master key, in the header Authorization.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": True,
        }
        return answer(
            {
                "schemas": [SERVICE],
                "patch": {"supported": True},
                "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
                "filter": {"supported": True, "maxResults": MOST},
                "changePassword": {"supported": False},
                "sort": {"supported": True},
                "etag": {"supported": True},
                "authenticationSchemes": [scheme],
                "meta": self._meta("ServiceProviderConfig", "/ServiceProviderConfig"),
            }
        )

    async def types(self, call: Call) -> Response:
        _check_unfiltered(call)
        return _list([self._type(kind) for kind in KINDS])

    async def type(self, call: Call) -> Response:
        """Raises NotFound."""
        name = call.path("name")
        found = next((kind for kind in KINDS if kind.name == name), None)
        if found is None:
            raise NotFound(f"There is no resource type {name[:60]!r}.")
        return answer(self._type(found))

    async def schemas(self, call: Call) -> Response:
        _check_unfiltered(call)
        return _list([self._schema(one) for one in SCHEMAS])

    async def schema(self, call: Call) -> Response:
        """Raises NotFound."""
        urn = call.path("urn")
        found = next((one for one in SCHEMAS if one.id.lower() == urn.lower()), None)
        if found is None:
            raise NotFound(f"There is no schema {urn[:100]!r}.")
        return answer(self._schema(found))

    async def absent(self, call: Call) -> Response:
        """501: named, so that nobody takes a 404 for something else."""
        raise NotOffered(f"{call.request.url.path} is not offered here. /ServiceProviderConfig says what is.")

    def _type(self, kind: Kind) -> dict[str, Any]:
        return {
            "schemas": [RESOURCE_TYPE],
            "id": kind.name,
            "name": kind.name,
            "description": kind.core.description,
            "endpoint": kind.endpoint,
            "schema": kind.core.id,
            "schemaExtensions": [{"schema": one.id, "required": False} for one in kind.extensions],
            "meta": self._meta("ResourceType", f"/ResourceTypes/{kind.name}"),
        }

    def _schema(self, schema: Schema) -> dict[str, Any]:
        return {
            "schemas": [SCHEMA],
            **msgspec.to_builtins(schema),
            "meta": self._meta("Schema", f"/Schemas/{schema.id}"),
        }

    def _meta(self, kind: str, path: str) -> dict[str, str]:
        return {"resourceType": kind, "location": f"{self._root}{path}"}


def _check_unfiltered(call: Call) -> None:
    """Raises Forbidden: these documents are read whole (RFC 7644 4)."""
    if call.query("filter"):
        raise Forbidden("This document is read whole: no filter applies.", param="filter")


def _list(found: Sequence[dict[str, Any]]) -> Response:
    size = len(found)
    return answer({"schemas": [LIST], "totalResults": size, "startIndex": 1, "itemsPerPage": size, "Resources": found})
