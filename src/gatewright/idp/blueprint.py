"""Apply a blueprint: Authentik's objects into our tables, in one transaction (contract 3.7).

`present` creates or overwrites what the file names, `created` leaves an existing object alone. What a blueprint says
and we do not do is reported as a warning or refused, never dropped in silence.
"""

import logging
import uuid
from collections.abc import Mapping
from importlib import resources
from typing import Any

from gatewright.domain.people import Event
from gatewright.idp.blueprint_file import Blueprint, BlueprintInvalid, Entry, Tag, read
from gatewright.idp.blueprint_objects import (
    Values,
    application_columns,
    group_columns,
    mapping_columns,
    provider_columns,
    reject_unknown,
)
from gatewright.storage import applications, audit_log, facts, groups, oauth_providers, scope_mappings
from gatewright.storage.database import Database, Transaction

logger = logging.getLogger("gatewright.idp")
APPLIED = "blueprint:default"
INSTALLATION = "installation_id"
SECRET_PURPOSE = "oauth_provider.client_secret"
BASE_URL = "{base_url}"
"""Stands in stored addresses for the base URL, which is read from the settings at each use."""

FLOW, CERTIFICATE = "authentik_flows.flow", "authentik_crypto.certificatekeypair"
GROUP, APPLICATION = "authentik_core.group", "authentik_core.application"
MAPPING, PROVIDER = "authentik_providers_oauth2.scopemapping", "authentik_providers_oauth2.oauth2provider"
MAPPING_NAMES = (MAPPING, "authentik_core.propertymapping", "authentik_providers_oauth2.propertymapping")


async def apply_at_first_start(db: Database, environment: Mapping[str, str] | None = None) -> bool:
    """Applies the packaged blueprints, once in the life of a database; True when this call did it.

    `environment` serves `!Env LITELLM_OIDC_SECRET`; without it the client secret is generated. Two workers that start
    together do it once.
    """
    async with db.write() as tx:
        await oauth_providers.lock_first_start(tx)
        if await facts.read(tx, APPLIED) is not None:
            return False
        if await facts.read(tx, INSTALLATION) is None:
            await facts.write(tx, INSTALLATION, str(uuid.uuid4()))
        folder = resources.files("gatewright.idp").joinpath("blueprints")
        for name in ("managed.yaml", "default.yaml"):
            blueprint = read(folder.joinpath(name).read_text("utf-8"))
            await apply(tx, db, blueprint, {"base_url": BASE_URL}, environment or {})
        await facts.write(tx, APPLIED, db.clock())
    return True


async def apply(
    tx: Transaction,
    db: Database,
    blueprint: Blueprint,
    context: Mapping[str, Any],
    environment: Mapping[str, str],
) -> list[str]:
    """Applies every entry in order and returns the warnings. Raises BlueprintInvalid; the caller's block rolls back.

    `context` goes over the file's own.
    """
    run = _Run(tx, db, {**blueprint.context, **context}, environment)
    for entry in blueprint.entries:
        await run.entry(entry)
    for warning in run.warnings:
        logger.warning("blueprint %s: %s", blueprint.name, warning)
    details = {"name": blueprint.name, "warnings": run.warnings}
    await audit_log.add(tx, Event("idp.blueprint", "ok", actor="system", details=details), db.clock())
    return run.warnings


