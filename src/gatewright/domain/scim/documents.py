"""A resource's attributes as a document: names as the schema spells them, values of the schema's types.

What the schema does not know is refused by name, unless it is empty: a client that says "no roles" asks for nothing.
Read-only attributes are passed over (RFC 7644 3.5.1).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gatewright.domain.scim.errors import ScimRefused
from gatewright.domain.scim.filters import storable
from gatewright.domain.scim.schema import Attribute, Kind

Document = dict[str, Any]
LONGEST_TEXT = 1000
MOST_VALUES = 100
HINTS = {
    "password": "Passwords are set at the sign-in provider, or by people themselves.",
    "roles": "Roles come from claims at sign-in, or are set by an administrator here.",
    "entitlements": "Roles come from claims at sign-in, or are set by an administrator here.",
}


def read(body: Any, kind: Kind) -> Document:
    """The document that a body describes. Raises ScimRefused naming the attribute."""
    if not isinstance(body, Mapping):
        raise ScimRefused("invalidSyntax", "The body is not a JSON object.")
    _check_schemas(body, kind)
    document: Document = {}
    for key, value in body.items():
        if key.lower() == "schemas":
            continue
        extension = kind.extension(key)
        if extension is not None:
            if found := _members(value, extension.attributes, extension.id):
                document[extension.id] = found
        elif (attribute := known(kind.attribute(key), key, value)) is not None:
            _put(document, attribute, value)
    for attribute in kind.core.attributes:
        # `active` has a default: true for a newcomer, else what it was.
        if attribute.required and attribute.type == "string" and not document.get(attribute.name):
            raise ScimRefused("invalidValue", f"{attribute.name} is missing.", param=attribute.name)
    return document


def coerced(attribute: Attribute, value: Any) -> Any:
    """The value of one attribute in the schema's type, None for nothing. Raises ScimRefused naming it."""
    if not attribute.multi_valued:
        return _single(attribute, value)
    given = value if isinstance(value, list) else [value]
    found = [one for one in (_single(attribute, one) for one in given) if one is not None]
    if attribute.name != "members" and len(found) > MOST_VALUES:
        raise _wrong(attribute, f"holds at most {MOST_VALUES} values")
    if sum(1 for one in found if isinstance(one, dict) and one.get("primary") is True) > 1:
        raise _wrong(attribute, "has more than one primary value")
    return found or None


def known(attribute: Attribute | None, key: str, value: Any) -> Attribute | None:
    """The attribute to set; None for one to pass over. Raises ScimRefused for one that is unknown and not empty."""
    if attribute is None:
        if is_empty(value):
            return None
        hint = HINTS.get(key.lower(), "/Schemas lists the attributes. Take it out of the attribute mapping.")
        raise ScimRefused("invalidValue", f"The attribute {key[:100]!r} is not supported here.", param=key, hint=hint)
    return None if attribute.is_read_only else attribute


def is_empty(value: Any) -> bool:
    """Whether the value is none (RFC 7643, 2.5)."""
    return value is None or value in ("", [], {}) or (isinstance(value, list) and all(map(is_empty, value)))


def _put(document: Document, attribute: Attribute, value: Any) -> None:
    found = coerced(attribute, value)
    if found is not None:
        document[attribute.name] = found


def _single(attribute: Attribute, value: Any) -> Any:
    if value is None:
        return None
    if attribute.type == "complex":
        if isinstance(value, str) and attribute.sub("value") is not None:
            value = {"value": value}
        return _members(value, attribute.sub_attributes, attribute.name) or None
    if attribute.type == "boolean":
        return _boolean(attribute, value)
    if not isinstance(value, str):
        raise _wrong(attribute, "is not a text")
    if len(value) > LONGEST_TEXT or not storable(value):
        raise _wrong(attribute, f"is longer than {LONGEST_TEXT} characters, or holds one that no database keeps")
    return value or None


def _boolean(attribute: Attribute, value: Any) -> bool:
    """Entra ID writes booleans as texts, `True` and `False`."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise _wrong(attribute, "is not true or false")
    return value


def _members(value: Any, attributes: Iterable[Attribute], owner: str) -> Document:
    """The sub-attributes in an object."""
    if is_empty(value):
        return {}
    if not isinstance(value, Mapping):
        raise ScimRefused("invalidValue", f"{owner} is not an object.", param=owner)
    by_name = {one.name.lower(): one for one in attributes}
    found: Document = {}
    for key, one in value.items():
        if key.lower() == "schemas":
            continue
        attribute = known(by_name.get(key.lower()), f"{owner}.{key}", one)
        if attribute is not None:
            _put(found, attribute, one)
    return found


def _check_schemas(body: Mapping[str, Any], kind: Kind) -> None:
    named = next((value for key, value in body.items() if key.lower() == "schemas"), None)
    if named is None:
        return
    if not isinstance(named, list) or kind.core.id.lower() not in (str(one).lower() for one in named):
        raise ScimRefused("invalidSyntax", f"schemas does not name {kind.core.id}.", param="schemas")


def _wrong(attribute: Attribute, problem: str) -> ScimRefused:
    return ScimRefused("invalidValue", f"{attribute.name} {problem}.", param=attribute.name)
