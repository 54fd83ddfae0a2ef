"""Blueprints that administrators keep, apply, import and export (contract 3.7, 3.8)."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from gatewright.domain.errors import FieldsInvalid
from gatewright.domain.people import Event
from gatewright.idp.blueprints.apply import ACTION, Blueprints, Who, take_locks
from gatewright.idp.blueprints.export import export
from gatewright.idp.blueprints.file import LONGEST, Blueprint, BlueprintInvalid, read
from gatewright.idp.blueprints.folder import Folder
from gatewright.idp.blueprints.keeping import Kept, Outcome, content_hash, opened, sealed, sources_for
from gatewright.idp.blueprints.masking import MASK, masked, restored
from gatewright.idp.blueprints.tags import Sources
from gatewright.idp.directory.acting import CREATED, DELETED, UPDATED, By, Changed, absent, record, taken
from gatewright.idp.objects.fields import Fields
from gatewright.storage import audit_log
from gatewright.storage import blueprints as rows
from gatewright.storage.blueprints import BlueprintRow
from gatewright.storage.database import Database, Transaction
from gatewright.storage.listing import Wish

MODEL = "authentik_blueprints.blueprintinstance"
NAMES = ("name", "path", "context", "enabled", "content")
REQUIRED = ("name",)
SOURCE = ("path", "content", "context")
REGISTRIES = "oci://"
MOST_LOGGED, LONGEST_LOGGED = 5, 300
MOST_SENT = 1000
"""Entries of a text of the API: applying them keeps every other change of the directory waiting."""


class AvailableFile(msgspec.Struct, frozen=True):
    """A file of the folder. `modified_at` in milliseconds; `blueprint` None for a file that is none."""

    path: str
    modified_at: int
    hash: str
    blueprint: Blueprint | None


class BlueprintInstances:
    """`folder` is None without GATEWRIGHT_BLUEPRINTS_DIR. Content of the API reads the `released` variables alone."""

    def __init__(
        self,
        db: Database,
        blueprints: Blueprints,
        folder: Folder | None,
        environment: Mapping[str, str],
        released: frozenset[str],
    ) -> None:
        self._db = db
        self.clock = db.clock
        self._blueprints = blueprints
        self._folder = folder
        self._environment = environment
        self._released = released

    async def page(self, wish: Wish) -> tuple[int, list[BlueprintRow]]:
        async with self._db.read() as tx:
            return await rows.page(tx, wish)

    async def get(self, key: str) -> BlueprintRow:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await _row(tx, key)

    async def create(self, attrs: Mapping[str, Any], who: Who) -> BlueprintRow:
        """Keeps a blueprint and, unless it is not enabled, applies it: both, or neither. Raises FieldsInvalid."""
        fresh, given = str(uuid.uuid4()), _checked(attrs)
        async with self._told(given, who):
            text, blueprint = await self._text(given["path"], given["content"])
            columns = await asyncio.to_thread(_columns, self._db, given)
            async with self._db.write() as tx:
                await take_locks(tx)
                await _check_name(tx, given["name"], None)
                new = {"uuid": fresh, "status": rows.UNKNOWN, "report": [], "models": []}
                await rows.add(tx, **new, **columns, labels=blueprint.labels)
                await record(tx, who.by, CREATED, Changed(MODEL, fresh, given["name"]), self._db.clock())
                return await self._put(tx, await _row(tx, fresh), text, blueprint, who)

    async def change(self, key: str, patch: Mapping[str, Any], who: Who) -> BlueprintRow:
        """Changes a blueprint and, unless it is not enabled, applies it. Raises NotFound, FieldsInvalid."""
        before = opened(self._db, await self.get(key))
        old = _attributes(before)
        given = _checked({**old, **await asyncio.to_thread(_as_sent, before, patch)})
        async with self._told(given, who):
            # Whatever is wrong with it, it can be switched off.
            if given["enabled"] or any(given[name] != old[name] for name in SOURCE):
                text, blueprint = await self._text(given["path"], given["content"])
            else:
                text, blueprint = "", None
            columns = await asyncio.to_thread(_columns, self._db, given)
            async with self._db.write() as tx:
                await take_locks(tx)
                row = await _row(tx, key)
                await _check_name(tx, given["name"], row.id)
                await rows.change(tx, row.id, **columns)
                await record(tx, who.by, UPDATED, Changed(MODEL, row.uuid, given["name"]), self._db.clock(), patch)
                row = await _row(tx, key)
                return row if blueprint is None else await self._put(tx, row, text, blueprint, who)

    async def delete(self, key: str, by: By) -> None:
        """The objects that it made stay. Raises NotFound."""
        async with self._db.write() as tx:
            row = await _row(tx, key)
            await rows.remove(tx, row.id)
            await record(tx, by, DELETED, Changed(MODEL, row.uuid, row.name), self._db.clock())

    async def apply(self, key: str, who: Who) -> BlueprintRow:
        """Applies it now. Raises NotFound, FieldsInvalid with every line that cannot be done; the row says so too."""
        kept = opened(self._db, await self.get(key))
        if not kept.row.is_enabled:
            raise FieldsInvalid({"": ["The blueprint is not enabled."]})
        try:
            text, blueprint = await self._text(kept.row.path, kept.content)
            async with self._db.write() as tx:
                return await self._put(tx, await _row(tx, key), text, blueprint, who)
        except BlueprintInvalid as error:
            await self._failed(kept.row, error, who)
            raise FieldsInvalid({"": error.problems}) from error

    async def imported(self, path: str, content: str, context: Mapping[str, Any], who: Who) -> list[str]:
        """Applies a file of the folder, or a text, once; the warnings. Raises FieldsInvalid, BlueprintInvalid."""
        given = _checked({"name": "import", "path": path, "content": content, "context": context})
        try:
            _, blueprint = await self._text(given["path"], given["content"])
            sources = self._sources(blueprint, given["path"], given["context"])
            return await self._blueprints.apply(blueprint, sources, who)
        except BlueprintInvalid as error:
            await self._log(given["name"], error, who)
            raise

    async def exported(self, by: By, *, people: bool) -> str:
        """Our objects as a blueprint; see `export`."""
        text = await export(self._db, self._blueprints, people=people)
        async with self._db.write() as tx:
            event = Event("idp.export", "ok", by.actor, None, {"people": people}, by.origin)
            await audit_log.add(tx, event, self._db.clock())
        return text

    async def available(self) -> list[AvailableFile]:
        """The files of the folder."""
        folder = self._folder
        return [] if folder is None else await asyncio.to_thread(_available, folder)

    async def _put(self, tx: Transaction, row: BlueprintRow, text: str, blueprint: Blueprint, who: Who) -> BlueprintRow:
        """Applies a kept blueprint in the caller's transaction; what came of it. Raises BlueprintInvalid."""
        if not row.is_enabled:
            return row
        sources = self._sources(blueprint, row.path, opened(self._db, row).context)
        warnings = await self._blueprints.apply_in(tx, blueprint, sources, who)
        await rows.change(tx, row.id, **Outcome.of(blueprint, warnings).columns(text, self._db.clock()))
        return await _row(tx, row.uuid)

    @asynccontextmanager
    async def _told(self, given: Mapping[str, Any], who: Who) -> AsyncIterator[None]:
        """Says of which field it is that the blueprint cannot be applied. Raises FieldsInvalid."""
        try:
            yield
        except BlueprintInvalid as error:
            await self._log(given["name"], error, who)
            raise _invalid("path" if given["path"] else "content", error) from error

    async def _failed(self, row: BlueprintRow, error: BlueprintInvalid, who: Who) -> None:
        async with self._db.write() as tx:
            await rows.change(tx, row.id, **Outcome.failed(error).columns("", self._db.clock()))
        await self._log(row.name, error, who)

    async def _log(self, name: str, error: BlueprintInvalid, who: Who) -> None:
        """The event of a blueprint that was refused, with the first of its causes."""
        details = {"name": name, "problems": [problem[:LONGEST_LOGGED] for problem in error.problems[:MOST_LOGGED]]}
        event = Event(ACTION, error.error_code, who.by.actor, name, details, who.by.origin)
        async with self._db.write() as tx:
            await audit_log.add(tx, event, self._db.clock())

    async def _text(self, path: str, content: str) -> tuple[str, Blueprint]:
        if not path:
            blueprint = await asyncio.to_thread(read, content)
            if len(blueprint.entries) > MOST_SENT:
                raise BlueprintInvalid(f"The API takes at most {MOST_SENT} entries. Apply the file on the server.")
            return content, blueprint
        folder = self._folder
        # Names are compared with those of the folder, and none is put together from what somebody sent.
        if folder is None or path not in await asyncio.to_thread(folder.names):
            raise BlueprintInvalid("Blueprint file does not exist. available/ lists those that do.")
        text = await asyncio.to_thread(folder.text, path)
        return text, await asyncio.to_thread(read, text)

    def _sources(self, blueprint: Blueprint, path: str, given: Mapping[str, Any]) -> Sources:
        """A file is the operator's own and reads what it would at a start; a text of the API does not."""
        if path and self._folder is not None:
            return sources_for(blueprint, given, environment=self._environment, files=self._folder.file)
        return sources_for(blueprint, given, environment=self._environment, released=self._released)


