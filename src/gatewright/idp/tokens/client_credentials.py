"""The grant of the client's own credentials (RFC 6749 4.4): tokens of a service account, never of a person."""

import secrets

from gatewright.domain.people import User
from gatewright.grants.tokens import Issued, NewTokens, Tokens, digest
from gatewright.idp.resources import Resources
from gatewright.idp.service_accounts import ServiceAccounts
from gatewright.idp.tokens.request import Grounds, TokenRequest, acts_by_password
from gatewright.oidc import scopes
from gatewright.oidc.errors import InvalidTarget, UnauthorizedClient
from gatewright.storage.database import Database

# Asked for by nobody in particular: it means an ID token, which is about an end-user's sign-in.
NOT_BY_DEFAULT = frozenset({scopes.OPENID})
# RFC 6749 4.4.3: the credentials themselves are what refreshes.
NEVER = frozenset({scopes.OFFLINE_ACCESS})


class ClientCredentialsGrant:
    """No refresh token; an ID token only when `openid` is asked for by name, without a time or means of sign-in."""

    def __init__(self, db: Database, tokens: Tokens, accounts: ServiceAccounts, resources: Resources) -> None:
        self._db = db
        self._tokens = tokens
        self._accounts = accounts
        self._resources = resources

    async def examine(self, request: TokenRequest) -> Grounds:
        account = await self._account(request)
        asked = scopes.parse(request.form.get("scope", ""))
        without = NEVER if asked else NEVER | NOT_BY_DEFAULT
        may_have = tuple(name for name in request.configured if name not in without)
        wanted = request.form.value("resource")
        if wanted is not None and not await self._resources.known(wanted):
            raise InvalidTarget(cause="resource_unknown")
        return Grounds(
            family=digest(secrets.token_urlsafe(32)),
            user_pk=account.id,
            scope=TokenRequest(request.client, request.form, may_have, request.origin).scope(None, asked=True),
            redeem=self._open,
            resource=wanted,
        )

    async def _account(self, request: TokenRequest) -> User:
        if acts_by_password(request.form):
            name, password = request.required("username"), request.required("password")
            return await self._accounts.with_password(name, password, request.origin)
        if request.client.is_public:
            raise UnauthorizedClient("A public client has no credentials.", cause="client_public")
        return await self._accounts.of(request.client, request.origin)

    async def _open(self, new: NewTokens) -> Issued:
        async with self._db.write() as tx:
            return await self._tokens.open(tx, new)
