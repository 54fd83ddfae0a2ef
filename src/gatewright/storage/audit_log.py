"""The audit log: who did what, and what was refused and why."""

from typing import Any

from sqlalchemy import insert, select

from gatewright.domain.clock import Millis
from gatewright.domain.people import Event
from gatewright.storage.database import Transaction
from gatewright.storage.tables import audit_log

_ADD = insert(audit_log)


async def add(tx: Transaction, event: Event, at: Millis) -> None:
    """Writes one event."""
    row = {
        "at": at,
        "action": event.action,
        "outcome": event.outcome,
        "actor": event.actor,
        "target": event.target,
        "address": event.origin.address,
        "reference": event.origin.reference,
        "details": event.details,
    }
    await tx.execute(_ADD, row)


async def newest(tx: Transaction, limit: int) -> list[dict[str, Any]]:
    """The last events, newest first."""
    rows = await tx.execute(select(audit_log).order_by(audit_log.c.id.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]
