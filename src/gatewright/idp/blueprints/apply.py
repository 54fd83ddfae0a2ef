"""Apply a blueprint in one transaction: all of it, or nothing and every cause by its line (contract 3.7).

`present` makes or overwrites what the file names, `created` leaves an object that exists alone, `must_created` refuses
it, `absent` removes it. What a file says and we do not do is reported, never dropped in silence.
"""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.passwords import Passwords
from gatewright.domain.errors import FieldsInvalid, GatewrightError, Unavailable
from gatewright.domain.people import Event
from gatewright.idp.blueprints.file import ORDER, STATES, Blueprint, BlueprintInvalid, Entry
from gatewright.idp.blueprints.masking import SECRETS
from gatewright.idp.blueprints.tags import Resolver, Sources
from gatewright.idp.blueprints.writers import ABSENT, ALIASES, fixed, writers
from gatewright.idp.blueprints.writing import Acting, Writer
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.directory import Directory
from gatewright.idp.directory.tokens import Limit
from gatewright.storage import audit_log, blueprints, login_transactions, oauth_providers, users
from gatewright.storage.database import Database, Transaction

logger = logging.getLogger("gatewright.idp")
SYSTEM = By("system")
ACTION = "idp.blueprint"
ANYTHING = Limit(None)


class Who(msgspec.Struct, frozen=True):
    """Who applies a blueprint, and until when tokens may live that it makes."""

    by: By = SYSTEM
    limit: Limit = ANYTHING


START = Who()


class _Undone(Exception):
    """Ends a transaction that was only to be tried."""


class Blueprints:
    """Applies files. `own_client` is the dashboard's client id, None where an outside provider signs people in."""

    def __init__(
        self, db: Database, base_url: str, passwords: Passwords, audit: Audit, *, own_client: str | None
    ) -> None:
        self._db = db
        self.base_url = base_url
        self.passwords = passwords
        self._audit = audit
        self._own_client = own_client

    async def apply(self, blueprint: Blueprint, sources: Sources, who: Who = START) -> list[str]:
        """Returns the warnings. Raises BlueprintInvalid, and nothing has changed."""
        async with self._db.write() as tx:
            return await self.apply_in(tx, blueprint, sources, who)

    async def apply_in(self, tx: Transaction, blueprint: Blueprint, sources: Sources, who: Who = START) -> list[str]:
        """`apply` in a transaction of the caller's, which the caller has to roll back when it raises."""
        await take_locks(tx)
        db = self._db.joined(tx)
        warnings: list[str] = []
        acting = Acting(db, self.directory(db), self.passwords, who.by, who.limit, warnings)
        run = _Run(blueprint, sources, acting)
        for entry in blueprint.entries:
            await run.entry(entry)
        if run.problems:
            raise BlueprintInvalid(*run.problems)
        for warning in warnings:
            logger.warning("blueprint %s: %s", blueprint.name, warning)
        details = {"name": blueprint.name, "warnings": warnings}
        event = Event(ACTION, "ok", who.by.actor, blueprint.name or None, details, who.by.origin)
        await audit_log.add(tx, event, self._db.clock())
        return warnings

    async def check(self, blueprint: Blueprint, sources: Sources, who: Who = START) -> list[str]:
        """The warnings of `apply`, of which nothing stays. Raises BlueprintInvalid."""
        warnings: list[str] = []
        try:
            async with self._db.write() as tx:
                warnings = await self.apply_in(tx, blueprint, sources, who)
                raise _Undone
        except _Undone:
            return warnings

    def directory(self, db: Database) -> Directory:
        """The use cases on that database."""
        return Directory(db, self.base_url, self.passwords, self._audit, own_client=self._own_client)


async def take_locks(tx: Transaction) -> None:
    """All that a file's objects may need, first and in the directory's order: a deadlock would end somebody's request.

    SQLite's write lock does that already.
    """
    await users.lock_roles(tx)
    await oauth_providers.lock_first_start(tx)
    await login_transactions.lock_newcomers(tx)


