"""SCIM is always there, and most installations never call it: what serves it is imported at the first call."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.responses import Response

from gatewright.accounts.audit import Audit
from gatewright.settings.schema import Settings
from gatewright.storage.database import Database
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Handler, Route

if TYPE_CHECKING:
    from gatewright.sso.scim_link import ScimLink

ROOT = "/scim/v2"
READ = ("ServiceProviderConfig", "ResourceTypes", "ResourceTypes/{name}", "Schemas", "Schemas/{urn}")
KINDS = ("Users", "Groups")
# Before the resources, one of which it would be taken for.
ADDRESSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    *((path, ("GET",)) for path in READ),
    *((path, ("POST",)) for path in ("Bulk", ".search", "Users/.search", "Groups/.search")),
    ("Me", ("GET", "POST", "PUT", "PATCH", "DELETE")),
    *((kind, ("GET", "POST")) for kind in KINDS),
    *((f"{kind}/{{scim_id}}", ("GET", "PUT", "PATCH", "DELETE")) for kind in KINDS),
)
"""The same as `web.scim`'s own, to which a test holds them."""


class ScimPart:
    """The handlers, there from the first call on."""

    def __init__(self, settings: Settings, db: Database, audit: Audit) -> None:
        self._parts = (settings, db, audit)
        self._handlers: dict[tuple[str, str], Handler] = {}

    def routes(self) -> list[Route]:
        return [self._route(path, method) for path, methods in ADDRESSES for method in methods]

    def _route(self, path: str, method: str) -> Route:
        address = f"{ROOT}/{path}"

        async def run(call: Call) -> Response:
            if not self._handlers:
                # Reading two dozen modules takes longer than other requests should wait.
                await asyncio.to_thread(self._load)
            return await self._handlers[address, method](call)

        return Route(address, (method,), run, Access.ADMIN, Dialect.SCIM, slash=path in KINDS)

    def _load(self) -> None:
        table = import_module("gatewright.app.scim_parts").whole_table(*self._parts)
        self._handlers = {(row.path, method): row.handler for row in table for method in row.methods}


def scim_table(settings: Settings, db: Database, audit: Audit) -> list[Route]:
    """The rows of `/scim/v2`."""
    return ScimPart(settings, db, audit).routes()


def scim_link(settings: Settings) -> "ScimLink | None":
    """What asks sign-ins for the id of SCIM's people, where a claim is configured."""
    if not settings.scim_id_claims:
        return None
    found: ScimLink = import_module("gatewright.sso.scim_link").ScimLink(settings.scim_id_claims)
    return found
