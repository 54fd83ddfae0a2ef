"""The account that a client acts as when it acts for nobody (contract 1.4)."""

import uuid

from gatewright.accounts.api_tokens import APP_PASSWORD, TOUCH_EVERY
from gatewright.accounts.limits import Limits, network_of
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.keys import key_hash
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.clients import Client
from gatewright.oidc.errors import InvalidGrant
from gatewright.storage import api_tokens, audit_log, users
from gatewright.storage.database import Database

# By network, in five minutes: guessing is hopeless, an office with one broken program goes on.
FAILURES = 100


class ServiceAccounts:
    """One account a client, `ak-<provider name>-client_credentials`, made when it is first needed; and those that an
    administrator made, by their app passwords."""

    def __init__(self, db: Database, limits: Limits) -> None:
        self._db = db
        self._limits = limits

    async def with_password(self, name: str, password: str, origin: Origin) -> User:
        """The account of that username whose app password this is, active or not. A person has none that counts.

        Raises InvalidGrant, and TooManyRequests for a network that guesses.
        """
        bucket = f"app-password:{network_of(origin.address or '')}"
        await self._limits.refuse_above(bucket, FAILURES)
        now = self._db.clock()
        async with self._db.read() as tx:
            token = await api_tokens.by_hash(tx, key_hash(password), now)
            account = await users.service_account(tx, name)
        if token is None or token.intent != APP_PASSWORD or account is None or token.user_pk != account.id:
            await self._limits.count(bucket, FAILURES)
            raise InvalidGrant("The username or the app password is wrong.", cause="app_password_wrong")
        if now - (token.last_used_at or 0) > TOUCH_EVERY:
            async with self._db.write() as tx:
                await api_tokens.change(tx, token.id, last_used_at=now)
        return account

    async def of(self, client: Client, origin: Origin) -> User:
        """The account, active or not. Raises InvalidGrant when a person has its name, or it was deleted."""
        name = f"ak-{client.name}-client_credentials"
        async with self._db.read() as tx:
            found = await users.service_account(tx, name)
        return found or await self._make(name, client, origin)

    async def _make(self, name: str, client: Client, origin: Origin) -> User:
        async with self._db.write() as tx:
            await users.lock_service_accounts(tx)
            found = await users.service_account(tx, name)
            if found is not None:
                return found
            if await users.taken(tx, username=name, user_id=name):
                # Whoever took the name must not become the client, nor the client them.
                raise InvalidGrant("The client's service account cannot be used.", cause="service_account_name_taken")
            new = users.NewUser(
                uuid=str(uuid.uuid4()),
                username=name,
                user_id=name,
                email=None,
                display_name=f"{client.name} client credentials",
                role=Role.INTERNAL_USER_VIEWER,
                role_reason=RoleReason(rule="default"),
                kind=users.SERVICE_ACCOUNT,
            )
            made = await users.add(tx, new, self._db.clock())
            event = Event("user.create", "ok", client.client_id, name, {"kind": new.kind}, origin)
            await audit_log.add(tx, event, self._db.clock())
        return made
