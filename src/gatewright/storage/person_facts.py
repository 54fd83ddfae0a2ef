"""What scope mappings read of a person beyond their row and groups."""

import msgspec
from sqlalchemy import literal, select, union_all

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import authenticators, recovery_codes, users


class PersonFacts(msgspec.Struct, frozen=True):
    """`authenticators` are the kinds of confirmed factors, `recovery` among them while a code is unused."""

    kind: str
    path: str
    password_changed_at: Millis | None
    authenticators: tuple[str, ...]


async def of_user(tx: Transaction, user_pk: int, *, with_authenticators: bool = True) -> PersonFacts | None:
    """None when there is no such user."""
    mine = select(users.c.kind, users.c.path, users.c.password_changed_at).where(users.c.id == user_pk)
    row = (await tx.execute(mine)).first()
    if row is None:
        return None
    if not with_authenticators:
        return PersonFacts(row.kind, row.path, row.password_changed_at, ())
    confirmed = select(authenticators.c.kind).where(
        authenticators.c.user_pk == user_pk, authenticators.c.confirmed_at.is_not(None)
    )
    codes = select(literal("recovery")).where(
        select(recovery_codes.c.code_hash)
        .where(recovery_codes.c.user_pk == user_pk, recovery_codes.c.used_at.is_(None))
        .exists()
    )
    kinds = sorted({factor.kind for factor in await tx.execute(union_all(confirmed, codes))})
    return PersonFacts(row.kind, row.path, row.password_changed_at, tuple(kinds))
