"""Access token, ID token and refresh token, for any grant (RFC 6749 5.1, OpenID Connect Core 2, RFC 9068)."""

from functools import partial
from typing import Any

from gatewright.accounts.audit import Audit
from gatewright.domain.people import Event, User
from gatewright.grants.tokens import Issued, NewTokens
from gatewright.idp.claims import Claims
from gatewright.idp.clients import Client
from gatewright.idp.expressions.facts import Facts
from gatewright.idp.people import People
from gatewright.idp.signing_keys import SigningKeys
from gatewright.idp.tokens import payloads
from gatewright.idp.tokens.payloads import Content
from gatewright.idp.tokens.request import Grounds, TokenRequest
from gatewright.idp.tokens.standing import Standing
from gatewright.oidc import jwt, scopes
from gatewright.oidc.jwt import SigningKey
from gatewright.storage.database import Database


class Issuer:
    """The one place that issues. What can fail comes before the grant is used up."""

    def __init__(
        self, db: Database, standing: Standing, people: People, claims: Claims, keys: SigningKeys, audit: Audit
    ) -> None:
        self._db = db
        self._standing = standing
        self._people = people
        self._claims = claims
        self._keys = keys
        self._audit = audit

    async def answer(self, request: TokenRequest, grounds: Grounds) -> dict[str, Any]:
        """The members of the token answer. Raises OAuthError, MappingStopped, both before the grant is used up."""
        client = request.client
        user, facts = await self._person(client, grounds)
        claims = await self._claims.of(client, user, facts, request.origin, grounds.auth_time)
        subject = await self._people.subject(user, client.sub_mode)
        key = await self._keys.signer(client.signing_algorithm)
        new = NewTokens(
            family=grounds.family,
            provider_id=client.id,
            user_pk=user.id,
            session_id=grounds.session_id,
            scope=scopes.render(grounds.scope),
            life=client.token_life,
            refresh=grounds.refresh,
            subject=subject,
            note=partial(self._audit.write, _event(request, grounds, user)),
        )
        issued = await grounds.redeem(new)
        content = Content(
            client=client,
            subject=subject,
            claims=claims,
            scope=grounds.scope,
            issued_at=issued.issued_at,
            expires_at=issued.expires_at,
            jti=issued.jti,
            auth_time=grounds.auth_time,
            amr=grounds.amr,
            nonce=grounds.nonce,
            sid=grounds.sid,
            resource=grounds.resource,
        )
        return _members(content, issued, key)

    async def _person(self, client: Client, grounds: Grounds) -> tuple[User, Facts]:
        """The person, and what mappings get to know of them.

        Raises InvalidTarget; InvalidGrant, which revokes what the grant gave before.
        """
        async with self._db.read() as tx:
            user, cause = await self._standing.look(tx, client, grounds.user_pk, grounds.session_id)
            facts = None if user is None else await self._claims.grounds(tx, client, user, grounds.scope)
        if user is None or facts is None:
            raise await self._standing.over(grounds, cause)
        await self._standing.check_resource(user, grounds.resource)
        return user, facts


def _event(request: TokenRequest, grounds: Grounds, user: User) -> Event:
    details = {"scope": scopes.render(grounds.scope), "grant": request.form.get("grant_type")}
    return Event("idp.token", "ok", user.user_id, request.client.client_id, details, request.origin)


def _members(content: Content, issued: Issued, key: SigningKey) -> dict[str, Any]:
    access = jwt.sign(payloads.access_token(content), key)
    answer: dict[str, Any] = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": (issued.expires_at - issued.issued_at) // 1000,
        "scope": scopes.render(content.scope),
    }
    if issued.refresh_token is not None:
        answer["refresh_token"] = issued.refresh_token
    if scopes.OPENID in content.scope:
        answer["id_token"] = jwt.sign(payloads.id_token(content, jwt.half_hash(access, key.algorithm)), key)
    return answer
