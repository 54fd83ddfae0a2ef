"""The account that a client acts as when it acts for nobody (contract 1.4)."""

import uuid

from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.clients import Client
from gatewright.oidc.errors import InvalidGrant
from gatewright.storage import audit_log, users
from gatewright.storage.database import Database


class ServiceAccounts:
    """One account a client, `ak-<provider name>-client_credentials`, made when it is first needed."""

    def __init__(self, db: Database) -> None:
        self._db = db

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
