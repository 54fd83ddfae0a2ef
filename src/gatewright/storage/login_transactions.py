"""Sign-ins that the relying party started: one row an authorization request, used once."""

import msgspec
from sqlalchemy import delete, insert, text

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import login_transactions as table

NEWCOMER_LOCK = 4_202_613


class LoginTransaction(msgspec.Struct, frozen=True):
    """One row. `state_hash` and `browser_hash` are SHA-256, as is `invitation`; `code_verifier` is sealed."""

    state_hash: str
    browser_hash: str
    source: str
    nonce: str
    code_verifier: bytes
    return_to: str | None
    cli_login: str | None
    created_at: Millis
    expires_at: Millis
    invitation: str | None = None
    is_trial: bool = False


async def add(tx: Transaction, row: LoginTransaction) -> None:
    await tx.execute(insert(table).values(msgspec.structs.asdict(row)))


async def take(tx: Transaction, state_hash: str) -> LoginTransaction | None:
    """Removes and returns the transaction, whoever asks; of several at the same time one gets it.

    Browser and expiry are for the caller to check: a state that the wrong browser brings has leaked and is used up too.
    """
    row = (await tx.execute(delete(table).where(table.c.state_hash == state_hash).returning(*table.c))).first()
    return None if row is None else msgspec.convert(row._mapping, LoginTransaction)


async def lock_newcomers(tx: Transaction) -> None:
    """Lets one first sign-in at a time make a user, so that two tabs do not make the same person twice.

    SQLite's write lock does that already.
    """
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": NEWCOMER_LOCK})
