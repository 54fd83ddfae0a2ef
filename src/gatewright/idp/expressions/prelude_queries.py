"""Authentik's queries over objects that are already here, and what the interpreter does not ask of instances.

Run inside the sandbox, as prelude.py is.
"""

import re
from typing import Any


class Query:
    """Authentik's related manager over objects that are already here."""

    def __init__(self, rows: Any) -> None:
        self.rows = list(rows)

    def all(self) -> "Query":
        return self

    def distinct(self) -> "Query":
        found: list[Any] = []
        for row in self.rows:
            if row not in found:
                found.append(row)
        return Query(found)

    def none(self) -> "Query":
        return Query([])

    def filter(self, **conditions: Any) -> "Query":
        return Query([row for row in self.rows if satisfies(row, conditions)])

    def exclude(self, **conditions: Any) -> "Query":
        return Query([row for row in self.rows if not satisfies(row, conditions)])

    def get(self, **conditions: Any) -> Any:
        found = self.filter(**conditions).rows
        if len(found) != 1:
            raise LookupError(f"get() found {len(found)} objects for {conditions}, not one")
        return found[0]

    def order_by(self, *fields: str) -> "Query":
        rows = self.rows
        for field in reversed(fields):
            name = field.lstrip("-")
            rows = sorted(rows, key=lambda row: getattr(row, name), reverse=field.startswith("-"))
        return Query(rows)

    def values_list(self, *fields: str, flat: bool = False) -> "Query":
        if flat:
            return Query([getattr(row, fields[0]) for row in self.rows])
        return Query([tuple([getattr(row, field) for field in fields]) for row in self.rows])

    def values(self, *fields: str) -> "Query":
        return Query([{field: getattr(row, field) for field in fields} for row in self.rows])

    def exists(self) -> bool:
        return len(self.rows) > 0

    def count(self) -> int:
        return len(self.rows)

    def first(self) -> Any:
        return self.rows[0] if self.rows else None

    def last(self) -> Any:
        return self.rows[-1] if self.rows else None

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, row: Any) -> bool:
        return row in self.rows

    def __getitem__(self, index: Any) -> Any:
        found = self.rows[index]
        return Query(found) if isinstance(index, slice) else found

    def __or__(self, other: "Query") -> "Query":
        return Query(self.rows + other.rows).distinct()

    def __and__(self, other: "Query") -> "Query":
        return Query([row for row in self.rows if row in other.rows])


class Hidden:
    """A relation to other people, which an expression does not get to see."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, *_: Any, **__: Any) -> Any:
        raise PermissionError(f"{self.name} are not shown: an expression sees the person who signs in, nobody else")

    def all(self) -> Any:
        self.refuse()

    def filter(self, **_: Any) -> Any:
        self.refuse()

    def exclude(self, **_: Any) -> Any:
        self.refuse()

    def get(self, **_: Any) -> Any:
        self.refuse()

    def first(self) -> Any:
        self.refuse()

    def count(self) -> Any:
        self.refuse()

    def exists(self) -> Any:
        self.refuse()

    def values_list(self, *_: Any, **__: Any) -> Any:
        self.refuse()

    def __iter__(self) -> Any:
        self.refuse()

    def __len__(self) -> Any:
        self.refuse()

    def __contains__(self, _: Any) -> Any:
        self.refuse()


def satisfies(row: Any, conditions: dict[str, Any]) -> bool:
    return all(compare(row, path.split("__"), conditions[path]) for path in conditions)


def compare(row: Any, path: list[str], wanted: Any) -> bool:
    kind = path[-1] if len(path) > 1 and path[-1] in LOOKUPS else "exact"
    names = path[:-1] if kind != "exact" or path[-1] == "exact" else path
    if isinstance(wanted, Query):
        wanted = [key(one) for one in wanted.rows]
    elif isinstance(wanted, (list, tuple, set)):
        wanted = [key(one) for one in wanted]
    return any(LOOKUPS[kind](key(value), key(wanted)) for value in reached(row, names))


def reached(row: Any, names: list[str]) -> list[Any]:
    """The values at the end of a path: several, where it goes through a relation to many."""
    found = [row]
    for name in names:
        onward: list[Any] = []
        for value in found:
            if isinstance(value, dict):
                onward.append(value.get(name))
            elif value is None:
                onward.append(None)
            elif isinstance(value, Hidden):
                value.refuse()
            elif isinstance(value, Query):
                onward.extend([getattr(one, name) for one in value.rows])
            elif isinstance(value, (str, int, float, list, tuple)):
                raise ValueError(f"unknown field or lookup {name!r}")
            else:
                onward.append(getattr(value, name))
        found = onward
    several: list[Any] = []
    for value in found:
        if isinstance(value, Hidden):
            value.refuse()
        several.extend(value.rows if isinstance(value, Query) else [value])
    return several


def key(value: Any) -> Any:
    return value.pk if hasattr(value, "pk") else value


def text(value: Any) -> str:
    return "" if value is None else str(value)


LOOKUPS: dict[str, Any] = {
    "exact": lambda value, wanted: value == wanted,
    "iexact": lambda value, wanted: text(value).lower() == text(wanted).lower(),
    "contains": lambda value, wanted: wanted in (value if isinstance(value, list) else text(value)),
    "icontains": lambda value, wanted: text(wanted).lower() in text(value).lower(),
    "startswith": lambda value, wanted: text(value).startswith(wanted),
    "istartswith": lambda value, wanted: text(value).lower().startswith(wanted.lower()),
    "endswith": lambda value, wanted: text(value).endswith(wanted),
    "iendswith": lambda value, wanted: text(value).lower().endswith(wanted.lower()),
    "in": lambda value, wanted: value in wanted,
    "gt": lambda value, wanted: value is not None and value > wanted,
    "gte": lambda value, wanted: value is not None and value >= wanted,
    "lt": lambda value, wanted: value is not None and value < wanted,
    "lte": lambda value, wanted: value is not None and value <= wanted,
    "regex": lambda value, wanted: re.search(wanted, text(value)) is not None,
    "iregex": lambda value, wanted: re.search(wanted, text(value), re.IGNORECASE) is not None,
    "isnull": lambda value, wanted: (value is None) == wanted,
}


def truth(value: Any) -> Any:
    """The interpreter takes every instance for true; an empty query is false."""
    if isinstance(value, Query) and not value.rows:
        return []
    if isinstance(value, Hidden):
        value.refuse()
    return value


def size(value: Any) -> int:
    """`len`, which the interpreter does not ask instances for."""
    if isinstance(value, Hidden):
        value.refuse()
    return len(value.rows) if isinstance(value, Query) else len(value)


def any_of(values: Any) -> bool:
    return any(truth(value) for value in values)


def all_of(values: Any) -> bool:
    return all(truth(value) for value in values)


def filtered(test: Any, values: Any) -> Any:
    return iter([value for value in values if truth(value if test is None else test(value))])
