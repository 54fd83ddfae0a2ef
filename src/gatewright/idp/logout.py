"""End the provider's session (RP-Initiated Logout 1.0; Authentik contract 0.1, 0.2, 1.9).

The seed's client sends no parameter at all, so that is the main case. It logs out at once when the browser says that
the person came from one of our own or a registered client's pages; otherwise a page asks, since an image or a link on
somebody's page must not sign people out.
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.sessions import Session
from gatewright.domain.errors import BadInput, GatewrightError
from gatewright.domain.people import Event, Origin
from gatewright.idp.clients import Client, Clients
from gatewright.idp.signing_keys import SigningKeys
from gatewright.oidc import jwt, redirect_uris
from gatewright.oidc.jwt import VerifiedClaims
from gatewright.oidc.parameters import Parameters
from gatewright.storage import session_clients, session_ends
from gatewright.storage.database import Database

SIGNED_OUT_PAGE = "/signed-out"
FRONTCHANNEL = "frontchannel"


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
    """Show the page with the button. `target` is where the button leads to in the end, None for our own page."""

    client: Client
    target: str | None


class SignedOut(msgspec.Struct, frozen=True):
    """Go to `url`. `frames` are the addresses of clients that hear of it in the browser (Front-Channel Logout 1.0).

    `left` is the application that alone was left, None when the whole session is over.
    """

    url: str | None
    frames: tuple[str, ...] = ()
    left: Client | None = None


class EndSession:
    """The end-session endpoint. `own_client` is the client id of our own dashboard, None when it signs in elsewhere."""

    def __init__(
        self, db: Database, clients: Clients, keys: SigningKeys, audit: Audit, *, own_client: str | None
    ) -> None:
        self._db = db
        self._clients = clients
        self._keys = keys
        self._audit = audit
        self._own_client = own_client

    async def request(
        self, client: Client, params: Parameters, session: Session | None, navigation: Navigation, origin: Origin
    ) -> AskSignOut | SignedOut:
        """A GET, or a client's POST. Raises BadInput for an address that is not registered; nothing ends then."""
        params.refuse_repeated()
        client = await self._meant(client, params)
        if (params.value("client_id") or client.client_id) != client.client_id:
            raise BadInput("The client_id is not that of this application.", param="client_id", code="client_differs")
        hint = params.value("id_token_hint")
        claims = None if hint is None else await self._opened(client, hint)
        target = await self._target(client, params, origin)
        if hint is not None and claims is None:
            # Whoever made up a hint decides neither about the session nor about the way on.
            target = None
        if session is not None and not await self._may_end(session, hint, claims, navigation):
            return AskSignOut(client, target)
        return await self._end(client, target, session, origin, whole=client.ends_session)

    async def confirmed(
        self, client: Client, params: Parameters, session: Session | None, origin: Origin, *, everywhere: bool = False
    ) -> SignedOut:
        """The button's POST comes here, its CSRF token checked. `everywhere` ends the whole session in any case.

        Raises BadInput.
        """
        target = await self._target(client, params, origin)
        return await self._end(client, target, session, origin, whole=everywhere or client.ends_session)

    async def _meant(self, client: Client, params: Parameters) -> Client:
        """Who asks: of clients that share an issuer, and with it this address, the one that is named or was hinted at.

        Whoever is named proves nothing yet: the hint is verified for that client afterwards.
        """
        hint, named = params.value("id_token_hint"), params.value("client_id")
        if named is None and hint is not None:
            named = _audience(hint)
        if named is None or named == client.client_id:
            return client
        other = await self._clients.by_client_id(named)
        return other if other is not None and other.issuer == client.issuer else client

    async def _end(
        self, client: Client, target: str | None, session: Session | None, origin: Origin, *, whole: bool
    ) -> SignedOut:
        if session is None:
            return SignedOut(target or SIGNED_OUT_PAGE)
        known = {one.id: one for one in await self._clients.everything()}
        row, now = session.row, self._db.clock()
        async with self._db.write() as tx:
            framed = await session_clients.with_method(tx, row.id, FRONTCHANNEL)
            details = {"whole": whole}
            event = Event("idp.logout", "ok", session.user.user_id, client.client_id, details, origin)
            await self._audit.write(event, tx)
            if whole:
                await session_ends.end(tx, row.id, now)
            else:
                framed = [one for one in framed if one == client.id]
                await session_ends.end_client(tx, row.id, client.id, now)
                if client.client_id == self._own_client:
                    await session_ends.end_dashboards(tx, [row.sid], now)
        frames = tuple(_frame(known[one], row.sid) for one in framed if one in known)
        if whole:
            return SignedOut(target or SIGNED_OUT_PAGE, frames)
        return SignedOut(target, frames, left=client)

    async def _may_end(
        self, session: Session, hint: str | None, claims: VerifiedClaims | None, navigation: Navigation
    ) -> bool:
        if not navigation.is_page_load:
            return False
        if hint is not None:
            return claims is not None and claims.get("sid") == session.row.sid
        if navigation.signed_out:
            return True
        origins = frozenset().union(*(one.origins for one in await self._clients.everything()))
        return navigation.comes_from(origins)

    async def _opened(self, client: Client, hint: str) -> VerifiedClaims | None:
        """The hint when it is an ID token of ours for this client. Its expiry does not matter."""
        ring = await self._keys.ring()
        try:
            claims = jwt.verify(hint, ring.jwks, kind="id_token_hint")
        except GatewrightError:
            return None
        # An access token is signed by the same keys and names the same client.
        is_for_us = claims.get("iss") == client.issuer and claims.get("aud") == client.client_id
        return claims if is_for_us and "jti" not in claims else None

    async def _target(self, client: Client, params: Parameters, origin: Origin) -> str | None:
        """The registered address that was asked for. A client that registered none is sent to our own page."""
        asked = params.value("post_logout_redirect_uri")
        if asked is None or not (client.logout_uris or client.logout_patterns):
            return None
        public, patterns = client.is_public, client.logout_patterns
        if not redirect_uris.matches(asked, client.logout_uris, public=public, patterns=patterns):
            cause = "post_logout_redirect_uri_unregistered"
            await self._audit.write(Event("idp.logout", cause, target=client.client_id, origin=origin))
            raise BadInput(
                f"{client.application_name} asked for an address after the sign-out that is not registered for it.",
                param="post_logout_redirect_uri",
                hint="You are still signed in. Sign out from the dashboard, or tell an administrator.",
                code=cause,
            )
        state = params.value("state")
        return asked if state is None else _with_query(asked, state=state)


def _audience(hint: str) -> str | None:
    """Whom an ID token says that it is for, unverified."""
    try:
        found = jwt.unverified_claim(hint, "aud", kind="id_token_hint")
    except GatewrightError:
        return None
    return found if isinstance(found, str) else None


def _frame(client: Client, sid: str) -> str:
    """The client's front-channel address (Front-Channel Logout 1.0, 2)."""
    return _with_query(client.logout_uri, iss=client.issuer, sid=sid)


def _with_query(uri: str, **members: str) -> str:
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(members)}"
