"""Where providers tell of a sign-out: `/sso/backchannel-logout` and `/sso/frontchannel-logout`."""

from starlette.responses import JSONResponse, Response

from gatewright.domain.errors import BadInput
from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.redirect_uris import origin
from gatewright.sso.logout_received import LogoutReceived
from gatewright.sso.refusals import ProviderFailed
from gatewright.sso.relying_party import RelyingParty
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

HEADERS = {"cache-control": "no-store"}
FRAMES = ("iframe", "frame", None)
"""What a frame's request says that it is for; old browsers say nothing, all others where the address is https."""

DONE = "<!doctype html><title>Signed out</title><p>Signed out.</p>"


class LogoutReceivedRoutes:
    """Public: the token, or the session's id that only the provider knows, is the proof."""

    def __init__(self, received: LogoutReceived) -> None:
        self._received = received

    def routes(self) -> list[Route]:
        return [
            Route("/sso/backchannel-logout", ("POST",), self.token, Access.PUBLIC, Dialect.OAUTH),
            Route("/sso/frontchannel-logout", ("GET",), self.frame, Access.PUBLIC, Dialect.PAGE),
        ]

    async def token(self, call: Call) -> Response:
        """200, or 400 in the words of Back-Channel Logout 1.0, 2.8; 503 while the provider's keys cannot be had."""
        try:
            token = (await call.fields()).get("logout_token")
            if token is None:
                raise BadInput("The form has no logout_token.", param="logout_token")
            await self._received.by_token(token, call.origin)
        except ProviderFailed as error:
            return _refused("temporarily_unavailable", error.message, 503)
        except (LoginRefused, BadInput) as error:
            return _refused("invalid_request", error.message, 400)
        return Response(status_code=200, headers=HEADERS)

    async def frame(self, call: Call) -> Response:
        """A page that only the provider may frame, whether there was a session or not."""
        # Not for a link or a picture somewhere, with which other sites could sign people out.
        session = call.session_token if call.request.headers.get("sec-fetch-dest") in FRAMES else None
        party, _ = await self._received.by_frame(call.query("iss"), call.query("sid"), session, call.origin)
        framed = "'none'" if party is None else " ".join(_origins(party)) or "'none'"
        policy = f"default-src 'none'; frame-ancestors {framed}"
        headers = {**HEADERS, "content-security-policy": policy}
        return Response(DONE, headers=headers, media_type="text/html")


def _origins(party: RelyingParty) -> list[str]:
    provider = party.source.provider
    urls = (provider.issuer, provider.authorization_endpoint, provider.end_session_endpoint)
    return sorted({found for url in urls if url and (found := origin(url))})


def _refused(error: str, description: str, status: int) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status, headers=HEADERS)
