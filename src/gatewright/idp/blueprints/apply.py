"""Apply a blueprint in one transaction: all of it, or nothing and every cause by its line (contract 3.7).

`present` makes or overwrites what the file names, `created` leaves an object that exists alone, `must_created` refuses
it, `absent` removes it. What a file says and we do not do is reported, never dropped in silence.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.passwords import Passwords
from gatewright.domain.errors import FieldsInvalid, GatewrightError, Unavailable
from gatewright.domain.people import Event
from gatewright.idp.blueprints.file import STATES, Blueprint, BlueprintInvalid, Entry
from gatewright.idp.blueprints.tags import Resolver
from gatewright.idp.blueprints.writers import ALIASES, Writer, fixed, writers
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.directory import Directory
from gatewright.storage import audit_log
from gatewright.storage.database import Database, Transaction

logger = logging.getLogger("gatewright.idp")
ORDER = "authentik_blueprints.metaapplyblueprint"
SYSTEM = By("system")


class Sources(msgspec.Struct, frozen=True):
    """What a file may read. `context` goes over its own; `files` gives a file's text, None when there is none."""

    context: Mapping[str, Any] = {}
    environment: Mapping[str, str] = {}
    files: Callable[[str], str | None] = lambda _: None


class Blueprints:
    """Applies files. `own_client` is the dashboard's client id, None where an outside provider signs people in."""

    def __init__(
        self, db: Database, base_url: str, passwords: Passwords, audit: Audit, *, own_client: str | None
    ) -> None:
        self._db = db
        self._base_url = base_url
        self._passwords = passwords
        self._audit = audit
        self._own_client = own_client

    async def apply(self, blueprint: Blueprint, sources: Sources, by: By = SYSTEM) -> list[str]:
        """Returns the warnings. Raises BlueprintInvalid, and nothing has changed."""
        async with self._db.write() as tx:
            return await self.apply_in(tx, blueprint, sources, by)

    async def apply_in(self, tx: Transaction, blueprint: Blueprint, sources: Sources, by: By = SYSTEM) -> list[str]:
        """`apply` in a transaction of the caller's, which the caller has to roll back when it raises."""
        db = self._db.joined(tx)
        directory = Directory(db, self._base_url, self._passwords, self._audit, own_client=self._own_client)
        run = _Run(blueprint, sources, db, directory, self._passwords, by)
        for entry in blueprint.entries:
            await run.entry(entry)
        if run.problems:
            raise BlueprintInvalid(*run.problems)
        for warning in run.warnings:
            logger.warning("blueprint %s: %s", blueprint.name, warning)
        details = {"name": blueprint.name, "warnings": run.warnings}
        event = Event("idp.blueprint", "ok", by.actor, blueprint.name or None, details, by.origin)
        await audit_log.add(tx, event, self._db.clock())
        return run.warnings


class _Run:
    """One application of one file."""

    def __init__(
        self,
        blueprint: Blueprint,
        sources: Sources,
        db: Database,
        directory: Directory,
        passwords: Passwords,
        by: By,
    ) -> None:
        self.warnings: list[str] = []
        self.problems: list[str] = []
        self._writers = writers(db, directory, passwords, by, self.warnings)
        context = {**blueprint.context, **sources.context}
        self._tags = Resolver(context, sources.environment, sources.files, self._find)

    async def entry(self, entry: Entry) -> None:
        """Does one entry. A problem is noted, and the next entry looked at, so that all of them are told at once."""
        try:
            await self._entry(entry)
        except Unavailable:
            raise
        except BlueprintInvalid as error:
            self.problems += error.problems
        except FieldsInvalid as error:
            texts = [f"{name}: {text}" if name else text for name, found in error.problems.items() for text in found]
            self.problems += [f"{entry.place}: {text}" for text in texts]
        except GatewrightError as error:
            self.problems.append(f"{entry.place}: {error.message}")

    async def _entry(self, entry: Entry) -> None:
        if not await self._holds(entry):
            return
        if entry.model == ORDER:
            # Files are applied by their names; one that needs another comes after it.
            self.warnings.append(f"{entry.place}: files are applied in the order of their names")
            return
        writer = self._writers.get(ALIASES.get(entry.model, entry.model))
        if writer is None:
            raise BlueprintInvalid(f"{entry.place}: the model {entry.model} is not supported.")
        self.warnings += [f"{entry.place}: {name} was left out" for name in entry.left_out]
        identifiers = await self._tags.value(entry.identifiers)
        if unknown := sorted(set(identifiers) - set(writer.names)):
            names = ", ".join(writer.names)
            raise BlueprintInvalid(f"{entry.place}: nothing is identified by {unknown[0]} here, only by {names}.")
        key = await self._write(entry, writer, identifiers)
        if entry.id is not None and key is not None:
            self._tags.keys[entry.id] = key

    async def _write(self, entry: Entry, writer: Writer, identifiers: dict[str, Any]) -> Any:
        """Does what the state says; the object's key, None when there is no object now."""
        state, key = await self._tags.value(entry.state), await writer.find(identifiers)
        if state not in STATES:
            raise BlueprintInvalid(f"{entry.place}: the state {state!r} is none of {', '.join(STATES)}.")
        if state == "absent":
            if key is not None:
                await writer.remove(key)
            return None
        if key is not None and state == "must_created":
            raise BlueprintInvalid(f"{entry.place}: it exists already, and must not.")
        attrs = await self._tags.value(entry.attrs)
        if key is None:
            return await writer.create({**_named(identifiers), **attrs})
        if state == "present" and attrs:
            await writer.change(key, attrs)
        return key

    async def _holds(self, entry: Entry) -> bool:
        """Whether every condition of the entry does."""
        for condition in entry.conditions:
            if not await self._tags.value(condition, lenient=True):
                return False
        return True

    async def _find(self, model: str, pairs: dict[str, Any]) -> Any:
        model = ALIASES.get(model, model)
        writer = self._writers.get(model)
        if writer is None:
            return fixed(model, pairs)
        return await writer.find(pairs) if set(pairs) <= set(writer.names) else None


def _named(identifiers: Mapping[str, Any]) -> dict[str, Any]:
    """The identifiers that a new object can have: its key is not ours to choose."""
    return {name: value for name, value in identifiers.items() if name not in ("pk", "group_uuid")}
