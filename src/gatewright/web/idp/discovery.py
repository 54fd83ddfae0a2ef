"""The discovery document and the key set, readable by everybody."""

from starlette.responses import JSONResponse, RedirectResponse, Response

from gatewright.domain.errors import NotFound
from gatewright.idp.clients import MOUNT
from gatewright.idp.provider import Provider
from gatewright.oidc.metadata import WELL_KNOWN
from gatewright.web.call import Call

PUBLIC = {"access-control-allow-origin": "*", "cache-control": "no-cache"}


class DiscoveryDocuments:
    """Looks an application up by its slug and renders its documents."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def document(self, call: Call) -> Response:
        return rendered(await self._provider.discovery.document(call.path("slug")))

    async def jwks(self, call: Call) -> Response:
        return rendered(await self._provider.discovery.jwks(call.path("slug")))

    async def issuer(self, call: Call) -> Response:
        """The issuer's own address leads to its document (contract 1.1)."""
        client = await self._provider.clients.by_slug(call.path("slug"))
        if client is None:
            raise NotFound("There is no such application.")
        return RedirectResponse(f"{MOUNT}/{client.slug}/{WELL_KNOWN}", 302, headers=PUBLIC)


def rendered(document: object | None) -> Response:
    if document is None:
        raise NotFound("There is no such application.")
    return JSONResponse(document, headers=PUBLIC)
