"""Sign-outs that a provider tells us of: logout tokens from server to server, and frames in the browser.

OpenID Connect Back-Channel Logout 1.0 and Front-Channel Logout 1.0. Both end sessions of browsers that came from that
very provider; credentials of the command line have a life of their own.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits, network_of
from gatewright.accounts.sessions import Sessions
from gatewright.domain.clock import MINUTE, SECOND
from gatewright.domain.errors import GatewrightError
from gatewright.domain.people import Event, Origin
from gatewright.oidc import jwt
from gatewright.oidc.errors import LoginRefused, TokenInvalid
from gatewright.oidc.redirect_uris import origin as origin_of
from gatewright.sso.parties import RelyingParties
from gatewright.sso.relying_party import RelyingParty
from gatewright.storage import session_ends, used_assertions, users
from gatewright.storage.database import Database

EVENT = "http://schemas.openid.net/event/backchannel-logout"
KIND = "logout_token"
LONGEST_TOKEN = 16_000
LONGEST_NAME = 255
# A provider may tell of many people at once; each token costs a signature.
TOKENS = 600
# Beside the allowed skew: how old a token may be, and how long it is remembered.
OLDEST_S = 5 * 60


class LogoutReceived:
    """Takes what providers say; from server to server only what one of ours signed."""

    def __init__(self, db: Database, parties: RelyingParties, sessions: Sessions, limits: Limits) -> None:
        self._db = db
        self._parties = parties
        self._sessions = sessions
        self._limits = limits
        self._audit = Audit(db)

    async def by_token(self, token: str, origin: Origin) -> int:
        """How many sessions a logout token ended. Raises TokenInvalid or ProviderFailed, in the audit log too."""
        try:
            await self._limits.count(f"backchannel:{network_of(origin.address or '')}", TOKENS, MINUTE)
            party, claims = await self._checked(token)
            ended = await self._end(party, claims)
        except GatewrightError as error:
            details = {"message": error.message}
            await self._audit.write(Event("logout.backchannel", error.error_code, details=details, origin=origin))
            raise
        found = {"source": party.source.id, "sessions": ended}
        await self._audit.write(Event("logout.backchannel", "ok", details=found, origin=origin))
        return ended

    async def by_frame(
        self, issuer: str | None, sid: str | None, session: str | None, origin: Origin
    ) -> tuple[RelyingParty | None, int]:
        """Whose frame it is, and how many sessions it ended: those of `sid`, else the browser's own.

        Only the provider knows a `sid`. Without one the browser itself must bring its session, which browsers do in a
        frame of the same site alone. Anybody can ask for a frame, so the audit log has those that ended something.
        """
        party = self._of_issuer(issuer) if issuer else None
        if party is None or (sid is not None and not _is_name(sid)):
            return party, 0
        if sid is not None:
            async with self._db.write() as tx:
                ended = await session_ends.end_outside(tx, party.source.id, sid, None, self._db.clock())
        else:
            found = await self._sessions.find(session, origin)
            ours = found is not None and found.row.source == party.source.id
            ended = int(await self._sessions.end(found.row.id)) if found is not None and ours else 0
        if ended:
            details = {"source": party.source.id, "sessions": ended}
            await self._audit.write(Event("logout.frontchannel", "ok", details=details, origin=origin))
        return party, ended

    async def _checked(self, token: str) -> tuple[RelyingParty, Mapping[str, Any]]:
        """Whose token it is and what it says, once every check of Back-Channel Logout 2.6 passed."""
        if not 0 < len(token) <= LONGEST_TOKEN:
            raise _wrong("malformed", "It is empty or too long.")
        issuer = jwt.unverified_claim(token, "iss", kind=KIND)
        audience = jwt.unverified_claim(token, "aud", kind=KIND)
        party = next(self._candidates(issuer, audience), None)
        if party is None or not _is_name(issuer) or not await self._is_known(party, issuer):
            raise _wrong("issuer", "It is not from a provider that people sign in through here, or not for us.")
        claims = await party.id_tokens.signed(token, issuer, kind=KIND)
        self._check_claims(party, claims)
        return party, claims

    async def _is_known(self, party: RelyingParty, issuer: str) -> bool:
        """Whether the issuer is configured or has people here: no stranger's word makes us fetch a document."""
        if party.source.provider.issuer is not None:
            return True
        async with self._db.read() as tx:
            return await users.is_source(tx, party.source.identity_source(issuer))

    def _candidates(self, issuer: object, audience: object) -> Iterator[RelyingParty]:
        audiences = audience if isinstance(audience, list) else [audience]
        for party in self._parties.everything:
            if party.source.provider.client_id in audiences and _publishes(party, issuer):
                yield party

    def _check_claims(self, party: RelyingParty, claims: Mapping[str, Any]) -> None:
        now, skew = self._db.clock() // SECOND, party.source.provider.clock_skew_s
        issued, ends = claims.get("iat"), claims.get("exp")
        if not _is_number(issued) or not now - OLDEST_S - skew <= issued <= now + skew:
            raise _wrong("time", "It was not issued just now.")
        if ends is not None and (not _is_number(ends) or ends + skew <= now):
            raise _wrong("time", "It has expired.")
        events = claims.get("events")
        if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
            raise _wrong("event", "It does not say that it is a logout token.")
        if "nonce" in claims:
            raise _wrong("nonce", "It holds a nonce, so it is no logout token.")
        if not _is_name(claims.get("jti")):
            raise _wrong("jti", "It has no id of its own, so it could be played again.")
        named = [claims.get(name) for name in ("sub", "sid")]
        if not any(_is_name(one) for one in named) or any(one is not None and not _is_name(one) for one in named):
            raise _wrong("subject", "It says neither whose sessions nor which session.")

    async def _end(self, party: RelyingParty, claims: Mapping[str, Any]) -> int:
        now, source = self._db.clock(), party.source
        used = hashlib.sha256(f"{KIND}\0{claims['iss']}\0{claims['jti']}".encode()).hexdigest()
        until = (claims["iat"] + OLDEST_S + 2 * source.provider.clock_skew_s) * SECOND
        async with self._db.write() as tx:
            if not await used_assertions.take(tx, used, until):
                raise _wrong("replayed", "It was used before.")
            subject, user_pk = claims.get("sub"), None
            if subject is not None:
                user = await users.by_identity(tx, source.identity_source(str(claims["iss"])), subject)
                if user is None:
                    # Nobody of that name was ever here: there is nothing to end, whatever session it names.
                    return 0
                user_pk = user.id
            return await session_ends.end_outside(tx, source.id, claims.get("sid"), user_pk, now)

    def _of_issuer(self, issuer: str) -> RelyingParty | None:
        return next((party for party in self._parties.everything if _publishes(party, issuer)), None)


def _publishes(party: RelyingParty, issuer: object) -> bool:
    """Whether the source's tokens come from that issuer; one that names none has it at its token endpoint's host."""
    provider = party.source.provider
    if party.source.is_embedded or not isinstance(issuer, str):
        return False
    if provider.issuer is not None:
        return provider.issuer == issuer
    ours = origin_of(provider.token_endpoint or "")
    return ours is not None and origin_of(issuer) == ours


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(code: str, message: str) -> LoginRefused:
    return TokenInvalid(f"{KIND}_{code}", f"The logout token is not accepted: {message}")
