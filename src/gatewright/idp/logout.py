"""End the provider's session (RP-Initiated Logout 1.0; Authentik contract 0.1, 0.2, 1.9).

The seed's client sends no parameter at all, so that is the main case. It logs out at once when the browser says that
the person came from one of our own or a registered client's pages; otherwise a page asks, since an image or a link on
somebody's page must not sign people out.
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.sessions import Session, Sessions
from gatewright.domain.errors import GatewrightError
from gatewright.domain.people import Event, Origin
from gatewright.grants.tokens import Tokens
from gatewright.idp.clients import Client, Clients
from gatewright.idp.signing_keys import SigningKeys
from gatewright.oidc import jwt, redirect_uris
from gatewright.oidc.parameters import Parameters
from gatewright.storage.database import Database

SIGNED_OUT_PAGE = "/signed-out"


class Navigation(msgspec.Struct, frozen=True):
    """What the browser says about the request. `signed_out` means that our own session has just ended."""

    headers: Mapping[str, str]
    signed_out: bool = False

    @property
    def is_page_load(self) -> bool:
        """Not an image, a frame or a fetch. Browsers without fetch metadata say nothing."""
        return self.headers.get("sec-fetch-dest", "document") == "document"

    def comes_from(self, origins: frozenset[str]) -> bool:
        """Whether a page of one of these origins sent the browser here; `same-origin` is our own."""
        if self.headers.get("sec-fetch-site") == "same-origin":
            return True
        referer = self.headers.get("referer")
        return referer is not None and redirect_uris.origin(referer) in origins


class AskSignOut(msgspec.Struct, frozen=True):
    """Show the page with the button."""

    client: Client


class SignedOut(msgspec.Struct, frozen=True):
    """Go to `url`; the provider's cookie is over."""

    url: str


class EndSession:
    """The end-session endpoint."""

    def __init__(
        self, db: Database, clients: Clients, sessions: Sessions, tokens: Tokens, keys: SigningKeys, audit: Audit
    ) -> None:
        self._db = db
        self._clients = clients
        self._sessions = sessions
        self._tokens = tokens
        self._keys = keys
        self._audit = audit

    async def request(
        self, client: Client, params: Parameters, session: Session | None, navigation: Navigation, origin: Origin
    ) -> AskSignOut | SignedOut:
        """A GET, or a client's POST."""
        params.refuse_repeated()
        if session is not None and not await self._may_end(client, params, session, navigation):
            return AskSignOut(client)
        return await self.confirmed(client, params, session, origin)

    async def confirmed(self, client: Client, params: Parameters, session: Session | None, origin: Origin) -> SignedOut:
        """Ends the session and says where to go. The button's POST comes here, its CSRF token checked."""
        if session is not None:
            await self._sessions.end(session.row.id)
            event = Event("idp.logout", "ok", session.user.user_id, client.client_id, origin=origin)
            await self._audit.write(event)
        return SignedOut(_target(client, params))

    async def _may_end(self, client: Client, params: Parameters, session: Session, navigation: Navigation) -> bool:
        if not navigation.is_page_load:
            return False
        hint = params.value("id_token_hint")
        if hint is not None:
            return await self._names(client, session, hint)
        if navigation.signed_out:
            return True
        origins = frozenset().union(*(one.origins for one in await self._clients.everything()))
        return navigation.comes_from(origins)

    async def _names(self, client: Client, session: Session, hint: str) -> bool:
        """Whether the hint is ours, for this client, and from this very session. Its expiry does not matter."""
        ring = await self._keys.ring()
        try:
            claims = jwt.verify(hint, ring.jwks, kind="id_token_hint")
        except GatewrightError:
            return False
        return (
            claims.get("iss") == client.issuer
            and claims.get("aud") == client.client_id
            and claims.get("sid") == session.row.sid
        )


def _target(client: Client, params: Parameters) -> str:
    """The registered address that was asked for, else our own page: never one that signs in again by itself."""
    asked = params.value("post_logout_redirect_uri")
    public, patterns = client.is_public, client.logout_patterns
    if asked is None or not redirect_uris.matches(asked, client.logout_uris, public=public, patterns=patterns):
        return SIGNED_OUT_PAGE
    state = params.value("state")
    if state is None:
        return asked
    return f"{asked}{'&' if urlsplit(asked).query else '?'}{urlencode({'state': state})}"
