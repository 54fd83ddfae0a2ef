"""What the last sign-in said about a source: whether its issuer was verified, and what is weaker than it should be."""

import msgspec

from gatewright.storage import facts, login_transactions
from gatewright.storage.database import Database

STANDING = "sso.standing"


class Standing(msgspec.Struct, frozen=True):
    """`doubt` says why no signature was checked, None when one was.

    `notes` are what is weaker than it should be: certificates that nobody checks, endpoints that differ.
    """

    source: str
    issuer: str | None
    doubt: str | None
    notes: tuple[str, ...] = ()


async def read_standing(db: Database, source_id: str) -> Standing | None:
    """Of the last sign-in on any worker; None before the first."""
    async with db.read() as tx:
        value = await facts.read(tx, f"{STANDING}.{source_id}")
    return None if value is None else msgspec.convert(value, Standing)


async def write_standing(db: Database, standing: Standing) -> None:
    async with db.write() as tx:
        # Two workers may note the first one at the same time.
        await login_transactions.lock_newcomers(tx)
        await facts.write(tx, f"{STANDING}.{standing.source}", msgspec.to_builtins(standing))
