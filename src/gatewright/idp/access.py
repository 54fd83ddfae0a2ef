"""Whether a person may use an application: asked by every grant, when it begins and when it is redeemed.

One function, so that no grant can forget it (Authentik contract 8.11, 8.16, 8.28).
"""

from collections.abc import Collection, Sequence

from gatewright.accounts.memberships import closure
from gatewright.domain.people import User
from gatewright.idp.clients import Client
from gatewright.storage import bindings
from gatewright.storage.bindings import Binding, Entitlement
from gatewright.storage.database import Database, Transaction

INACTIVE, NOT_BOUND = "user_inactive", "application_denied"


class AccessRules:
    """Reads bindings and memberships afresh, so that a change counts at the next request."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def refusal(self, user: User, client: Client) -> str | None:
        """The cause code of a refusal, None when the person may. An application without a binding is everybody's."""
        async with self._db.read() as tx:
            return await self.refusal_in(tx, user, client)

    async def refusal_in(self, tx: Transaction, user: User, client: Client) -> str | None:
        """As `refusal`, for who reads more of the same moment."""
        if not user.is_active:
            return INACTIVE
        rows = await bindings.of_application(tx, client.application_id)
        mine = await closure(tx, user.id) if rows else frozenset()
        return None if passes(rows, user.id, mine, client.binding_mode) else NOT_BOUND

    async def entitlements(self, user_pk: int, application_id: int) -> list[Entitlement]:
        """The application's entitlements that are the person's, by name. One without a binding is nobody's."""
        async with self._db.read() as tx:
            found = await bindings.of_entitlements(tx, application_id)
            mine = await closure(tx, user_pk) if found else frozenset()
        return held(found, user_pk, mine)


def held(
    found: Sequence[tuple[Entitlement, Sequence[Binding]]], user_pk: int, group_ids: Collection[int]
) -> list[Entitlement]:
    """Those of an application's entitlements that are the person's."""
    return [one for one, rows in found if rows and passes(rows, user_pk, group_ids, "any")]


def passes(rows: Sequence[Binding], user_pk: int, group_ids: Collection[int], mode: str) -> bool:
    """Whether the enabled bindings let somebody in who is in these groups, parents included (contract 3.3)."""
    answers = [
        (row.user_pk == user_pk if row.user_pk is not None else row.group_id in group_ids) is not row.negate
        for row in rows
        if row.is_enabled
    ]
    return not answers or (all(answers) if mode == "all" else any(answers))
