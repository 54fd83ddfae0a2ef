"""The `jti` of each client assertion that was taken, until it would have expired (RFC 7523 3)."""

from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import changed
from gatewright.storage.tables import used_assertions


async def take(tx: Transaction, jti_hash: str, expires_at: Millis) -> bool:
    """Notes the assertion; False when it was noted before, by whichever worker."""
    insert = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    statement = insert(used_assertions).values(jti_hash=jti_hash, expires_at=expires_at).on_conflict_do_nothing()
    return changed(await tx.execute(statement)) == 1
