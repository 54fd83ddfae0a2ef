"""What a PATCH makes of a document (RFC 7644 3.5.2), with the forms that Entra ID and Okta send.

`op` in any case; without `path` the members of `value` are paths themselves (`name.givenName`, `emails[type eq
"work"].value`, an extension's URN); adding to a value that is not there yet makes it.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import msgspec

from gatewright.domain.scim.documents import MOST_VALUES, Document, coerced, known, read
from gatewright.domain.scim.errors import ScimRefused
from gatewright.domain.scim.filters import Both, Compare, Filter, PatchPath, matches, parse_path
from gatewright.domain.scim.schema import Attribute, Kind, Schema

MOST_OPERATIONS = 1000
OPS = ("add", "replace", "remove")


class Operation(msgspec.Struct, frozen=True):
    """One operation; `op` in lower case."""

    op: str
    path: str | None = None
    value: Any = None


def read_operations(body: Any) -> list[Operation]:
    """The operations of a PatchOp message. Raises ScimRefused."""
    members = {key.lower(): value for key, value in body.items()} if isinstance(body, Mapping) else {}
    given = members.get("operations")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_OPERATIONS:
        raise ScimRefused("invalidSyntax", f"Operations is no list of 1 to {MOST_OPERATIONS} operations.")
    return [_operation(one) for one in given]


def patched(document: Document, operations: Sequence[Operation], kind: Kind) -> Document:
    """The document afterwards; all operations or, with ScimRefused, none."""
    new = deepcopy(document)
    for one in operations:
        extension = None if one.path is None else kind.extension(one.path)
        if extension is not None:
            _extension(new, one, extension, kind)
        elif one.path is not None:
            _at(new, one, parse_path(one.path), kind)
        else:
            _members(new, one, kind)
    return read(new, kind)


def _operation(given: Any) -> Operation:
    members = {key.lower(): value for key, value in given.items()} if isinstance(given, Mapping) else {}
    op, path = members.get("op"), members.get("path")
    if not isinstance(op, str) or op.lower() not in OPS:
        raise ScimRefused("invalidSyntax", f"op is none of {', '.join(OPS)}.", param="op")
    if path is not None and not isinstance(path, str):
        raise ScimRefused("invalidPath", "path is not a text.", param="path")
    if not path and op.lower() == "remove":
        raise ScimRefused("noTarget", "A remove needs a path.", param="path")
    return Operation(op.lower(), path or None, members.get("value"))


def _members(new: Document, one: Operation, kind: Kind) -> None:
    """An operation without a path."""
    for key, value in object_of(one).items():
        inner = Operation(one.op, key, value)
        extension = kind.extension(key)
        if extension is not None:
            _extension(new, inner, extension, kind)
        elif key.lower() != "schemas" and _may_be_set(kind.attribute(key), key, value):
            _at(new, inner, parse_path(key), kind)


def _may_be_set(attribute: Attribute | None, key: str, value: Any) -> bool:
    """Whether a member of a value is a path: read-only attributes that come along are passed over, Okta sends ids."""
    return not key.isalnum() or known(attribute, key, value) is not None


def object_of(one: Operation) -> Mapping[str, Any]:
    """The value of an operation without a path. Raises ScimRefused."""
    if not isinstance(one.value, Mapping):
        raise ScimRefused("invalidValue", "Without a path the value is an object.", param="value")
    return one.value


def _extension(new: Document, one: Operation, extension: Schema, kind: Kind) -> None:
    """An operation on an extension as a whole."""
    if one.op == "remove":
        new.pop(extension.id, None)
        return
    for key, value in object_of(one).items():
        if key.lower() == "schemas":
            continue
        inner = Operation(one.op, f"{extension.id}:{key}", value)
        _at(new, inner, parse_path(inner.path or ""), kind)


def _at(new: Document, one: Operation, target: PatchPath, kind: Kind) -> None:
    attribute = kind.attribute(target.path.name, target.path.schema)
    if attribute is None:
        raise ScimRefused("invalidPath", f"There is no attribute {str(target.path)[:100]!r} here.", param=one.path)
    if attribute.is_read_only:
        raise ScimRefused("mutability", f"{attribute.name} cannot be changed.", param=one.path)
    extension = None if target.path.schema is None else kind.extension(target.path.schema)
    container = new if extension is None else new.setdefault(extension.id, {})
    name = target.path.sub or target.sub
    sub = None if name is None else _sub(attribute, name)
    if attribute.multi_valued:
        _plural(container, attribute, one, target.condition, sub)
    elif target.condition is not None:
        raise ScimRefused("invalidPath", f"{attribute.name} has one value: nothing can be chosen.", param=one.path)
    elif sub is not None:
        _set(container.setdefault(attribute.name, {}), sub, one)
    else:
        _set(container, attribute, one)


def _sub(attribute: Attribute, name: str) -> Attribute:
    found = attribute.sub(name)
    if found is None:
        raise ScimRefused("invalidPath", f"{attribute.name} has no part {name[:60]!r}.")
    if found.is_read_only:
        raise ScimRefused("mutability", f"{attribute.name}.{found.name} cannot be changed.")
    return found


def _set(container: Document, attribute: Attribute, one: Operation) -> None:
    """Sets or takes away a single value; of a complex one the parts that are not named stay."""
    value = None if one.op == "remove" else coerced(attribute, one.value)
    if value is None and attribute.required:
        raise ScimRefused("mutability", f"{attribute.name} is required.", param=attribute.name)
    if value is None:
        container.pop(attribute.name, None)
    elif isinstance(value, dict):
        container[attribute.name] = {**container.get(attribute.name, {}), **value}
    else:
        container[attribute.name] = value


def _plural(
    container: Document, attribute: Attribute, one: Operation, condition: Filter | None, sub: Attribute | None
) -> None:
    """An operation on the values of a multi-valued attribute."""
    values: list[Document] = container.get(attribute.name, [])
    if condition is None and sub is None:
        kept = _all_of_them(values, attribute, one)
    elif one.op == "remove":
        kept = _without(values, condition, sub)
    else:
        kept = _changed(values, attribute, one, condition, sub)
    # Not at the end alone: each operation compares with all the values of those before.
    if len(kept) > MOST_VALUES:
        raise ScimRefused("invalidValue", f"{attribute.name} holds at most {MOST_VALUES} values.", param=one.path)
    container[attribute.name] = kept


def _all_of_them(values: list[Document], attribute: Attribute, one: Operation) -> list[Document]:
    given: list[Document] = (coerced(attribute, one.value) if one.value is not None else None) or []
    if one.op == "remove":
        # Entra ID names what goes in the value.
        gone = [value.get("value") for value in given]
        return [value for value in values if value.get("value") not in gone] if given else []
    if one.op == "replace":
        return given
    return _one_primary([*(value for value in values if value not in given), *given], given)


def _without(values: list[Document], condition: Filter | None, sub: Attribute | None) -> list[Document]:
    kept = []
    for value in values:
        if condition is not None and not matches(condition, value):
            kept.append(value)
        elif sub is not None and (rest := {name: part for name, part in value.items() if name != sub.name}):
            kept.append(rest)
    return kept


def _changed(
    values: list[Document], attribute: Attribute, one: Operation, condition: Filter | None, sub: Attribute | None
) -> list[Document]:
    chosen = [value for value in values if condition is None or matches(condition, value)]
    if not chosen:
        fresh = _described(condition, attribute) if one.op == "add" and condition is not None else None
        if fresh is None:
            raise ScimRefused("noTarget", f"No value of {attribute.name} is meant by the path.", param=one.path)
        values, chosen = [*values, fresh], [fresh]
    for value in chosen:
        if sub is not None:
            _set(value, sub, one)
        else:
            value.update((coerced(attribute, one.value) or [{}])[0])
    return _one_primary(values, chosen)


def _described(condition: Filter, attribute: Attribute) -> Document | None:
    """A new value of which the condition holds; None for one that does not say what the value is."""
    parts = condition.parts if isinstance(condition, Both) else (condition,)
    fresh: Document = {}
    for part in parts:
        if not isinstance(part, Compare) or part.operator != "eq":
            return None
        sub = attribute.sub(part.path.name)
        if sub is None:
            return None
        fresh[sub.name] = coerced(sub, part.value)
    return fresh


def _one_primary(values: list[Document], changed: Sequence[Document]) -> list[Document]:
    """A new primary value takes the place of the one before (RFC 7644 3.5.2)."""
    if not any(value.get("primary") is True for value in changed):
        return values
    return [
        value if value in changed or value.get("primary") is not True else {**value, "primary": False}
        for value in values
    ]