def _invalid(field: str, error: BlueprintInvalid) -> FieldsInvalid:
    return FieldsInvalid({field: ["Failed to validate blueprint", *(f"- {problem}" for problem in error.problems)]})


def _checked(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """A whole instance's fields. Raises FieldsInvalid."""
    fields = Fields(attrs, NAMES, "blueprintinstance")
    path = fields.text("path", most=1024)
    found = {
        "name": fields.text("name", None),
        "path": path,
        "content": fields.text("content", most=LONGEST, lines=True),
        "context": fields.mapping("context"),
        "enabled": fields.flag("enabled", True),
    }
    if path.startswith(REGISTRIES):
        fields.problem("path", "Blueprints of registries are not supported. Put the file into the folder.")
    if not found["path"] and not found["content"]:
        fields.problem("", "Either path or content must be set.")
    if found["path"] and found["content"]:
        fields.problem("", "Set path or content, and empty the other.")
    fields.done()
    return found


def _attributes(kept: Kept) -> dict[str, Any]:
    row = kept.row
    found = {"name": row.name, "path": row.path, "enabled": row.is_enabled}
    return {**found, "content": kept.content, "context": kept.context}


def _as_sent(before: Kept, patch: Mapping[str, Any]) -> dict[str, Any]:
    """The changes, where what came back as it was shown stays as it is. Raises FieldsInvalid."""
    found = dict(patch)
    if found.get("content") == before.row.shown_content and before.content:
        found["content"] = before.content
    elif isinstance(found.get("content"), str) and found["content"]:
        try:
            is_covered = masked(found["content"], {}).is_covered
        except BlueprintInvalid as error:
            raise _invalid("content", error) from error
        if is_covered:
            raise FieldsInvalid({"content": [f"A secret is covered with {MASK}. Send its value again."]})
    if isinstance(found.get("context"), dict):
        found["context"] = restored(found["context"], before.context)
    return found


def _columns(db: Database, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of checked attributes. Raises BlueprintInvalid."""
    shown = masked(given["content"], given["context"])
    return {
        "name": given["name"],
        "path": given["path"],
        "is_enabled": given["enabled"],
        "shown_content": shown.text,
        "shown_context": shown.context,
        "updated_at": db.clock(),
        **sealed(db, given["content"], given["context"]),
    }


def _available(folder: Folder) -> list[AvailableFile]:
    found = []
    for name in folder.names():
        try:
            text = folder.text(name)
        except BlueprintInvalid:
            # It cannot be applied: choosing it says why.
            found.append(AvailableFile(name, folder.modified(name), "", None))
            continue
        try:
            blueprint = read(text)
        except BlueprintInvalid:
            blueprint = None
        found.append(AvailableFile(name, folder.modified(name), content_hash(text), blueprint))
    return found


async def _check_name(tx: Transaction, name: str, own_id: int | None) -> None:
    other = await rows.by_name(tx, name)
    if other is not None and other.id != own_id:
        raise taken("Blueprint Instance", "name")


async def _row(tx: Transaction, key: str) -> BlueprintRow:
    found = await rows.by_uuid(tx, key.lower())
    if found is None:
        raise absent("BlueprintInstance")
    return found
