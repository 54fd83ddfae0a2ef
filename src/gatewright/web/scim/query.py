"""What a list is asked for, in the query of a GET or the body of a POST to `.search` (RFC 7644 3.4.2, 3.4.3)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.scim.errors import ScimRefused
from gatewright.domain.scim.filters import attribute_path, parse_filter
from gatewright.domain.scim.schema import SEARCH, Kind
from gatewright.storage.scim import Page
from gatewright.web.call import Call
from gatewright.web.scim.projection import Projection, projection
from gatewright.web.scim.wire import body_of

DEFAULT_COUNT = 100
MOST = 200
LARGEST_INDEX = 1_000_000_000
LISTS = ("attributes", "excludedAttributes")
NAMES = ("filter", "sortBy", "sortOrder", "startIndex", "count", *LISTS)


class Query(msgspec.Struct, frozen=True):
    """The page, and what of each resource."""

    page: Page
    projection: Projection


def query_of(call: Call, kind: Kind) -> Query:
    """The query of a GET. Raises ScimRefused."""
    given: dict[str, Any] = {name: call.query(name) for name in NAMES}
    return _query({**given, **{name: (given[name] or "").split(",") for name in LISTS}}, kind)


async def search_of(call: Call, kind: Kind) -> Query:
    """The body of a search. Raises ScimRefused."""
    body = await body_of(call)
    if not isinstance(body, Mapping) or SEARCH not in (body.get("schemas") or [SEARCH]):
        raise ScimRefused("invalidSyntax", "The body is no SearchRequest.")
    low = {key.lower(): value for key, value in body.items()}
    return _query({name: low.get(name.lower()) for name in NAMES}, kind)


def projection_of(call: Call, kind: Kind) -> Projection:
    """What of one resource is asked for."""
    return projection(kind, *(_names(name, (call.query(name) or "").split(",")) for name in LISTS))


def _query(given: Mapping[str, Any], kind: Kind) -> Query:
    chosen = projection(kind, *(_names(name, given[name]) for name in LISTS))
    text, by, order = (_text(given[name], name) for name in ("filter", "sortBy", "sortOrder"))
    if order is not None and order.lower() not in ("ascending", "descending"):
        raise ScimRefused("invalidValue", "sortOrder is ascending or descending.", param="sortOrder")
    page = Page(
        condition=None if text is None else parse_filter(text, kind.core.id),
        order=None if by is None else attribute_path(by, own=kind.core.id),
        descending=order is not None and order.lower() == "descending",
        start=max(1, _number(given["startIndex"], "startIndex", 1)),
        count=min(MOST, max(0, _number(given["count"], "count", DEFAULT_COUNT))),
    )
    return Query(page, chosen)


def _names(name: str, given: Any) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ScimRefused("invalidValue", f"{name} is no list of names.", param=name)
    return [one.strip() for one in given if one.strip()]


def _text(value: Any, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ScimRefused("invalidValue", f"{name} is not a text.", param=name)
    return value or None


def _number(value: Any, name: str, default: int) -> int:
    """A number of RFC 7644 3.4.2.4, which reads what is too small as the smallest."""
    if value is None:
        return default
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) <= len(str(LARGEST_INDEX)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_INDEX:
        raise ScimRefused("invalidValue", f"{name} is not a number.", param=name)
    return value
