"""What people let clients have: remembered, listed, taken back."""

from collections.abc import Iterable

from gatewright.accounts.audit import Audit
from gatewright.domain.people import Event, Origin, User
from gatewright.grants.tokens import Tokens
from gatewright.idp.clients import Client
from gatewright.oidc import scopes
from gatewright.storage import consents
from gatewright.storage.consents import Consent
from gatewright.storage.database import Database


class Consents:
    """Consents of people to clients. Asking for fewer scopes than were allowed asks nobody (unlike contract 3.2)."""

    def __init__(self, db: Database, tokens: Tokens, audit: Audit) -> None:
        self._db = db
        self._tokens = tokens
        self._audit = audit

    async def remembered(self, user_pk: int, provider_id: int) -> frozenset[str]:
        """The scopes that the person allowed the client, as far as that counts now."""
        async with self._db.read() as tx:
            found = await consents.find(tx, user_pk, provider_id, self._db.clock())
        return frozenset() if found is None else frozenset(found.scopes)

    async def remember(self, user: User, client: Client, names: Iterable[str], origin: Origin) -> None:
        """Adds the scopes to what the person allowed; all of it counts as long as the client's consent lives."""
        now, allowed = self._db.clock(), tuple(names)
        expires_at = None if client.consent_life is None else now + client.consent_life
        details = {"scope": scopes.render(allowed)}
        async with self._db.write() as tx:
            await consents.add_scopes(tx, user.id, client.id, allowed, now, expires_at)
            await self._audit.write(Event("idp.consent", "ok", user.user_id, client.client_id, details, origin), tx)

    async def of_user(self, user_pk: int | None) -> list[Consent]:
        """The person's consents, or with None everybody's, expired ones included; the last given first."""
        async with self._db.read() as tx:
            return await consents.of_user(tx, user_pk)

    async def revoke(self, uuid: str, *, user_pk: int | None, actor: str, origin: Origin) -> bool:
        """Takes a consent back, and with it every code and token that the client has of the person.

        With `user_pk` only a consent of that person. `actor` is who does it, for the audit log. False when there is
        no such consent.
        """
        async with self._db.write() as tx:
            removed = await consents.remove(tx, uuid, user_pk)
            if removed is None:
                return False
            count = await self._tokens.revoke_client(tx, *removed)
            details = {"consent": uuid, "tokens": count}
            await self._audit.write(Event("idp.consent.revoke", "ok", actor, uuid, details, origin), tx)
        return True
