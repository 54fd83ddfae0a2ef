"""The grant of a refresh token (RFC 6749 6, RFC 9700 4.14, OpenID Connect Core 12)."""

import msgspec

from gatewright.grants.refresh import WORDS, Refreshes
from gatewright.grants.tokens import Issued, NewRefresh, NewTokens
from gatewright.idp.tokens.request import Grounds, TokenRequest
from gatewright.oidc import scopes
from gatewright.oidc.errors import InvalidGrant


class RefreshGrant:
    """Asks for the same again or for less. The new ID token has no nonce; the rest of the sign-in stays (Core 12.2)."""

    def __init__(self, refreshes: Refreshes) -> None:
        self._refreshes = refreshes

    async def examine(self, request: TokenRequest) -> Grounds:
        client = request.client
        token = request.required("refresh_token")
        row = await self._refreshes.look(token, client.id)
        granted = scopes.parse(row.scope)
        if scopes.OFFLINE_ACCESS not in request.configured:
            raise InvalidGrant(WORDS, cause="offline_access_withdrawn")

        async def redeem(new: NewTokens) -> Issued:
            issued = await self._refreshes.redeem(row, new, client.refresh_threshold)
            # A token that stays is given back: many clients forget what an answer does not repeat.
            return issued if issued.refresh_token else msgspec.structs.replace(issued, refresh_token=token)

        return Grounds(
            family=row.family,
            user_pk=row.user_pk,
            scope=request.scope(granted, asked=True),
            redeem=redeem,
            session_id=row.session_id,
            sid=row.sid,
            amr=row.amr,
            auth_time=row.auth_time,
            resource=request.resource(row.resource),
            # RFC 6749 6: the next token has the whole scope, however little this request asked for.
            refresh=NewRefresh(
                scope=row.scope,
                sid=row.sid,
                amr=row.amr,
                auth_time=row.auth_time,
                resource=row.resource,
                idle_life=client.refresh_idle_life,
                expires_at=row.expires_at,
                origin=request.origin,
                granted_at=row.granted_at,
            ),
        )
