"""From a proven identity to a user: found by (source, subject) alone, made when unknown, brought up to date."""

import uuid
from typing import Any

from gatewright.domain.clock import Millis
from gatewright.domain.people import RESERVED_NAMES, Event, Origin, User
from gatewright.oidc.errors import LoginRefused
from gatewright.sso.binding import bind
from gatewright.sso.claims import Person
from gatewright.sso.roles import RoleDecision, decide_role
from gatewright.sso.sources import Source
from gatewright.storage import audit_log, changes, login_transactions, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.users import NewUser


class Provisioning:
    """Makes and updates users at sign-in. Nothing is ever found by e-mail, user_id or username."""

    def __init__(self, db: Database, proxy_admin_id: str | None) -> None:
        self._db = db
        self._proxy_admin_id = proxy_admin_id or None

    async def sign_in(self, person: Person, source: Source, origin: Origin, invitation: str | None = None) -> User:
        """The user behind the identity, as this sign-in leaves them. `invitation` is the hash of the one it came from.

        Raises LoginRefused: `user_inactive`, `user_deleted`, `not_linked` (our own provider signs in people that exist,
        no others).
        """
        now = self._db.clock()
        async with self._db.write() as tx:
            if invitation is not None:
                await bind(tx, invitation, person, origin, now)
            user = await users.by_identity(tx, person.source, person.subject)
            if user is None and not source.is_embedded:
                await login_transactions.lock_newcomers(tx)
                # Another tab may have made them while this one waited.
                user = await users.by_identity(tx, person.source, person.subject)
                if user is None and await users.is_linked(tx, person.source, person.subject):
                    raise LoginRefused(
                        "user_deleted", "This account was deleted.", hint="An administrator knows more about it."
                    )
                if user is None:
                    return await self._welcome(tx, person, source, origin, now)
            if user is None:
                raise LoginRefused(
                    "not_linked",
                    "This account is not linked to a user.",
                    hint="Ask an administrator to look at it on the Users page.",
                )
            if not user.is_active:
                raise LoginRefused(
                    "user_inactive", "This account is switched off.", hint="An administrator can switch it on again."
                )
            return await self._update(tx, user, person, source, origin, now)

    async def _welcome(self, tx: Transaction, person: Person, source: Source, origin: Origin, now: Millis) -> User:
        """A user for an identity that signs in for the first time."""
        fresh = str(uuid.uuid4())
        decision = self._decide(person, source, None)
        new = NewUser(
            uuid=fresh,
            username=await self._free(tx, "username", person.username, person, fresh),
            user_id=await self._free(tx, "user_id", person.user_id, person, fresh),
            email=person.email,
            email_verified=person.email_verified,
            display_name=person.display_name,
            role=decision.role,
            role_reason=decision.reason,
        )
        user = await users.add(tx, new, now)
        await users.link(tx, user.id, person.source, person.subject, now)
        await users.identity_used(tx, person.source, person.subject, now)
        changed = await users.change(tx, user.id, now, last_login_at=now)
        details = {"source": person.source, "role": user.role, "rule": user.role_reason.rule}
        event = Event("user.create", "ok", actor=user.user_id, target=user.user_id, details=details, origin=origin)
        await audit_log.add(tx, event, now)
        await changes.announce(tx, "user", str(user.id), now)
        return changed or user

    async def _update(
        self, tx: Transaction, user: User, person: Person, source: Source, origin: Origin, now: Millis
    ) -> User:
        """What the provider says today. A claim that is absent erases nothing but, where it decides, the role."""
        decision = self._decide(person, source, user)
        columns: dict[str, Any] = {}
        if (decision.role, decision.reason) != (user.role, user.role_reason):
            columns |= {"role": decision.role, "role_reason": decision.reason}
        # The embedded provider's claims are this very row.
        if not source.is_embedded:
            columns |= _profile(user, person)
        after = await users.change(tx, user.id, now, last_login_at=now, **columns)
        await users.identity_used(tx, person.source, person.subject, now)
        if decision.role is not user.role:
            details = {"from": user.role, "to": decision.role, "rule": decision.reason.rule, "source": person.source}
            event = Event("user.role", "ok", actor="sso", target=user.user_id, details=details, origin=origin)
            await audit_log.add(tx, event, now)
        if columns:
            await changes.announce(tx, "user", str(user.id), now)
        return after or user

    def _decide(self, person: Person, source: Source, user: User | None) -> RoleDecision:
        return decide_role(
            person.role,
            user,
            provider_decides=source.provider.roles.is_configured,
            always_admin=self._is_proxy_admin(person, user),
        )

    def _is_proxy_admin(self, person: Person, user: User | None) -> bool:
        """PROXY_ADMIN_ID names a subject, or the user_id of somebody who is linked already."""
        wanted = self._proxy_admin_id
        return wanted is not None and (person.subject == wanted or (user is not None and user.user_id == wanted))

    async def _free(self, tx: Transaction, column: str, wish: str | None, person: Person, fresh: str) -> str:
        """The wished name when it is nobody's, else the user's own uuid.

        PROXY_ADMIN_ID is nobody's to claim: whoever got it as user_id would be administrator at the next sign-in.
        """
        if wish is None or wish in RESERVED_NAMES or (wish == self._proxy_admin_id and wish != person.subject):
            return fresh
        names = {"username": fresh, "user_id": fresh, column: wish}
        return fresh if await users.taken(tx, **names) else wish


def _profile(user: User, person: Person) -> dict[str, Any]:
    """Columns whose claim is present and says something new; a display name is filled once and then theirs."""
    columns: dict[str, Any] = {}
    if person.email is not None and (person.email, person.email_verified) != (user.email, user.email_verified):
        columns |= {"email": person.email, "email_verified": person.email_verified}
    if person.display_name is not None and not user.display_name:
        columns["display_name"] = person.display_name
    return columns
