"""Filters and paths of SCIM (RFC 7644 3.4.2.2 and 3.5.2): text to a small tree, under bounds.

`emails[type eq "work"].value eq "a@b"`, which Entra ID sends and the grammar lacks, reads as
`emails[type eq "work" and value eq "a@b"]`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from gatewright.domain.scim.errors import ScimRefused

LONGEST = 4096
DEEPEST = 10
MOST_TERMS = 60
OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
TOKEN = re.compile(r'\s+|[()\[\]]|"(?:[^"\\]|\\.)*"|[^\s()\[\]"]+')
ATTRIBUTE = re.compile(r"[A-Za-z$][A-Za-z0-9_$-]*\Z")


class AttributePath(msgspec.Struct, frozen=True):
    """An attribute in lower case; `schema` is its URN, None for the resource's own."""

    name: str
    sub: str | None = None
    schema: str | None = None

    def __str__(self) -> str:
        prefix = f"{self.schema}:" if self.schema else ""
        return f"{prefix}{self.name}" + (f".{self.sub}" if self.sub else "")


class Compare(msgspec.Struct, frozen=True):
    """`operator` in lower case; of `pr` the value is None."""

    path: AttributePath
    operator: str
    value: Any = None


class Both(msgspec.Struct, frozen=True):
    parts: tuple["Filter", ...]


class Either(msgspec.Struct, frozen=True):
    parts: tuple["Filter", ...]


class Negated(msgspec.Struct, frozen=True):
    part: "Filter"


class Element(msgspec.Struct, frozen=True):
    """One value of a multi-valued attribute for which the condition, on its sub-attributes, holds."""

    path: AttributePath
    condition: "Filter"


Filter = Compare | Both | Either | Negated | Element


class PatchPath(msgspec.Struct, frozen=True):
    """What an operation of a PATCH is about: an attribute, some of its values, or one part of them."""

    path: AttributePath
    condition: Filter | None = None
    sub: str | None = None


def parse_filter(text: str, own: str | None = None) -> Filter:
    """`own` is the URN that may stand before an attribute and adds nothing. Raises ScimRefused (`invalidFilter`)."""
    return _Parser(text, "invalidFilter", own).whole_filter()


def parse_path(text: str) -> PatchPath:
    """Raises ScimRefused (`invalidPath`)."""
    return _Parser(text, "invalidPath").whole_path()


def attribute_path(text: str, scim_type: str = "invalidPath", own: str | None = None) -> AttributePath:
    """`userName`, `name.givenName` or `urn:...:User:department`; the URN `own` is left out. Raises ScimRefused."""
    schema, name = None, text
    if text[:4].lower() == "urn:":
        schema, _, name = text.rpartition(":")
    name, dot, sub = name.partition(".")
    if not ATTRIBUTE.match(name) or (dot and not ATTRIBUTE.match(sub)):
        raise ScimRefused(scim_type, f"{text[:100]!r} names no attribute.")
    if schema is not None and own is not None and schema.lower() == own.lower():
        schema = None
    return AttributePath(name.lower(), sub.lower() if dot else None, schema.lower() if schema else None)


def matches(condition: Filter, value: Mapping[str, Any]) -> bool:
    """Whether one value of a multi-valued attribute is meant. Raises ScimRefused for a test that is none of texts."""
    if isinstance(condition, Both):
        return all(matches(part, value) for part in condition.parts)
    if isinstance(condition, Either):
        return any(matches(part, value) for part in condition.parts)
    if isinstance(condition, Negated):
        return not matches(condition.part, value)
    if isinstance(condition, Element) or condition.path.sub or condition.path.schema:
        raise ScimRefused("invalidFilter", "A filter in brackets compares the sub-attributes of one attribute.")
    folded = {name.lower(): one for name, one in value.items()}
    return _holds(condition, folded.get(condition.path.name))


def _holds(test: Compare, found: Any) -> bool:
    if test.operator == "pr":
        return found not in (None, "", [])
    one, other = _comparable(found), _comparable(test.value)
    if test.operator in ("eq", "ne"):
        return (one == other) is (test.operator == "eq")
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    tests = {
        "co": other in one,
        "sw": one.startswith(other),
        "ew": one.endswith(other),
        "gt": one > other,
        "ge": one >= other,
        "lt": one < other,
        "le": one <= other,
    }
    return tests[test.operator]


