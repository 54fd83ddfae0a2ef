"""private_key_jwt: a client proves itself with a token that it signed (RFC 7523 3, OpenID Connect Core 9)."""

import hashlib
from typing import Any

from gatewright.domain.clock import HOUR, MINUTE, SECOND, Millis
from gatewright.domain.errors import GatewrightError
from gatewright.idp.clients import MOUNT, Client, Clients
from gatewright.oidc import jwt
from gatewright.oidc.errors import InvalidClient
from gatewright.oidc.jwt import VerifiedClaims
from gatewright.storage import used_assertions
from gatewright.storage.database import Database

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Widespread libraries sign for an hour. Each assertion is good once, so its length matters little.
LONGEST_LIFE: Millis = HOUR
SKEW: Millis = MINUTE
LONGEST_JTI = 512


class ClientAssertions:
    """Checks assertions against the keys that are registered with the client; nothing is ever fetched."""

    def __init__(self, db: Database, clients: Clients, base_url: str) -> None:
        self._db = db
        self._clients = clients
        # RFC 9126 2 adds its own endpoint; that of tokens stands for all the others.
        self._audiences = {f"{base_url}{MOUNT}/{name}" for name in ("token/", "token", "par/", "par")}

    async def client(self, assertion: str, client_id: str | None) -> Client:
        """The client that signed, which is `client_id` when the form names one. Raises InvalidClient."""
        named = _subject(assertion) if client_id is None else client_id
        client = await self._clients.by_client_id(named) if isinstance(named, str) else None
        if client is None or client.jwks is None:
            raise _refused("unknown" if client is None else "no_keys")
        claims = _verified(assertion, client.jwks)
        cause = self._problem(claims, client)
        if cause is not None:
            raise _refused(cause)
        await self._use_up(client, claims)
        return client

    def _problem(self, claims: VerifiedClaims, client: Client) -> str | None:
        now, expires_at, issued_at = self._db.clock(), _millis(claims, "exp"), _millis(claims, "iat")
        begins_at = _millis(claims, "nbf")
        jti = claims.get("jti")
        checks = {
            "issuer": claims.get("iss") == client.client_id,
            "subject": claims.get("sub") == client.client_id,
            "audience": self._is_for_us(claims.get("aud"), client),
            "expiry": expires_at is not None and now - SKEW < expires_at <= now + LONGEST_LIFE + SKEW,
            "issued_at": "iat" not in claims or (issued_at is not None and issued_at <= now + SKEW),
            "not_before": "nbf" not in claims or (begins_at is not None and begins_at <= now + SKEW),
            "jti": isinstance(jti, str) and 0 < len(jti) <= LONGEST_JTI,
        }
        return next((name for name, good in checks.items() if not good), None)

    def _is_for_us(self, audience: Any, client: Client) -> bool:
        """One audience, ours: an assertion for several servers could be replayed at each of them."""
        only = audience[0] if isinstance(audience, list) and len(audience) == 1 else audience
        return isinstance(only, str) and only in {*self._audiences, client.issuer}

    async def _use_up(self, client: Client, claims: VerifiedClaims) -> None:
        """Raises InvalidClient when the assertion was used before, on whichever worker."""
        used = hashlib.sha256(f"{client.id}\0{claims['jti']}".encode("utf-8", "surrogatepass")).hexdigest()
        expires_at = (_millis(claims, "exp") or 0) + SKEW
        async with self._db.write() as tx:
            fresh = await used_assertions.take(tx, used, expires_at)
        if not fresh:
            raise _refused("replayed")


def _subject(assertion: str) -> object:
    """Whom the assertion is about, unverified: for finding the keys that it is verified with."""
    try:
        return jwt.unverified_claim(assertion, "sub", kind="client_assertion")
    except GatewrightError as error:
        raise InvalidClient("The client assertion is not accepted.", cause=error.error_code) from error


def _verified(assertion: str, jwks: dict[str, Any]) -> VerifiedClaims:
    try:
        return jwt.verify(assertion, jwks, kind="client_assertion")
    except GatewrightError as error:
        raise InvalidClient("The client assertion is not accepted.", cause=error.error_code) from error


def _refused(cause: str) -> InvalidClient:
    return InvalidClient("The client assertion is not accepted.", cause=f"client_assertion_{cause}")


def _millis(claims: VerifiedClaims, name: str) -> Millis | None:
    """A NumericDate in milliseconds; None when it is absent or none."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e11:
        return None
    return int(value * SECOND)
