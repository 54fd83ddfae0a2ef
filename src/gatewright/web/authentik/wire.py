"""Bodies, lists and answers of `/api/v3`."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.domain.errors import BadInput, FieldsInvalid, Forbidden, NotFound
from gatewright.idp.directory.acting import By
from gatewright.storage.listing import Filter, Wish
from gatewright.web.api.wire import answer, nothing
from gatewright.web.call import Call

PAGE, MOST = 20, 100
FAR = 1_000_000_000
# What clients add to make answers smaller or larger; ours always have everything.
IGNORED = re.compile(r"include_[a-z_]+|format|rich")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Reader = Callable[[str, str], Any]
"""From a parameter's name and text to the value. Raises FieldsInvalid."""


class Asked(msgspec.Struct, frozen=True):
    """What a query parameter filters: the column, how (see `storage.listing.Filter`), and how its text is read."""

    column: str
    test: str = "is"
    read: Reader | None = None
    many: bool = False


def by_of(call: Call) -> By:
    """Who acts."""
    return By(call.actor, call.origin)


def mine(call: Call) -> int | None:
    """Whose things the caller sees: everybody's (None) as administrator or viewer, else their own.

    Raises Forbidden for a key without an owner.
    """
    principal = call.principal
    if principal.sees_everything:
        return None
    return person(call)


def changes_of(call: Call) -> int | None:
    """Whose things the caller may change: everybody's (None) as administrator, else their own. Raises Forbidden."""
    return None if call.principal.is_admin else person(call)


def person(call: Call) -> int:
    """The caller as a person. Raises Forbidden for the master key and for keys without an owner."""
    user_pk = call.principal.user_pk
    if user_pk is None:
        raise Forbidden("This needs a credential that belongs to a user.")
    return user_pk


async def body_of(call: Call) -> dict[str, Any]:
    """The JSON object that was sent."""
    raw = await call.body()
    try:
        found = msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadInput("JSON parse error: the body is not JSON, or nested too deeply.", code="invalid_json") from error
    if not isinstance(found, dict):
        raise BadInput("Invalid data. Expected a dictionary.", code="invalid_json")
    return found


def required(attrs: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raises FieldsInvalid unless all of the fields are there."""
    problems = {name: ["This field is required."] for name in names if name not in attrs}
    if problems:
        raise FieldsInvalid(problems)


def wish_of(call: Call, filters: Mapping[str, Asked], order: Sequence[str]) -> Wish:
    """Page, order, search and filters of a list. Raises FieldsInvalid for a parameter that the list does not know.

    A filter that nobody reads would answer with other objects than the caller asked for.
    """
    query = call.request.query_params
    found: list[Filter] = []
    for name in query:
        if name in ("page", "page_size", "ordering", "search") or IGNORED.fullmatch(name):
            continue
        asked = filters.get(name)
        if asked is None:
            raise FieldsInvalid({name[:100]: [f"This list has no such filter. It has {', '.join(sorted(filters))}."]})
        texts = [text for text in query.getlist(name) if text != ""]
        if not texts:
            continue
        values = [(asked.read or text_of)(name, text) for text in texts]
        found.append(Filter(asked.column, asked.test, values if asked.many else values[-1]))
    return Wish(
        page=_number(query.get("page"), 1, FAR, "page"),
        size=min(_number(query.get("page_size"), PAGE, FAR, "page_size"), MOST),
        order=tuple(_order(query.get("ordering"), order)),
        search=text_of("search", query["search"])[:200] if query.get("search") else None,
        filters=tuple(found),
    )


def _order(text: str | None, known: Sequence[str]) -> list[str]:
    """The names that the list can be ordered by. Others are left out, as Authentik does."""
    names = [name.strip() for name in (text or "").split(",")]
    return [name for name in names if name.removeprefix("-") in known]


def _number(text: str | None, default: int, most: int, name: str) -> int:
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or not 1 <= int(text) <= most:
        raise NotFound("Invalid page.") if name == "page" else FieldsInvalid({name: ["A whole number is required."]})
    return int(text)


def text_of(name: str, text: str) -> str:
    if "\0" in text:
        raise FieldsInvalid({name: ["Null characters are not allowed."]})
    return text


def flag_of(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise FieldsInvalid({name: ["Must be true or false."]})
    return text.lower() in ("true", "1")


def number_of(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise FieldsInvalid({name: ["A whole number is required."]})
    return int(text)


def uuid_of(name: str, text: str) -> str:
    if UUID.fullmatch(text) is None:
        raise FieldsInvalid({name: ["Must be a valid UUID."]})
    return text.lower()


def time_of(name: str, text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise FieldsInvalid({name: ["Enter a valid date/time."]}) from error


def listed(wish: Wish, count: int, results: Sequence[Any]) -> Response:
    """One page, as Authentik writes it; `next` and `previous` are numbers of pages, 0 for none."""
    pages = max(1, -(-count // wish.size))
    if wish.page > pages:
        raise NotFound("Invalid page.")
    pagination = {
        "next": wish.page + 1 if wish.page < pages else 0,
        "previous": wish.page - 1,
        "count": count,
        "current": wish.page,
        "total_pages": pages,
        "start_index": min(wish.start + 1, count),
        "end_index": min(wish.start + wish.size, count),
    }
    return answer({"pagination": pagination, "results": list(results), "autocomplete": {}})


def whole(call: Call, everything: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Response:
    """A list that is whole in memory: of names that are fixed. Filters are equality of members."""
    wish = wish_of(call, {name: Asked(name) for name in names}, ())
    found = [one for one in everything if all(_is(one[row.name], row.value, row.name) for row in wish.filters)]
    if wish.search:
        found = [one for one in found if any(wish.search.lower() in str(one[name]).lower() for name in names)]
    return listed(wish, len(found), found[wish.start : wish.start + wish.size])


def _is(value: Any, text: str, name: str) -> bool:
    return flag_of(name, text) is value if isinstance(value, bool) else str(value) == text


__all__ = [
    "PAGE",
    "Asked",
    "answer",
    "body_of",
    "by_of",
    "changes_of",
    "flag_of",
    "listed",
    "mine",
    "nothing",
    "number_of",
    "person",
    "required",
    "text_of",
    "time_of",
    "uuid_of",
    "whole",
    "wish_of",
]
