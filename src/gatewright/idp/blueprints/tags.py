"""Resolve a blueprint's tags: what stands in a file for a value that is known when it is applied (contract 3.7)."""

import asyncio
import functools
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from gatewright.idp.blueprints.file import DEEPEST, MOST_TEXT, BlueprintInvalid, Tag

MOST_VALUES = 100_000
MOST_LEVELS = 2 * DEEPEST
WIDTH = re.compile(r"%[-+ #0]*(\*|\d{4})|%[-+ #0]*\d*\.(\*|\d{4})")


class Objects(Protocol):
    """Where `!Find` and `!FindObject` look. None: there is no object of that model with these values."""

    async def find(self, model: str, pairs: dict[str, Any]) -> Any: ...

    async def shown(self, model: str, pairs: dict[str, Any]) -> dict[str, Any] | None: ...


class Sources(msgspec.Struct, frozen=True):
    """What a blueprint may read. `context` goes over its own. `files` gives a file's text, None when there is none.

    `released` are the variables that `!Env` may read, None for all of them; without `files`, `!File` is refused.
    """

    context: Mapping[str, Any] = {}
    environment: Mapping[str, str] = {}
    files: Callable[[str], str | None] | None = None
    released: frozenset[str] | None = None


class Resolver:
    """The tags of one blueprint. What they come to is counted, so that no blueprint multiplies itself."""

    def __init__(self, context: Mapping[str, Any], sources: Sources, objects: Objects) -> None:
        self._context = context
        self._sources = sources
        self._objects = objects
        self._loops: list[tuple[Any, Any]] = []
        self._values = self._text = self._level = 0
        self.keys: dict[str, Any] = {}
        self.failed: set[str | None] = set()

    async def value(self, given: Any, *, lenient: bool = False) -> Any:
        """The value with every tag in it replaced. `lenient`: a `!Find` that finds nothing is None, as a condition."""
        self._count(given)
        self._level += 1
        if self._level > MOST_LEVELS:
            raise BlueprintInvalid(f"The blueprint's tags stand in one another more than {MOST_LEVELS} deep.")
        try:
            if isinstance(given, dict):
                return {key: await self.value(item, lenient=lenient) for key, item in given.items()}
            if isinstance(given, list):
                return [await self.value(item, lenient=lenient) for item in given]
            return await self._tag(given, lenient=lenient) if isinstance(given, Tag) else given
        finally:
            self._level -= 1

    async def _tag(self, tag: Tag, *, lenient: bool) -> Any:
        if not tag.arguments:
            raise _bad(tag, "needs a value")
        # These decide what else is resolved, and how often.
        if tag.name == "If":
            return await self._if(tag, lenient=lenient)
        if tag.name == "Enumerate":
            return await self._enumerate(tag, lenient=lenient)
        inner = lenient or tag.name == "Condition"
        found = await self._plain(tag, [await self.value(item, lenient=inner) for item in tag.arguments], lenient)
        self._spend(found)
        return found

    async def _plain(self, tag: Tag, arguments: list[Any], lenient: bool) -> Any:
        if tag.name in ("Find", "FindObject"):
            return await self._found(tag, arguments, lenient)
        if tag.name in PURE:
            return PURE[tag.name](tag, arguments)
        first, default = arguments[0], arguments[1] if len(arguments) > 1 else None
        if tag.name == "Context":
            found = _dotted(self._context, str(first), default)
            return await self.value(found, lenient=lenient)
        if tag.name in ("Env", "File"):
            if not isinstance(tag.arguments[0], str):
                raise _bad(tag, "takes a name that is written out")
            return self._variable(tag, first, default) if tag.name == "Env" else await self._file(tag, first, default)
        if tag.name == "KeyOf":
            if first in self.failed:
                raise _bad(tag, f"waits for {str(first)[:60]!r}, which could not be made")
            if first not in self.keys:
                raise _bad(tag, f"names {str(first)[:60]!r}, and no entry above has that id")
            return self.keys[first]
        return self._loop(tag, first)[tag.name == "Value"]

    def _variable(self, tag: Tag, name: str, default: Any) -> Any:
        """An empty variable counts as none, as it does in Authentik."""
        released = self._sources.released
        if released is not None and name not in released:
            raise _bad(
                tag,
                f"{name[:100]}: a blueprint of the API reads no variable but those that GATEWRIGHT_BLUEPRINT_VARIABLES "
                "names. Give the value in the context, or apply the file on the server",
            )
        return self._sources.environment.get(name) or default

    async def _file(self, tag: Tag, name: str, default: Any) -> Any:
        """The file's text without white space at its ends, as in Authentik: files of secrets end with a line end."""
        if self._sources.files is None:
            raise _bad(tag, "reads files of the folder of blueprints, and this blueprint is none of them")
        try:
            text = await asyncio.to_thread(self._sources.files, name)
        except ValueError as error:
            raise _bad(tag, f"{name[:100]}: {error}") from error
        return default if text is None else text.strip()

    async def _if(self, tag: Tag, *, lenient: bool) -> Any:
        """`[condition]`, `[condition, then]` or `[condition, then, else]`: the branch not taken is not looked at."""
        given = tag.arguments
        if len(given) > 3:
            raise _bad(tag, "takes a condition and at most two values")
        holds = bool(await self.value(given[0], lenient=True))
        branches = given[1:] or [True, False]
        index = 0 if holds else 1
        return await self.value(branches[index], lenient=lenient) if index < len(branches) else None

    async def _enumerate(self, tag: Tag, *, lenient: bool) -> Any:
        if len(tag.arguments) != 3 or tag.arguments[1] not in ("SEQ", "MAP"):
            raise _bad(tag, "takes a list, SEQ or MAP, and what to make of each item")
        items = await self.value(tag.arguments[0], lenient=lenient)
        if not isinstance(items, list | dict):
            raise _bad(tag, "goes over a list or a mapping")
        made = []
        for pair in items.items() if isinstance(items, dict) else enumerate(items):
            self._loops.append(pair)
            try:
                made.append(await self.value(tag.arguments[2], lenient=lenient))
            finally:
                self._loops.pop()
        return made if tag.arguments[1] == "SEQ" else _merged(tag, made)

    async def _found(self, tag: Tag, arguments: list[Any], lenient: bool) -> Any:
        """Unlike in Authentik, naming an object that does not exist is an error (contract 3.7)."""
        model = str(arguments[0]).lower()
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in arguments[1:]) or not arguments[1:]:
            raise _bad(tag, "takes a model and pairs of a field and its value")
        pairs = {str(pair[0]): pair[1] for pair in arguments[1:]}
        try:
            look = self._objects.find if tag.name == "Find" else self._objects.shown
            found = await look(model, pairs)
        except BlueprintInvalid as error:
            raise _bad(tag, error.message.rstrip(".")) from error
        if found is None and not lenient:
            # A value that a tag gave may be a secret of the server's.
            written = [pair[1] if isinstance(pair, list) else "" for pair in tag.arguments[1:]]
            values = [str(value)[:100] if isinstance(value, str | int) else "…" for value in written]
            shown = ", ".join(f"{name} {value!r}" for name, value in zip(pairs, values, strict=False))
            raise _bad(tag, f"{model[:100]} with {shown} finds nothing")
        return found

    def _loop(self, tag: Tag, depth: Any) -> tuple[Any, Any]:
        try:
            return self._loops[-1 - int(depth)]
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise _bad(tag, f"{str(depth)[:20]} is outside of that many !Enumerate") from error

    def _spend(self, found: Any) -> None:
        """Counts everything that a tag gave. Raises BlueprintInvalid when it is too much, or too deep."""
        level: list[Any] = [found]
        for _ in range(DEEPEST):
            if not level:
                return
            for one in level:
                self._count(one)
            inner = [list(one.values()) if isinstance(one, dict) else one for one in level]
            level = [item for one in inner if isinstance(one, list) for item in one]
        raise BlueprintInvalid(f"The blueprint has a value that is more than {DEEPEST} deep.")

    def _count(self, one: Any) -> None:
        self._values += 1
        self._text += len(one) if isinstance(one, str) else 0
        if self._values > MOST_VALUES or self._text > MOST_TEXT:
            raise BlueprintInvalid(f"The blueprint comes to more than {MOST_VALUES} values or {MOST_TEXT} characters.")


