"""What is kept of a blueprint: where it comes from, sealed, and what came of it."""

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from gatewright.idp.blueprints.file import Blueprint, BlueprintInvalid
from gatewright.idp.blueprints.tags import Sources
from gatewright.idp.objects.addresses import BASE_URL
from gatewright.storage import blueprints as rows
from gatewright.storage.blueprints import BlueprintRow
from gatewright.storage.database import Database, Transaction
from gatewright.storage.listing import EVERYTHING

CONTENT, CONTEXT = "blueprints.content", "blueprints.context"
OWN_ADDRESS = "gatewright_url"
"""The context value that is the gateway's own address wherever a blueprint is applied: exported files have it."""
MOST_REPORTED = 200


class Kept(msgspec.Struct, frozen=True):
    """A row and what is sealed in it."""

    row: BlueprintRow
    content: str
    context: dict[str, Any]

    def __repr__(self) -> str:
        return f"Kept({self.row!r})"


class Outcome(msgspec.Struct, frozen=True):
    """What came of applying a blueprint. `report` are problems or warnings, by line."""

    status: str
    report: list[str] = []
    name: str = ""
    labels: dict[str, str] = {}
    models: list[str] = []

    @classmethod
    def of(cls, blueprint: Blueprint, warnings: Collection[str]) -> "Outcome":
        """It was applied."""
        return cls(
            status=rows.WARNING if warnings else rows.SUCCESSFUL,
            report=list(warnings)[:MOST_REPORTED],
            name=blueprint.name,
            labels=blueprint.labels,
            models=sorted({entry.model[:100] for entry in blueprint.entries}),
        )

    @classmethod
    def failed(cls, error: BlueprintInvalid) -> "Outcome":
        """It was not, and nothing has changed."""
        return cls(rows.ERROR, list(error.problems)[:MOST_REPORTED])

    def columns(self, text: str, now: int) -> dict[str, Any]:
        """What the row says afterwards. A failure leaves what was applied before."""
        found = {"status": self.status, "report": self.report, "updated_at": now}
        if self.status == rows.ERROR:
            return found
        return {
            **found,
            "labels": self.labels,
            "models": self.models,
            "applied_hash": content_hash(text),
            "applied_at": now,
        }


def content_hash(text: str) -> str:
    """As Authentik computes it."""
    return hashlib.sha512(text.encode(errors="surrogatepass")).hexdigest()


def sources_for(
    blueprint: Blueprint,
    given: Mapping[str, Any],
    *,
    environment: Mapping[str, str],
    files: Callable[[str], str | None] | None = None,
    released: frozenset[str] | None = None,
) -> Sources:
    """What the blueprint reads when it is applied with that context."""
    own = blueprint.context.get("base_url", BASE_URL)
    context = {"base_url": own, **given, OWN_ADDRESS: BASE_URL}
    return Sources(context, environment, files, released)


def opened(db: Database, row: BlueprintRow) -> Kept:
    """The row with its content and context."""
    content = "" if row.content is None else db.sealer.open(row.content, CONTENT)
    context = {} if row.context is None else msgspec.json.decode(db.sealer.open(row.context, CONTEXT))
    return Kept(row, content, context)


def sealed(db: Database, content: str, context: Mapping[str, Any]) -> dict[str, bytes | None]:
    """The two columns that may hold secrets."""
    text = msgspec.json.encode(context).decode()
    return {
        "content": db.sealer.seal(content, CONTENT) if content else None,
        "context": db.sealer.seal(text, CONTEXT) if context else None,
    }


async def kept_at(db: Database, path: str) -> Kept | None:
    """The blueprint of that file, None when it was never seen."""
    async with db.read() as tx:
        row = await rows.by_path(tx, path)
    return None if row is None else opened(db, row)


async def keep(db: Database, tx: Transaction, path: str, text: str, outcome: Outcome) -> None:
    """Notes what came of a file of the folder."""
    columns = outcome.columns(text, db.clock())
    row = await rows.by_path(tx, path)
    if row is not None:
        await rows.change(tx, row.id, **columns)
        return
    fresh = str(uuid.uuid4())
    name = outcome.name or path
    if await rows.by_name(tx, name) is not None:
        name = f"{path} ({fresh[:8]})"
    empty: dict[str, Any] = {"labels": {}, "models": [], "shown_context": {}}
    await rows.add(tx, uuid=fresh, name=name, path=path, **{**empty, **columns})


async def orphan(db: Database, paths: Collection[str]) -> None:
    """Marks the blueprints whose files are not there any more."""
    async with db.write() as tx:
        _, every = await rows.page(tx, EVERYTHING)
        for row in every:
            if row.path and row.path not in paths and row.status != rows.ORPHANED:
                await rows.change(tx, row.id, status=rows.ORPHANED, updated_at=db.clock())