class _Run:
    """One application of one file."""

    def __init__(self, tx: Transaction, db: Database, context: Mapping[str, Any], env: Mapping[str, str]) -> None:
        self.tx, self.db, self.context, self.env = tx, db, context, env
        self.keys: dict[str, Any] = {}
        self.warnings: list[str] = []

    async def entry(self, entry: Entry) -> None:
        for condition in entry.conditions:
            if not await self.resolve(condition):
                return
        write = {
            GROUP: self.group,
            MAPPING: self.mapping,
            PROVIDER: self.provider,
            APPLICATION: self.application,
        }.get(entry.model)
        if write is None:
            raise BlueprintInvalid(f"The model {entry.model} is not supported.")
        identifiers = await self.resolve(entry.identifiers)
        attrs = await self.resolve(entry.attrs)
        key = await write(entry, identifiers, attrs)
        if entry.id is not None:
            self.keys[entry.id] = key

    async def group(self, entry: Entry, identifiers: Values, attrs: Values) -> int:
        known = {group.name for group in await groups.everything(self.tx)}
        columns = group_columns({**identifiers, **attrs})
        name = columns.pop("name")
        if name in known and attrs and entry.state == "present":
            self.warnings.append(f"the group {name} exists; its attributes were left as they are")
        return (await groups.ensure(self.tx, name, str(uuid.uuid4()), **columns)).id

    async def mapping(self, entry: Entry, identifiers: Values, attrs: Values) -> int:
        reject_unknown(entry.model, identifiers, ("name", "managed", "scope_name"))
        found = await scope_mappings.find(self.tx, **identifiers)
        if found is None:
            columns = mapping_columns({**identifiers, **attrs}, complete=True)
            return await scope_mappings.add(self.tx, uuid=str(uuid.uuid4()), **columns)
        if entry.state == "present":
            await scope_mappings.change(self.tx, found.id, **mapping_columns(attrs, complete=False))
        return found.id

    async def provider(self, entry: Entry, identifiers: Values, attrs: Values) -> int:
        reject_unknown(entry.model, identifiers, ("name", "client_id"))
        found = await oauth_providers.find_id(self.tx, **identifiers)
        if found is not None and entry.state == "created":
            return found
        whole = attrs if found is not None else {**identifiers, **attrs}
        mapping_ids = whole.pop("property_mappings", None)
        columns, warnings = provider_columns(whole, complete=found is None)
        self.warnings += warnings
        if "client_secret" in columns:
            columns["client_secret"] = self.db.sealer.seal(columns["client_secret"], SECRET_PURPOSE)
        if found is None:
            found = await oauth_providers.add(self.tx, **columns)
        else:
            await oauth_providers.change(self.tx, found, **columns)
        if mapping_ids is not None:
            if not isinstance(mapping_ids, list) or not all(isinstance(one, int) for one in mapping_ids):
                raise BlueprintInvalid(f"{entry.model}: property_mappings names a scope mapping that does not exist.")
            await scope_mappings.attach(self.tx, found, mapping_ids)
        return found

    async def application(self, entry: Entry, identifiers: Values, attrs: Values) -> int:
        reject_unknown(entry.model, identifiers, ("slug",))
        found = await applications.by_slug(self.tx, str(identifiers["slug"]))
        if found is None:
            columns = application_columns({**identifiers, **attrs}, complete=True)
            return await applications.add(self.tx, **columns)
        if entry.state == "present":
            await applications.change(self.tx, found.id, **application_columns(attrs, complete=False))
        return found.id

    async def resolve(self, value: Any) -> Any:
        """The value with every tag in it replaced."""
        if isinstance(value, dict):
            return {key: await self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [await self.resolve(item) for item in value]
        if not isinstance(value, Tag):
            return value
        arguments = await self.resolve(value.arguments)
        if not arguments:
            raise BlueprintInvalid(f"Line {value.line}: !{value.name} needs a value.")
        if value.name == "Find":
            return await self.find(value, arguments)
        if value.name == "KeyOf":
            if arguments[0] not in self.keys:
                raise BlueprintInvalid(f"Line {value.line}: no entry above has the id {arguments[0]!r}.")
            return self.keys[arguments[0]]
        if value.name == "Format":
            try:
                return str(arguments[0]) % tuple(arguments[1:])
            except (TypeError, ValueError) as error:
                raise BlueprintInvalid(f"Line {value.line}: !Format does not fit its values: {error}.") from error
        source = self.env if value.name == "Env" else self.context
        return source.get(str(arguments[0]), arguments[1] if len(arguments) > 1 else None)

    async def find(self, tag: Tag, arguments: list[Any]) -> Any:
        """The key of an object that exists. Unlike in Authentik, naming one that does not is an error."""
        model = str(arguments[0]).lower()
        pairs = {str(pair[0]): pair[1] for pair in arguments[1:] if isinstance(pair, list) and len(pair) == 2}
        found: Any = None
        if model == FLOW:
            found = pairs.get("slug")
        elif model == CERTIFICATE:
            # Our own signing key takes the place of whatever certificate the file names.
            found = pairs.get("name", "key")
        elif model in MAPPING_NAMES and set(pairs) <= {"name", "managed", "scope_name"} and pairs:
            mapping = await scope_mappings.find(self.tx, **pairs)
            found = None if mapping is None else mapping.id
        elif model == GROUP and set(pairs) == {"name"}:
            found = next((g.id for g in await groups.everything(self.tx) if g.name == pairs["name"]), None)
        elif model == PROVIDER and set(pairs) <= {"name", "client_id"} and pairs:
            found = await oauth_providers.find_id(self.tx, **pairs)
        if found is None:
            raise BlueprintInvalid(f"Line {tag.line}: !Find {model} {pairs} finds nothing.")
        return found
