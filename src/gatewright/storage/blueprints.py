"""Blueprints that are kept: given by API or found in the operator's folder, and what came of them."""

from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, matching
from gatewright.storage.tables import blueprints

SUCCESSFUL, WARNING, ERROR, ORPHANED, UNKNOWN = "successful", "warning", "error", "orphaned", "unknown"
"""Authentik's states. An orphaned blueprint's file is gone; an unknown one was never applied."""


class BlueprintRow(msgspec.Struct, frozen=True):
    """One row. `content` and `context` (JSON) are sealed, None for none; `path` is empty for one that has content.

    `shown_content` and `shown_context` are the same without secrets.
    """

    id: int
    uuid: str
    name: str
    path: str
    content: bytes | None
    context: bytes | None
    shown_content: str
    shown_context: dict[str, Any]
    is_enabled: bool
    status: str
    report: list[str]
    labels: dict[str, str]
    models: list[str]
    applied_hash: str
    applied_at: Millis | None
    updated_at: Millis

    def __repr__(self) -> str:
        return f"BlueprintRow({self.name!r}, {self.path!r})"


LISTING = Listing(
    key=blueprints.c.id,
    columns={
        **{name: blueprints.c[name] for name in ("name", "path", "status")},
        "enabled": blueprints.c.is_enabled,
        "last_applied": blueprints.c.applied_at,
    },
    searched=(blueprints.c.name, blueprints.c.path),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[BlueprintRow]]:
    """How many blueprints match, and one page of them."""
    count, rows = await matching(tx, select(blueprints), LISTING, wish)
    return count, [_row(row) for row in rows]


async def by_uuid(tx: Transaction, uuid: str) -> BlueprintRow | None:
    return await _one(tx, blueprints.c.uuid == uuid)


async def by_name(tx: Transaction, name: str) -> BlueprintRow | None:
    return await _one(tx, blueprints.c.name == name)


async def by_path(tx: Transaction, path: str) -> BlueprintRow | None:
    """The blueprint of a file of the folder: the oldest, should there be several."""
    return await _one(tx, blueprints.c.path == path)


async def was_applied(tx: Transaction, name: str) -> bool:
    """Whether a blueprint of that name was applied here and nothing was wrong since."""
    found = await by_name(tx, name)
    return found is not None and found.status in (SUCCESSFUL, WARNING)


async def add(tx: Transaction, **columns: Any) -> None:
    await tx.execute(insert(blueprints).values(columns))


async def change(tx: Transaction, blueprint_id: int, **columns: Any) -> None:
    await tx.execute(update(blueprints).where(blueprints.c.id == blueprint_id).values(columns))


async def remove(tx: Transaction, blueprint_id: int) -> None:
    await tx.execute(delete(blueprints).where(blueprints.c.id == blueprint_id))


async def _one(tx: Transaction, condition: Any) -> BlueprintRow | None:
    row = (await tx.execute(select(blueprints).where(condition).order_by(blueprints.c.id).limit(1))).first()
    return None if row is None else _row(row)


def _row(row: Any) -> BlueprintRow:
    return msgspec.convert(row._mapping, BlueprintRow)
