"""What goes on between two requests of one browser: a second factor that is missing, a passkey that was asked for."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import ceremonies


class Ceremony(msgspec.Struct, frozen=True):
    """One row. `user_pk` is None while nobody has said who they are. Found by the hash of the browser's handle."""

    handle_hash: str
    purpose: str
    user_pk: int | None
    amr: tuple[str, ...]
    challenge: bytes | None
    data: dict[str, Any]
    expires_at: Millis


async def add(tx: Transaction, ceremony: Ceremony, at: Millis) -> None:
    values = {**msgspec.structs.asdict(ceremony), "amr": list(ceremony.amr), "created_at": at}
    await tx.execute(insert(ceremonies).values(values))


async def find(tx: Transaction, handle_hash: str, purpose: str, now: Millis) -> Ceremony | None:
    """The ceremony that still goes on."""
    row = (await tx.execute(select(ceremonies).where(*_good(handle_hash, purpose, now)))).first()
    return None if row is None else msgspec.convert(row._mapping, Ceremony, strict=False)


async def take(tx: Transaction, handle_hash: str, purpose: str, now: Millis) -> Ceremony | None:
    """Ends the ceremony, atomically: of two requests that bring the same handle one gets it."""
    query = update(ceremonies).where(*_good(handle_hash, purpose, now)).values(used_at=now).returning(ceremonies)
    row = (await tx.execute(query)).first()
    return None if row is None else msgspec.convert(row._mapping, Ceremony, strict=False)


async def take_ended(tx: Transaction, handle_hash: str, purpose: str, user_pk: int) -> bool:
    """Forgets a ceremony of this person's that ended; False when there is none, as the second time."""
    query = delete(ceremonies).where(
        ceremonies.c.handle_hash == handle_hash,
        ceremonies.c.purpose == purpose,
        ceremonies.c.user_pk == user_pk,
        ceremonies.c.used_at.is_not(None),
    )
    return (await tx.execute(query.returning(ceremonies.c.handle_hash))).first() is not None


async def challenge(tx: Transaction, handle_hash: str, purpose: str, value: bytes, now: Millis) -> bool:
    """Gives the ceremony a fresh challenge; False when it is over."""
    query = update(ceremonies).where(*_good(handle_hash, purpose, now)).values(challenge=value)
    return (await tx.execute(query.returning(ceremonies.c.handle_hash))).first() is not None


async def note(tx: Transaction, handle_hash: str, data: dict[str, Any]) -> None:
    await tx.execute(update(ceremonies).where(ceremonies.c.handle_hash == handle_hash).values(data=data))


def _good(handle_hash: str, purpose: str, now: Millis) -> tuple[ColumnElement[bool], ...]:
    return (
        ceremonies.c.handle_hash == handle_hash,
        ceremonies.c.purpose == purpose,
        ceremonies.c.used_at.is_(None),
        ceremonies.c.expires_at > now,
    )
