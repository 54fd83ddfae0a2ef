"""Who changes the directory, and the audit event of each change."""

from collections.abc import Iterable
from typing import Any

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.errors import FieldsInvalid, NotFound
from gatewright.domain.people import Event, Origin
from gatewright.storage import audit_log
from gatewright.storage.database import Transaction

CREATED, UPDATED, DELETED = "model.created", "model.updated", "model.deleted"


class By(msgspec.Struct, frozen=True):
    """Who acts, from where."""

    actor: str
    origin: Origin = Origin()


class Changed(msgspec.Struct, frozen=True):
    """What was changed: the model in Authentik's name, the object's public key and its name."""

    model: str
    pk: str
    name: str


async def record(
    tx: Transaction, by: By, action: str, changed: Changed, at: Millis, fields: Iterable[str] = ()
) -> None:
    """The event of a change, which stands or falls with it. Names of fields, never their values."""
    details: dict[str, Any] = {"model": changed.model, "pk": changed.pk, "name": changed.name}
    if named := sorted(fields):
        details["fields"] = named
    event = Event(action, "ok", by.actor, f"{changed.model}:{changed.pk}", details, by.origin)
    await audit_log.add(tx, event, at)


def absent(model: str) -> NotFound:
    """What a caller hears of an object that is not there."""
    return NotFound(f"No {model} matches the given query.")


def taken(model: str, field: str) -> FieldsInvalid:
    """What a caller hears of a value that another object has."""
    return FieldsInvalid({field: [f"{model} with this {field} already exists."]})


def differing(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The columns whose values are new."""
    return {name: value for name, value in after.items() if name not in before or before[name] != value}
