"""Apply a blueprint: Authentik's objects into our tables, in one transaction (contract 3.7).

`present` creates or overwrites what the file names, `created` leaves an existing object alone. What a blueprint says
and we do not do is reported as a warning or refused, never dropped in silence.
"""

import logging
import uuid
from collections.abc import Mapping
from importlib import resources
from typing import Any

from gatewright.domain.errors import FieldsInvalid
from gatewright.domain.people import Event
from gatewright.idp.blueprint_file import Blueprint, BlueprintInvalid, Entry, Tag, read
from gatewright.idp.objects import applications as application_object
from gatewright.idp.objects import flows
from gatewright.idp.objects import groups as group_object
from gatewright.idp.objects import mappings as mapping_object
from gatewright.idp.objects import providers as provider_object
from gatewright.idp.objects.addresses import BASE_URL
from gatewright.idp.objects.fields import Values
from gatewright.storage import applications, audit_log, facts, groups, oauth_providers, scope_mappings
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import providers as provider_rows

logger = logging.getLogger("gatewright.idp")
APPLIED = "blueprint:default"
INSTALLATION = "installation_id"
SECRET_PURPOSE = "oauth_provider.client_secret"

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
        try:
            key = await write(entry, identifiers, attrs)
        except FieldsInvalid as error:
            name = next((str(value) for value in identifiers.values()), "")
            raise BlueprintInvalid(f"{error.message} (in {name!r})") from error
        if entry.id is not None:
            self.keys[entry.id] = key

    async def group(self, entry: Entry, identifiers: Values, attrs: Values) -> int:
        known = {group.name for group in await groups.everything(self.tx)}
        columns = group_object.columns({**identifiers, **attrs})
        if columns.pop("member_pks", []):
            raise BlueprintInvalid("group: members are not supported in a blueprint.")
        name = columns.pop("name")
        if name in known and attrs and entry.state == "present":
            self.warnings.append(f"the group {name} exists; its attributes were left as they are")
        return (await groups.ensure(self.tx, name, str(uuid.uuid4()), **columns)).id

    async def mapping(self, entry: Entry, identifiers: Values, attrs: Values) -> int:
        reject_unknown(entry.model, identifiers, ("name", "managed", "scope_name"))
        found = await scope_mappings.find(self.tx, **identifiers)
        if found is None:
            columns = mapping_object.columns({**identifiers, **attrs})
            return await scope_mappings.add(self.tx, uuid=str(uuid.uuid4()), **columns)
        if entry.state == "present":
            columns = mapping_object.columns({**mapping_object.attributes(found), **attrs})
            await scope_mappings.change(self.tx, found.id, **columns)
        return found.id

    async def provider(self, entry: Entry, identifiers: Values, attrs: Values) -> int:
        reject_unknown(entry.model, identifiers, ("name", "client_id"))
        found = await oauth_providers.find_id(self.tx, **identifiers)
        if found is not None and entry.state == "created":
            return found
        before = None if found is None else await provider_rows.by_id(self.tx, found)
        if before is None:
            present: Values = dict(identifiers)
        else:
            attached = await provider_rows.mapping_ids(self.tx, [before.id])
            present = provider_object.attributes(before, attached[before.id])
        whole = {**present, **attrs}
        # Our own signing key takes the place of whatever certificate the file names.
        algorithm = flows.algorithm_of(whole.get("signing_key"))
        whole["signing_key"] = algorithm if algorithm in flows.ALGORITHMS else None
        columns, warnings = provider_object.columns(whole)
        self.warnings += warnings
        mapping_ids = columns.pop("mapping_ids")
        secret = columns.pop("client_secret", None)
        if secret is None and columns["client_type"] == "confidential" and not (before and before.has_secret):
            secret = provider_object.new_secret()
        if secret is not None:
            columns["client_secret"] = self.db.sealer.seal(secret, SECRET_PURPOSE)
        if found is None:
            found = await oauth_providers.add(self.tx, **columns)
        else:
            await oauth_providers.change(self.tx, found, **columns)
        await scope_mappings.attach(self.tx, found, mapping_ids)
        return found

    async def application(self, entry: Entry, identifiers: Values, attrs: Values) -> int:
        reject_unknown(entry.model, identifiers, ("slug",))
        found = await applications.by_slug(self.tx, str(identifiers["slug"]))
        if found is None:
            return await applications.add(self.tx, **application_object.columns({**identifiers, **attrs}))
        if entry.state == "present":
            columns = application_object.columns({**application_object.attributes(found), **attrs})
            await applications.change(self.tx, found.id, **columns)
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


def reject_unknown(model: str, identifiers: Values, known: tuple[str, ...]) -> None:
    """Raises BlueprintInvalid for an identifier that finds nothing."""
    unknown = set(identifiers) - set(known)
    if unknown:
        raise BlueprintInvalid(f"{model.rpartition('.')[2]}: the attribute {min(map(str, unknown))} is not supported.")