def storable(text: str) -> bool:
    """Whether every database can hold it: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _refused_constant(name: str) -> NoReturn:
    """NaN and infinity, which Python reads and JSON does not have."""
    raise ValueError(name)


def _comparable(value: Any) -> Any:
    """Text without its case; a boolean as the text that Entra ID writes for it."""
    return str(value).casefold() if isinstance(value, (str, bool)) else value


class _Parser:
    """Recursive descent over at most LONGEST characters, DEEPEST levels and MOST_TERMS comparisons."""

    def __init__(self, text: str, scim_type: str, own: str | None = None) -> None:
        self._type = scim_type
        self._own = own
        if len(text) > LONGEST:
            self._fail(f"It is longer than {LONGEST} characters.")
        if "\0" in text:
            self._fail("It holds a NUL character.")
        found = TOKEN.findall(text)
        if sum(map(len, found)) != len(text):
            self._fail("A quotation mark is missing.")
        # Blanks stay: only without one does a bracket belong to the word before it.
        self._tokens: list[str] = found
        self._at = 0
        self._terms = 0

    def whole_filter(self) -> Filter:
        found = self._either(0)
        self._end()
        return found

    def whole_path(self) -> PatchPath:
        path = self._attribute(self._next())
        condition = self._bracketed(0) if self._peek(blanks=True) == "[" else None
        sub = self._tail() if condition is not None else None
        self._end()
        return PatchPath(path, condition, sub)

    def _either(self, depth: int) -> Filter:
        if depth > DEEPEST:
            self._fail(f"It is nested more than {DEEPEST} levels deep.")
        parts = [self._both(depth)]
        while self._word() == "or":
            self._next()
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._word() == "and":
            self._next()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self, depth: int) -> Filter:
        token = self._next()
        if token == "(":
            return self._closed(")", self._either(depth + 1))
        if token.lower() == "not" and self._peek() == "(":
            self._next()
            return Negated(self._closed(")", self._either(depth + 1)))
        path = self._attribute(token)
        if self._peek(blanks=True) != "[":
            return self._comparison(path)
        condition = self._bracketed(depth)
        if (sub := self._tail()) is not None:
            condition = Both((condition, self._comparison(AttributePath(sub))))
        return Element(path, condition)

    def _bracketed(self, depth: int) -> Filter:
        self._next()
        return self._closed("]", self._either(depth + 1))

    def _tail(self) -> str | None:
        """The `.value` right after a closing bracket."""
        token = self._peek(blanks=True) or ""
        if not token.startswith("."):
            return None
        self._next()
        if not ATTRIBUTE.match(token[1:]):
            self._fail(f"{token[:100]!r} names no sub-attribute.")
        return token[1:].lower()

    def _comparison(self, path: AttributePath) -> Compare:
        self._terms += 1
        if self._terms > MOST_TERMS:
            self._fail(f"It compares more than {MOST_TERMS} times.")
        operator = self._next().lower()
        if operator == "pr":
            return Compare(path, "pr")
        if operator not in OPERATORS:
            self._fail(f"{operator[:40]!r} is no operator.")
        return Compare(path, operator, self._value(self._next()))

    def _value(self, token: str) -> Any:
        if token.lower() in ("true", "false", "null"):
            token = token.lower()
        try:
            value = json.loads(token, parse_constant=_refused_constant)
        except ValueError:
            value = ...
        if value is ... or isinstance(value, (dict, list)):
            self._fail(f"{token[:60]!r} is no value: text stands in quotation marks.")
        if isinstance(value, str) and not storable(value):
            self._fail("It holds a character that no database keeps.")
        return value

    def _attribute(self, token: str) -> AttributePath:
        return attribute_path(token, self._type, self._own)

    def _closed(self, bracket: str, found: Filter) -> Filter:
        if self._next() != bracket:
            self._fail(f"{bracket!r} is missing.")
        return found

    def _word(self) -> str | None:
        token = self._peek()
        return None if token is None else token.lower()

    def _peek(self, *, blanks: bool = False) -> str | None:
        at = self._at
        while not blanks and at < len(self._tokens) and self._tokens[at].isspace():
            at += 1
        return self._tokens[at] if at < len(self._tokens) else None

    def _next(self) -> str:
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        if self._at >= len(self._tokens):
            self._fail("It ends too early.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _end(self) -> None:
        if (token := self._peek()) is not None:
            self._fail(f"{token[:60]!r} is not expected there.")

    def _fail(self, problem: str) -> NoReturn:
        what = "filter" if self._type == "invalidFilter" else "path"
        raise ScimRefused(self._type, f"The {what} cannot be read. {problem}", param=what)
