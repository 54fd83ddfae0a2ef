"""The audit log as the directory lists it."""

from typing import Any

import msgspec
from sqlalchemy import select

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, matching
from gatewright.storage.tables import audit_log


class LoggedEvent(msgspec.Struct, frozen=True):
    """One line of the audit log."""

    id: int
    at: Millis
    action: str
    outcome: str
    actor: str | None
    target: str | None
    address: str | None
    reference: str | None
    details: dict[str, Any]


LISTING = Listing(
    key=audit_log.c.id.desc(),
    columns={
        **{name: audit_log.c[name] for name in ("action", "outcome", "target", "reference")},
        "username": audit_log.c.actor,
        "client_ip": audit_log.c.address,
        "created": audit_log.c.at,
        "pk": audit_log.c.id,
    },
    searched=(audit_log.c.action, audit_log.c.actor, audit_log.c.target, audit_log.c.reference, audit_log.c.address),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[LoggedEvent]]:
    """How many events match, and one page of them, newest first."""
    count, rows = await matching(tx, select(audit_log), LISTING, wish)
    return count, [msgspec.convert(row._mapping, LoggedEvent, strict=False) for row in rows]


async def by_id(tx: Transaction, event_id: int) -> LoggedEvent | None:
    row = (await tx.execute(select(audit_log).where(audit_log.c.id == event_id))).first()
    return None if row is None else msgspec.convert(row._mapping, LoggedEvent, strict=False)
