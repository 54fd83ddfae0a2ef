"""LiteLLM's keys of config.yaml, works, differs, absent or refused: data.

`keys.toml` has a table for each place in the file, with rows `"names, comma-separated" = "status: how"`; a `*` in a
name stands for anything, and of several that fit the first counts. docs/compatibility.md is generated from it, and what
is said of a key that this version does not have.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import NamedTuple

WORKS, DIFFERS, ABSENT, REFUSED = "works", "differs", "absent", "refused"


class Key(NamedTuple):
    """`how` is said beside the status, empty when there is nothing to say."""

    status: str
    how: str


@cache
def rows() -> Mapping[str, Mapping[str, str]]:
    """The file as it stands: by place, names with commas and what is said of them."""
    return tomllib.loads(files(__package__).joinpath("keys.toml").read_text(encoding="utf-8"))


@cache
def table() -> Mapping[str, Mapping[str, Key]]:
    """Every place, and the keys there by name or pattern."""
    return {place: dict(_keys(found)) for place, found in rows().items()}


def find(place: str, name: str) -> Key | None:
    """What there is to say of a key, None for one that LiteLLM does not have either."""
    rows = table()[place]
    if name in rows:
        return rows[name]
    return next((key for pattern, key in rows.items() if "*" in pattern and fnmatchcase(name, pattern)), None)


def absent(place: str, name: str) -> str | None:
    """The end of the sentence about a key that only LiteLLM has, None for any other key."""
    key = find(place, name)
    if key is None or key.status not in (ABSENT, REFUSED):
        return None
    return f": {key.how[:1].lower()}{key.how[1:].rstrip('.')}" if key.how else ""


def names(place: str) -> Iterable[str]:
    """Every name of a place, patterns apart."""
    return [name for name in table()[place] if "*" not in name]


def _keys(found: Mapping[str, str]) -> Iterator[tuple[str, Key]]:
    for joined, text in found.items():
        status, _, how = text.partition(": ")
        yield from ((name, Key(status, how)) for name in joined.split(", "))