class _Run:
    """One application of one file."""

    def __init__(self, blueprint: Blueprint, sources: Sources, acting: Acting) -> None:
        self.problems: list[str] = []
        self._acting = acting
        self._warnings = acting.warnings
        self._writers = writers(acting)
        self._tags = Resolver({**blueprint.context, **sources.context}, sources, self)

    async def entry(self, entry: Entry) -> None:
        """Does one entry. A problem is noted, and the next entry looked at, so that all of them are told at once."""
        told = len(self.problems)
        try:
            await self._entry(entry)
        except Unavailable:
            raise
        except BlueprintInvalid as error:
            self.problems += [text if text.startswith("Line ") else f"{entry.place}: {text}" for text in error.problems]
        except FieldsInvalid as error:
            texts = [f"{name}: {text}" if name else text for name, found in error.problems.items() for text in found]
            self.problems += [f"{entry.place}: {text}" for text in texts]
        except GatewrightError as error:
            self.problems.append(f"{entry.place}: {error.message}")
        if len(self.problems) > told:
            self._tags.failed.add(entry.id)

    async def find(self, model: str, pairs: dict[str, Any]) -> Any:
        """See `tags.Objects`."""
        writer = self._writers.get(ALIASES.get(model, model))
        if writer is None:
            found = fixed(model, pairs)
            return None if found is None else found["pk"]
        return await writer.find(pairs)

    async def shown(self, model: str, pairs: dict[str, Any]) -> dict[str, Any] | None:
        """See `tags.Objects`."""
        writer = self._writers.get(ALIASES.get(model, model))
        if writer is None:
            return fixed(model, pairs)
        key = await writer.find(pairs)
        return None if key is None else await writer.shown(key)

    async def _entry(self, entry: Entry) -> None:
        if not await self._holds(entry):
            return
        if entry.model == ORDER:
            await self._ordered(entry)
            return
        model = ALIASES.get(entry.model, entry.model)
        writer = self._writers.get(model)
        if writer is None:
            instead = f" {ABSENT[model]}" if model in ABSENT else ""
            raise BlueprintInvalid(f"{entry.place}: the model {entry.model} is not supported.{instead}")
        self._warnings += [f"{entry.place}: {name} was left out" for name in entry.left_out]
        identifiers, told = await self._tags.value(entry.identifiers), len(self._warnings)
        key = await self._write(entry, writer, identifiers)
        self._warnings[told:] = [f"{entry.place}: {text}" for text in self._warnings[told:]]
        if entry.id is not None and key is not None:
            self._tags.keys[entry.id] = key

    async def _write(self, entry: Entry, writer: Writer, identifiers: dict[str, Any]) -> Any:
        """Does what the state says; the object's key, None when there is no object now."""
        state, key = await self._tags.value(entry.state), await writer.find(identifiers)
        if state not in STATES:
            raise BlueprintInvalid(f"{entry.place}: the state {str(state)[:60]!r} is none of {', '.join(STATES)}.")
        if state == "absent":
            if key is not None:
                await writer.remove(key)
            return None
        if key is not None and state == "must_created":
            raise BlueprintInvalid(f"{entry.place}: it exists already, and must not.")
        attrs = await self._tags.value(entry.attrs)
        if key is None:
            named = {name: value for name, value in identifiers.items() if name not in writer.assigned}
            return await writer.create({**named, **attrs})
        if state == "present" and attrs and not says(await writer.shown(key), attrs):
            await writer.change(key, attrs)
        return key

    async def _ordered(self, entry: Entry) -> None:
        """Another blueprint that is to come first. Here it was applied before, by its name, or it was not."""
        attrs = await self._tags.value(entry.attrs)
        wanted = attrs.get("identifiers")
        name = wanted.get("name") if isinstance(wanted, dict) else None
        async with self._acting.db.read() as tx:
            if isinstance(name, str) and await blueprints.was_applied(tx, name):
                return
        text = f"{entry.place}: no blueprint with the name {str(name)[:100]!r} was applied here before this one"
        if attrs.get("required") is not False:
            raise BlueprintInvalid(f"{text}. Files are applied in the order of their names.")
        self._warnings.append(text)

    async def _holds(self, entry: Entry) -> bool:
        """Whether every condition of the entry does."""
        for condition in entry.conditions:
            if not await self._tags.value(condition, lenient=True):
                return False
        return True


def says(shown: Mapping[str, Any], attrs: Mapping[str, Any]) -> bool:
    """Whether the object is as the file has it, so that a start changes nothing and logs nothing. When in doubt it is
    not: a secret that is given counts as another, and so does a value that is written otherwise.
    """
    known = {**dict.fromkeys(SECRETS), **shown}
    return all(name in known and _same(known[name], value) for name, value in attrs.items())


def _same(present: Any, value: Any) -> bool:
    """The order of references means nothing."""
    if (
        isinstance(present, list)
        and isinstance(value, list)
        and all(isinstance(one, str) for one in (*present, *value))
    ):
        return sorted(present) == sorted(value)
    return type(present) is type(value) and bool(present == value)
