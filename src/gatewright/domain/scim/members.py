"""Who comes into a group and who leaves it: a group may be large, the changes of a PATCH are small."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gatewright.domain.scim.documents import is_empty
from gatewright.domain.scim.errors import ScimRefused
from gatewright.domain.scim.filters import Compare, Either, Filter, parse_path, storable
from gatewright.domain.scim.patch import Operation, object_of

NAME = "members"
LONGEST_ID = 200
MOST_AT_ONCE = 10_000
"""Members that one request names."""


class MemberChange(msgspec.Struct, frozen=True):
    """`op` is `add`, `replace` or `remove`; `ids` None stands for everybody."""

    op: str
    ids: tuple[str, ...] | None


def split(operations: Sequence[Operation]) -> tuple[list[Operation], list[MemberChange]]:
    """The operations on the group itself, and those on its members, both in their order. Raises ScimRefused."""
    others: list[Operation] = []
    found: list[MemberChange] = []
    for one in operations:
        if one.path is None:
            named = {key: value for key, value in object_of(one).items() if key.lower() == NAME}
            found += [MemberChange(one.op, ids_in(value)) for value in named.values()]
            rest = {key: value for key, value in object_of(one).items() if key not in named}
            others += [Operation(one.op, None, rest)] if rest else []
        elif one.path.lower().lstrip().startswith(NAME) and (target := parse_path(one.path)).path.name == NAME:
            if target.path.sub or target.sub:
                raise ScimRefused("mutability", "The parts of a member cannot be changed.", param=one.path)
            found.append(_change(one, target.condition))
        else:
            others.append(one)
    return others, found


def ids_in(value: Any) -> tuple[str, ...]:
    """The ids in a list of members. Raises ScimRefused."""
    given = value if isinstance(value, list) else [value]
    if len(given) > MOST_AT_ONCE:
        raise ScimRefused("tooMany", f"One request names at most {MOST_AT_ONCE} members.", param=NAME)
    return tuple(dict.fromkeys(_id(one) for one in given if not is_empty(one)))


def _change(one: Operation, condition: Filter | None) -> MemberChange:
    if condition is None:
        whole = one.op == "remove" and is_empty(one.value)
        return MemberChange(one.op, None if whole else ids_in(one.value))
    if one.op != "remove":
        raise ScimRefused("mutability", "A member cannot be changed. Remove one and add another.", param=one.path)
    return MemberChange("remove", tuple(_named(condition)))


def _named(condition: Filter) -> Iterable[str]:
    """The ids of `value eq "..."`, several of them with `or`."""
    if isinstance(condition, Either):
        for part in condition.parts:
            yield from _named(part)
    elif isinstance(condition, Compare) and (condition.path.name, condition.operator) == ("value", "eq"):
        yield _id(condition.value)
    else:
        raise ScimRefused("invalidFilter", 'Members are chosen by value eq "...", several of them with or.')


def _id(one: Any) -> str:
    found = one
    if isinstance(one, Mapping):
        members = {key.lower(): value for key, value in one.items()}
        found, kind = members.get("value"), members.get("type")
        if kind is not None and str(kind).lower() != "user":
            raise ScimRefused("invalidValue", "A team holds people, no groups.", param="members.type")
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID or not storable(found):
        raise ScimRefused("invalidValue", "A member has no value.", param="members.value")
    return found
