"""Sign out here, and say where the browser goes to be signed out at the provider too."""

from urllib.parse import urlencode

from gatewright.accounts.audit import Audit
from gatewright.accounts.sessions import Sessions
from gatewright.domain.people import Event, Origin
from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.metadata import Metadata
from gatewright.sso.parties import RelyingParties
from gatewright.sso.relying_party import RelyingParty

SIGNED_OUT = "/signed-out"


class SignOut:
    """`logout_url` is PROXY_LOGOUT_URL, which is used as it is."""

    def __init__(
        self, sessions: Sessions, parties: RelyingParties, audit: Audit, *, base_url: str, logout_url: str | None
    ) -> None:
        self._sessions = sessions
        self._parties = parties
        self._audit = audit
        self._base_url = base_url
        self._logout_url = logout_url

    async def end(self, session_token: str | None, actor: str, origin: Origin) -> str:
        """Ends the session; where the browser goes next (RP-Initiated Logout 1.0, 2).

        A provider that cannot be asked never keeps anybody signed in here.
        """
        session = await self._sessions.find(session_token, origin)
        hint, party = None, None
        if session is not None:
            await self._sessions.end(session.row.id)
            party = self._parties.find(session.row.source)
            hint = self._sessions.id_token(session.row)
            await self._audit.write(Event("logout", "ok", actor=actor, origin=origin))
        if self._logout_url is not None:
            return self._logout_url
        if hint is None or party is None:
            return SIGNED_OUT
        endpoint = await _end_session_endpoint(party, hint)
        if endpoint is None:
            return SIGNED_OUT
        query = {
            "id_token_hint": hint,
            "post_logout_redirect_uri": self._base_url + SIGNED_OUT,
            "client_id": party.source.provider.client_id,
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


async def _end_session_endpoint(party: RelyingParty, hint: str) -> str | None:
    if party.source.provider.end_session_endpoint is not None:
        return party.source.provider.end_session_endpoint
    try:
        found = await party.id_tokens.publisher_of(hint)
    except LoginRefused:
        return None
    if not isinstance(found, Metadata):
        return None
    below = party.flow.profile.end_session
    fallback = None if below is None else f"{found.issuer.rstrip('/')}/{below}"
    return found.end_session_endpoint or fallback
