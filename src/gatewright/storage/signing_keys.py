"""The provider's signing keys. Retired keys stay until nothing that they signed can still be alive."""

from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import signing_keys


class KeyRow(msgspec.Struct, frozen=True):
    """One row; `private_key` is sealed."""

    kid: str
    algorithm: str
    private_key: bytes
    public_jwk: dict[str, Any]
    created_at: Millis
    retired_at: Millis | None


async def add(tx: Transaction, **columns: Any) -> None:
    await tx.execute(insert(signing_keys).values(columns))


async def everything(tx: Transaction) -> list[KeyRow]:
    """All keys, newest first."""
    query = select(signing_keys).order_by(signing_keys.c.created_at.desc(), signing_keys.c.kid)
    return [msgspec.convert(row._mapping, KeyRow) for row in await tx.execute(query)]


async def retire(tx: Transaction, kid: str, at: Millis) -> None:
    """The key signs no more and stays published."""
    await tx.execute(update(signing_keys).where(signing_keys.c.kid == kid).values(retired_at=at))
