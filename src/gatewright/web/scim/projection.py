"""Which attributes an answer has (RFC 7644 3.9), and how a resource is written with its addresses."""

from typing import Any

import msgspec

from gatewright.accounts.scim.resource import Resource
from gatewright.domain.clock import iso
from gatewright.domain.scim.errors import ScimRefused
from gatewright.domain.scim.filters import AttributePath, attribute_path
from gatewright.domain.scim.schema import Kind
from gatewright.web.scim.wire import ROOT

ALWAYS = ("schemas", "id")
MOST_NAMED = 100


class Projection(msgspec.Struct, frozen=True):
    """`only` empty means everything but `without`."""

    only: tuple[AttributePath, ...] = ()
    without: tuple[AttributePath, ...] = ()

    def leaves_out(self, name: str) -> bool:
        """Whether a whole attribute is not asked for."""
        low = name.lower()
        if any(path.name == low and path.sub is None for path in self.without):
            return True
        return bool(self.only) and all(path.name != low for path in self.only)


def projection(kind: Kind, only: list[str], without: list[str]) -> Projection:
    """Raises ScimRefused for both at once and for what is no attribute name."""
    if only and without:
        raise ScimRefused("invalidValue", "attributes and excludedAttributes exclude each other.")
    if len(only) + len(without) > MOST_NAMED:
        raise ScimRefused("invalidValue", f"More than {MOST_NAMED} attributes are named.")
    return Projection(tuple(_path(kind, one) for one in only), tuple(_path(kind, one) for one in without))


def written(resource: Resource, kind: Kind, base_url: str, wanted: Projection) -> dict[str, Any]:
    """The resource as JSON (RFC 7643, 3)."""
    document = _with_addresses(resource.document, f"{base_url}{ROOT}")
    extensions = [one.id for one in kind.extensions if one.id in document]
    meta: dict[str, Any] = {
        "resourceType": kind.name,
        "created": iso(resource.created_at),
        "lastModified": iso(resource.updated_at),
        "location": location(resource, kind, base_url),
    }
    if resource.version is not None:
        meta["version"] = resource.version
    whole = {"schemas": [kind.core.id, *extensions], "id": resource.id, **document, "meta": meta}
    return _chosen(whole, kind, wanted)


def location(resource: Resource, kind: Kind, base_url: str) -> str:
    return f"{base_url}{ROOT}{kind.endpoint}/{resource.id}"


def _with_addresses(document: dict[str, Any], root: str) -> dict[str, Any]:
    """Members and groups with the addresses of what they name."""
    places = {"members": "/Users/", "groups": "/Groups/"}
    linked = {
        name: [{**one, "$ref": f"{root}{place}{one['value']}"} for one in document[name]]
        for name, place in places.items()
        if name in document
    }
    return {**document, **linked}


def _path(kind: Kind, text: str) -> AttributePath:
    """An extension as a whole is its URN, in lower case, as a name."""
    extension = kind.extension(text)
    if extension is not None:
        return AttributePath(extension.id.lower())
    return attribute_path(text, "invalidValue", kind.core.id)


def _chosen(whole: dict[str, Any], kind: Kind, wanted: Projection) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in whole.items():
        if name in ALWAYS:
            found[name] = value
            continue
        kept = _of_extension(name, value, wanted) if kind.extension(name) else _part(name, value, wanted, None)
        if kept is not None:
            found[name] = kept
    return found


def _of_extension(urn: str, value: dict[str, Any], wanted: Projection) -> Any:
    low = urn.lower()
    if any(path.name == low for path in wanted.without):
        return None
    if not wanted.only or any(path.name == low for path in wanted.only):
        inner = {name: _part(name, part, Projection((), wanted.without), low) for name, part in value.items()}
    else:
        inner = {name: _part(name, part, wanted, low) for name, part in value.items()}
    return {name: part for name, part in inner.items() if part is not None} or None


def _part(name: str, value: Any, wanted: Projection, schema: str | None) -> Any:
    """The value as far as it is wanted, None for nothing of it."""
    low = name.lower()
    only = [path for path in wanted.only if path.name == low and path.schema == schema]
    without = [path for path in wanted.without if path.name == low and path.schema == schema]
    if (wanted.only and not only) or any(path.sub is None for path in without):
        return None
    kept = {path.sub for path in only}
    taken = {path.sub for path in without}
    if (not kept or None in kept) and not taken:
        return value
    return _some(value, kept if None not in kept else set(), taken)


def _some(value: Any, kept: set[str | None], taken: set[str | None]) -> Any:
    """Some parts of a complex value, or of each of several."""
    if isinstance(value, list):
        return [found for found in (_some(one, kept, taken) for one in value) if found] or None
    if not isinstance(value, dict):
        return value
    found = {
        name: part for name, part in value.items() if (not kept or name.lower() in kept) and name.lower() not in taken
    }
    return found or None