def _dotted(context: Mapping[str, Any], name: str, default: Any) -> Any:
    """A context value, whose name may lead into mappings."""
    if name in context:
        return context[name]
    found: Any = context
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return default
        found = found[part]
    return found


def _merged(tag: Tag, made: list[Any]) -> dict[str, Any]:
    """The mapping of `MAP`: each item gave a mapping, or a name and its value."""
    found: dict[str, Any] = {}
    for one in made:
        pair = isinstance(one, list) and len(one) == 2 and isinstance(one[0], str)
        if not pair and not isinstance(one, dict):
            raise _bad(tag, "with MAP makes a mapping, or a list of a name and a value, of each item")
        found |= one if isinstance(one, dict) else {one[0]: one[1]}
    return found


def _formatted(tag: Tag, arguments: list[Any]) -> str:
    try:
        text, values = str(arguments[0]), tuple(arguments[1:])
        if WIDTH.search(text) or len(text) + sum(len(str(one)) for one in values) > MOST_TEXT:
            raise _bad(tag, "makes a text that is too long")
        return text % values
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _bad(tag, f"does not fit its values: {error}") from error


def _condition(tag: Tag, arguments: list[Any]) -> bool:
    mode, values = str(arguments[0]).upper(), arguments[1:]
    if not values:
        raise _bad(tag, "needs a mode and values")
    truths = [bool(one) for one in values]
    answers = {
        "AND": all(truths),
        "OR": any(truths),
        "XOR": functools.reduce(operator.xor, truths),
        "EQ": all(one == values[0] for one in values),
    }
    opposites = {"NAND": "AND", "NOR": "OR", "XNOR": "XOR", "NEQ": "EQ"}
    if mode in answers:
        return answers[mode]
    if mode in opposites:
        return not answers[opposites[mode]]
    raise _bad(tag, f"has no mode {mode[:20]}; there are {', '.join([*answers, *opposites])}")


def _at_index(tag: Tag, arguments: list[Any]) -> Any:
    if len(arguments) < 2:
        raise _bad(tag, "takes a list or mapping and a place in it")
    try:
        return arguments[0][arguments[1]]
    except (KeyError, IndexError, TypeError) as error:
        if len(arguments) > 2:
            return arguments[2]
        raise _bad(tag, f"finds nothing at {repr(arguments[1])[:60]}") from error


def _bad(tag: Tag, problem: str) -> BlueprintInvalid:
    return BlueprintInvalid(f"Line {tag.line}: !{tag.name} {problem}.")


def _parsed(tag: Tag, arguments: list[Any]) -> Any:
    try:
        return json.loads(str(arguments[0]), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _bad(tag, "has a text that is not JSON") from error


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


PURE: dict[str, Callable[[Tag, list[Any]], Any]] = {
    "Format": _formatted,
    "Condition": _condition,
    "AtIndex": _at_index,
    "ParseJSON": _parsed,
}
"""Tags whose value follows from their arguments alone."""
