"""The public keys with which providers check who we are (`private_key_jwt`)."""

from starlette.responses import JSONResponse, Response

from gatewright.sso.client_authentication import published_keys
from gatewright.sso.parties import RelyingParties
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

PATH = "/sso/jwks"


class ClientKeys:
    """For whoever asks: a public key is public."""

    def __init__(self, parties: RelyingParties) -> None:
        self._parties = parties

    def routes(self) -> list[Route]:
        return [Route(PATH, ("GET",), self.jwks, Access.PUBLIC, Dialect.PROBLEM)]

    async def jwks(self, call: Call) -> Response:  # noqa: ARG002 - one signature for all handlers
        """A JWKS (RFC 7517 5), empty where no provider is told who we are by a signature."""
        providers = [party.source.provider for party in self._parties.everything]
        return JSONResponse(published_keys(providers), headers={"cache-control": "public, max-age=300"})
