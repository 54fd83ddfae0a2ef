"""The provider's signing keys. A key is published before it signs, and until nothing that it signed can be alive."""

from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, text, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import oauth_providers, signing_keys

ROTATION_LOCK = 4_202_616


class KeyRow(msgspec.Struct, frozen=True):
    """One row; `private_key` is sealed.

    It signs from `active_from` (None: from its creation) until `retired_at`, and is published until `expires_at`.
    """

    kid: str
    algorithm: str
    private_key: bytes
    public_jwk: dict[str, Any]
    created_at: Millis
    retired_at: Millis | None
    active_from: Millis | None = None
    expires_at: Millis | None = None

    @property
    def begins(self) -> Millis:
        return self.created_at if self.active_from is None else self.active_from

    def signs(self, now: Millis) -> bool:
        return self.begins <= now and (self.retired_at is None or self.retired_at > now)

    def is_published(self, now: Millis) -> bool:
        return self.expires_at is None or self.expires_at > now


async def lock(tx: Transaction) -> None:
    """Lets one worker at a time make keys. SQLite locks by itself."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ROTATION_LOCK})


async def add(tx: Transaction, **columns: Any) -> None:
    await tx.execute(insert(signing_keys).values(columns))


async def everything(tx: Transaction) -> list[KeyRow]:
    """All keys, newest first."""
    query = select(signing_keys).order_by(signing_keys.c.created_at.desc(), signing_keys.c.kid)
    return [msgspec.convert(row._mapping, KeyRow) for row in await tx.execute(query)]


async def retire(tx: Transaction, kid: str, at: Millis, expires_at: Millis) -> None:
    """The key signs no more from `at`, and is published until `expires_at`."""
    query = update(signing_keys).where(signing_keys.c.kid == kid)
    await tx.execute(query.values(retired_at=at, expires_at=expires_at))


async def forget(tx: Transaction, before: Millis) -> None:
    """Deletes the keys whose publication ended before then."""
    await tx.execute(delete(signing_keys).where(signing_keys.c.expires_at < before))


async def longest_token_life(tx: Transaction) -> Millis:
    """How long the longest-lived access or ID token of any client lives."""
    return (await tx.execute(select(func.max(oauth_providers.c.access_token_validity)))).scalar() or 0
