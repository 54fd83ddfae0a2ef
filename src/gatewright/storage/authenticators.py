"""Second factors: authenticator apps and passkeys, and the recovery codes beside them."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, literal, select, union_all, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import authenticators, recovery_codes


class Authenticator(msgspec.Struct, frozen=True):
    """One row. `secret` is sealed (`totp`), `public_key` is COSE (`webauthn`); unconfirmed ones do not count."""

    id: int
    uuid: str
    user_pk: int
    kind: str
    name: str
    secret: bytes | None
    credential_id: str | None
    public_key: bytes | None
    sign_count: int
    transports: tuple[str, ...]
    aaguid: str | None
    is_backed_up: bool
    last_step: int | None
    confirmed_at: Millis | None
    created_at: Millis
    last_used_at: Millis | None

    def __repr__(self) -> str:
        return f"Authenticator({self.uuid!r}, {self.kind!r})"


_OF_USER = (
    select(authenticators)
    .where(authenticators.c.user_pk == bindparam("sought"), authenticators.c.confirmed_at.is_not(None))
    .order_by(authenticators.c.id)
)
_KINDS = union_all(
    select(authenticators.c.kind).where(
        authenticators.c.user_pk == bindparam("sought"), authenticators.c.confirmed_at.is_not(None)
    ),
    select(literal("recovery")).where(
        select(recovery_codes.c.code_hash)
        .where(recovery_codes.c.user_pk == bindparam("sought"), recovery_codes.c.used_at.is_(None))
        .exists()
    ),
)


async def add(tx: Transaction, **columns: Any) -> Authenticator:
    values = {"transports": [], **columns}
    row = (await tx.execute(insert(authenticators).values(values).returning(authenticators))).one()
    return _authenticator(row)


async def of_user(tx: Transaction, user_pk: int) -> list[Authenticator]:
    """The person's confirmed factors, the oldest first."""
    return [_authenticator(row) for row in await tx.execute(_OF_USER, {"sought": user_pk})]


async def kinds(tx: Transaction, user_pk: int) -> tuple[str, ...]:
    """The kinds of the person's confirmed factors, `recovery` among them while a code is unused."""
    return tuple(sorted({row.kind for row in await tx.execute(_KINDS, {"sought": user_pk})}))


async def unconfirmed(tx: Transaction, user_pk: int, uuid: str) -> Authenticator | None:
    """A factor that the person has not proved yet."""
    query = select(authenticators).where(
        authenticators.c.user_pk == user_pk, authenticators.c.uuid == uuid, authenticators.c.confirmed_at.is_(None)
    )
    row = (await tx.execute(query)).first()
    return None if row is None else _authenticator(row)


async def by_credential(tx: Transaction, credential_id: str) -> Authenticator | None:
    """The passkey with that credential id (base64url)."""
    query = select(authenticators).where(
        authenticators.c.credential_id == credential_id, authenticators.c.confirmed_at.is_not(None)
    )
    row = (await tx.execute(query)).first()
    return None if row is None else _authenticator(row)


async def drop_unconfirmed(tx: Transaction, user_pk: int) -> None:
    """Forgets what the person began to set up and did not finish."""
    query = delete(authenticators).where(authenticators.c.user_pk == user_pk, authenticators.c.confirmed_at.is_(None))
    await tx.execute(query)


async def use_step(tx: Transaction, factor_id: int, step: int, at: Millis, *, confirm: bool = False) -> bool:
    """Takes the code of a time step, atomically; False when that code or a later one was taken before."""
    last = authenticators.c.last_step
    query = update(authenticators).where(authenticators.c.id == factor_id, last.is_(None) | (last < step))
    values = {"last_step": step, "last_used_at": at, **({"confirmed_at": at} if confirm else {})}
    return (await tx.execute(query.values(values).returning(authenticators.c.id))).first() is not None


async def used_passkey(tx: Transaction, factor_id: int, sign_count: int, at: Millis, *, backed_up: bool) -> None:
    query = update(authenticators).where(authenticators.c.id == factor_id)
    await tx.execute(query.values(sign_count=sign_count, is_backed_up=backed_up, last_used_at=at))


async def remove(tx: Transaction, user_pk: int, uuid: str) -> bool:
    """Removes one of the person's factors; False when it is not theirs."""
    query = delete(authenticators).where(authenticators.c.user_pk == user_pk, authenticators.c.uuid == uuid)
    return (await tx.execute(query.returning(authenticators.c.id))).first() is not None


async def remove_all(tx: Transaction, user_pk: int) -> None:
    """Takes every factor and recovery code away: for somebody who lost them."""
    await tx.execute(delete(authenticators).where(authenticators.c.user_pk == user_pk))
    await tx.execute(delete(recovery_codes).where(recovery_codes.c.user_pk == user_pk))


async def replace_recovery_codes(tx: Transaction, user_pk: int, hashes: list[str], at: Millis) -> None:
    """Gives the person new codes; the old ones are void."""
    await tx.execute(delete(recovery_codes).where(recovery_codes.c.user_pk == user_pk))
    if hashes:
        rows = [{"code_hash": one, "user_pk": user_pk, "created_at": at} for one in hashes]
        await tx.execute(insert(recovery_codes).values(rows))


async def use_recovery_code(tx: Transaction, user_pk: int, code_hash: str, at: Millis) -> bool:
    """Uses a recovery code up, atomically; False when it is not the person's or was used."""
    codes = recovery_codes.c
    query = update(recovery_codes).where(
        codes.user_pk == user_pk, codes.code_hash == code_hash, codes.used_at.is_(None)
    )
    return (await tx.execute(query.values(used_at=at).returning(codes.code_hash))).first() is not None


async def recovery_codes_left(tx: Transaction, user_pk: int) -> int:
    codes = recovery_codes.c
    query = select(func.count()).where(codes.user_pk == user_pk, codes.used_at.is_(None))
    return int((await tx.execute(query)).scalar_one())


def _authenticator(row: Any) -> Authenticator:
    return msgspec.convert(row._mapping, Authenticator, strict=False)
