"""Documents at the root: WebFinger, the shared issuer's discovery document, and metadata at RFC 8414's address."""

from starlette.responses import JSONResponse, Response

from gatewright.domain.errors import BadInput, NotFound
from gatewright.idp.clients import MOUNT
from gatewright.idp.provider import Provider
from gatewright.oidc.metadata import WELL_KNOWN
from gatewright.web.call import Call
from gatewright.web.idp.discovery import PUBLIC, rendered
from gatewright.web.routing import Access, Dialect, Route

ISSUER_REL = "http://openid.net/specs/connect/1.0/issuer"
LONGEST_RESOURCE = 1024


class WellKnown:
    """Readable by everybody, from every page."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[Route]:
        anybody, kind = Access.PUBLIC, Dialect.DETAIL
        metadata = f"/.well-known/oauth-authorization-server{MOUNT}/{{slug}}/"
        return [
            Route("/.well-known/webfinger", ("GET",), self.webfinger, anybody, kind, slash=True, head=True),
            Route(f"/{WELL_KNOWN}", ("GET",), self.shared, anybody, kind, slash=True, head=True),
            Route(metadata, ("GET",), self.metadata, anybody, kind, slash=True, head=True),
        ]

    async def webfinger(self, call: Call) -> Response:
        """The issuer of the default application, whoever is asked about: it tells nothing of people (RFC 7033 4)."""
        resource = call.query("resource")
        if resource is None or len(resource) > LONGEST_RESOURCE:
            raise BadInput("The query parameter resource is missing or too long.", param="resource")
        issuer = await self._provider.discovery.default_issuer()
        if issuer is None:
            raise NotFound("There is no default application.")
        wanted = call.request.query_params.getlist("rel")
        links = [{"rel": ISSUER_REL, "href": issuer}] if not wanted or ISSUER_REL in wanted else []
        body = {"subject": resource, "links": links}
        return JSONResponse(body, headers=PUBLIC, media_type="application/jrd+json")

    async def shared(self, _: Call) -> Response:
        """The document of the issuer that clients of issuer_mode global share."""
        return rendered(await self._provider.discovery.shared_document())

    async def metadata(self, call: Call) -> Response:
        """RFC 8414 3.1: the well-known part stands before the issuer's path. A shared issuer has no such path."""
        document = await self._provider.discovery.document(call.path("slug"))
        own = None if document is None else f"{self._provider.base_url}{MOUNT}/{call.path('slug')}/"
        return rendered(document if document is not None and document["issuer"] == own else None)
