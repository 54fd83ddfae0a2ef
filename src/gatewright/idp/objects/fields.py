"""Read an object's attributes one by one, and gather what is wrong with each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from gatewright.domain.clock import DAY, SECOND, Millis
from gatewright.domain.errors import FieldsInvalid
from gatewright.idp.objects import durations

Values = dict[str, Any]
LONGEST_TEXT = 255
LARGEST_JSON = 64 * 1024
DEEPEST_JSON = 30
LARGEST_INTEGER = 2**31 - 1
LARGEST_KEY = 2**62
"""Of keys of rows: both databases can look for it."""
REQUIRED = "This field is required."
ABSENT: Any = object()
KINDS: dict[type, str] = {int: "integer", str: "string", dict: "object"}


class Reading(dict[str, Any]):
    """No attributes, and a note of what a validator asks of each: its JSON schema."""

    def __init__(self) -> None:
        super().__init__()
        self.schemas: dict[str, Values] = {}


def described(validate: Callable[[Mapping[str, Any]], object], names: Collection[str] = ()) -> dict[str, Values]:
    """The JSON schema of each field that a validator reads, in the words with which it reads it.

    `names` are fields that it leaves to somebody else; anything may stand in them.
    """
    reading = Reading()
    # Nothing was given, so what is required is missing.
    with suppress(FieldsInvalid):
        validate(reading)
    return {**{name: {} for name in names}, **reading.schemas}


class Fields:
    """The attributes of one object of `model`. Reading goes on after a problem; `done` raises for all of them."""

    def __init__(self, attrs: Mapping[str, Any], known: Collection[str], model: str) -> None:
        self._attrs = attrs
        self._model = model
        self._schemas = attrs.schemas if isinstance(attrs, Reading) else None
        self.problems: dict[str, list[str]] = {}
        for name in sorted(map(str, attrs.keys() - set(known))):
            self.problem(name, f"the attribute {name} is not supported.")

    def problem(self, name: str, text: str) -> None:
        """Notes what is wrong with a field; the empty name is the whole object."""
        self.problems.setdefault(name, []).append(text)

    def note(self, name: str, *, required: bool = False, **schema: Any) -> None:
        """What may stand in a field, for `described`. Where it is not required, null stands for what is left out."""
        if self._schemas is not None:
            if "type" in schema and not required:
                schema["type"] = [schema["type"], "null"]
            self._schemas[name] = {**schema, "minLength": 1} if required else schema

    def done(self) -> None:
        """Raises FieldsInvalid when anything was wrong."""
        if self.problems:
            raise FieldsInvalid(self.problems, of=self._model)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._schemas is not None or self._attrs.get(name) is not None

    def raw(self, name: str, default: Any = None) -> Any:
        """The value as it was sent; the default for null too."""
        value = self._attrs.get(name)
        return default if value is None else value

    def text(self, name: str, default: str | None = "", *, most: int = LONGEST_TEXT, lines: bool = False) -> str:
        """A text of at most `most` characters; a default of None makes it required. `lines` lets it hold line ends."""
        self.note(name, required=default is None, type="string", maxLength=most)
        value = self.raw(name, default)
        if value is None or (default is None and isinstance(value, str) and not value.strip()):
            self.problem(name, REQUIRED)
        elif not isinstance(value, str):
            self.problem(name, "Not a valid string.")
        elif len(value) > most:
            self.problem(name, f"Ensure this field has no more than {most} characters.")
        elif not storable(value) or (not lines and any(char < " " or char == "\x7f" for char in value)):
            self.problem(name, "This text holds characters that are not allowed.")
        else:
            return value
        return ""

    def flag(self, name: str, default: bool = False) -> bool:
        self.note(name, type="boolean", default=default)
        value = self.raw(name, default)
        if not isinstance(value, bool):
            self.problem(name, "Must be a valid boolean.")
            return default
        return value

    def number(self, name: str, default: int = 0, *, least: int = 0, most: int = LARGEST_INTEGER) -> int:
        self.note(name, type="integer", minimum=least, maximum=most, default=default)
        value = self.raw(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.problem(name, f"A whole number from {least} to {most} is required.")
            return default
        return value

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        self.note(name, enum=[*allowed, None], default=default)
        value = self.raw(name, default)
        if value not in allowed:
            shown = value if isinstance(value, str) else type(value).__name__
            self.problem(name, f'"{shown[:60]}" is not a valid choice. The choices are {", ".join(allowed)}.')
            return default
        return str(value)

    def mapping(self, name: str) -> dict[str, Any]:
        """A JSON object; empty when it is not there."""
        self.note(name, type="object")
        value = self.raw(name, {})
        if not isinstance(value, dict):
            self.problem(name, "Value must be a dictionary.")
        elif (cause := json_problem(value)) is not None:
            self.problem(name, cause)
        else:
            return value
        return {}

    def items(self, name: str, kind: type, default: Sequence[Any] = ()) -> list[Any]:
        """A list of values of that type, each once."""
        self.note(name, type="array", items={"type": KINDS[kind]})
        value = self.raw(name, list(default))
        if not isinstance(value, list | tuple):
            self.problem(name, "Expected a list of items.")
        elif not all(isinstance(one, kind) and (kind is not int or is_key(one)) for one in value):
            self.problem(name, f"Each item must be of the type {kind.__name__}.")
        else:
            return list(dict.fromkeys(value)) if kind in (int, str) else list(value)
        return []

    def duration(self, name: str, default: str, *, zero: bool = False) -> Millis:
        """Authentik's durations in milliseconds; `zero` lets it be none."""
        self.note(name, type="string", default=default)
        try:
            found = durations.parse(self.raw(name, default))
        except ValueError as error:
            self.problem(name, f"{error}.")
            return 0
        if not ((zero and found == 0) or SECOND <= found <= 3660 * DAY):
            self.problem(name, "The duration is shorter than a second or longer than ten years.")
        return found

    def nothing(self, name: str, why: str) -> None:
        """A field that we can only leave empty."""
        self.note(name, enum=[None, "", [], {}])
        if self.raw(name) not in (None, "", [], {}):
            self.problem(name, why)


def is_key(value: Any) -> bool:
    """Whether the value may be the key of a row."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_KEY


def storable(text: str) -> bool:
    """Whether both databases can hold the text: no NUL, no lone surrogate."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def json_problem(value: Any) -> str | None:
    """Why a JSON column should not hold the value; None when it may."""
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError, UnicodeEncodeError):
        return "This is not JSON."
    if len(encoded) > LARGEST_JSON:
        return f"This is larger than {LARGEST_JSON} bytes."
    # PostgreSQL cannot hold an escaped NUL.
    return "This is nested too deeply or holds a NUL character." if _bad(value, DEEPEST_JSON) else None


def _bad(value: Any, depth: int) -> bool:
    if depth == 0:
        return True
    if isinstance(value, dict):
        return any(_bad(key, depth) or _bad(item, depth - 1) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(_bad(item, depth - 1) for item in value)
    return isinstance(value, str) and not storable(value)
