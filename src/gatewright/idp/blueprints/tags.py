"""Resolve a blueprint's tags: what stands in a file for a value that is known when it is applied (contract 3.7)."""

import functools
import json
import operator
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gatewright.idp.blueprints.file import BlueprintInvalid, Tag

Finder = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""The key of the object of that model with these values, None when there is none."""

MOST_VALUES = 100_000


class Resolver:
    """The tags of one file. `environment` and `files` are what `!Env` and `!File` may read."""

    def __init__(
        self,
        context: Mapping[str, Any],
        environment: Mapping[str, str],
        files: Callable[[str], str | None],
        find: Finder,
    ) -> None:
        self._context = context
        self._environment = environment
        self._files = files
        self._find = find
        self._loops: list[tuple[Any, Any]] = []
        self._values = 0
        self.keys: dict[str, Any] = {}

    async def value(self, given: Any, *, lenient: bool = False) -> Any:
        """The value with every tag in it replaced. `lenient`: a `!Find` that finds nothing is None, as a condition."""
        self._values += 1
        if self._values > MOST_VALUES:
            raise BlueprintInvalid(f"The blueprint comes to more than {MOST_VALUES} values.")
        if isinstance(given, dict):
            return {key: await self.value(item, lenient=lenient) for key, item in given.items()}
        if isinstance(given, list):
            return [await self.value(item, lenient=lenient) for item in given]
        if not isinstance(given, Tag):
            return given
        if not given.arguments:
            raise _bad(given, "needs a value")
        # These decide what else is resolved, and how often.
        if given.name == "If":
            return await self._if(given, lenient=lenient)
        if given.name == "Enumerate":
            return await self._enumerate(given, lenient=lenient)
        inner = lenient or given.name == "Condition"
        return await self._plain(given, [await self.value(item, lenient=inner) for item in given.arguments], lenient)

    async def _plain(self, tag: Tag, arguments: list[Any], lenient: bool) -> Any:
        if tag.name == "Find":
            return await self._found(tag, arguments, lenient)
        if tag.name in PURE:
            return PURE[tag.name](tag, arguments)
        first, default = arguments[0], arguments[1] if len(arguments) > 1 else None
        if tag.name == "Env":
            return self._environment.get(str(first), default)
        if tag.name == "Context":
            return _dotted(self._context, str(first), default)
        if tag.name == "File":
            text = self._files(str(first))
            return default if text is None else text
        if tag.name == "KeyOf":
            if first not in self.keys:
                raise _bad(tag, f"names {first!r}, and no entry above has that id")
            return self.keys[first]
        return self._loop(tag, first)[tag.name == "Value"]

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
            made.append(await self.value(tag.arguments[2], lenient=lenient))
            self._loops.pop()
        if tag.arguments[1] == "SEQ":
            return made
        if not all(isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) for one in made):
            raise _bad(tag, "with MAP makes a list of a name and a value of each item")
        return dict(made)

    async def _found(self, tag: Tag, arguments: list[Any], lenient: bool) -> Any:
        """Unlike in Authentik, naming an object that does not exist is an error (contract 3.7)."""
        model = str(arguments[0]).lower()
        pairs = {str(pair[0]): pair[1] for pair in arguments[1:] if isinstance(pair, list) and len(pair) == 2}
        found = await self._find(model, pairs) if pairs else None
        if found is None and not lenient:
            raise _bad(tag, f"{model} {pairs} finds nothing")
        return found

    def _loop(self, tag: Tag, depth: Any) -> tuple[Any, Any]:
        try:
            return self._loops[-1 - int(depth)]
        except (ValueError, TypeError, IndexError) as error:
            raise _bad(tag, f"{depth} is outside of that many !Enumerate") from error


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


def _formatted(tag: Tag, arguments: list[Any]) -> str:
    try:
        return str(arguments[0]) % tuple(arguments[1:])
    except (TypeError, ValueError, OverflowError, MemoryError) as error:
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
    raise _bad(tag, f"has no mode {mode}; there are {', '.join([*answers, *opposites])}")


def _at_index(tag: Tag, arguments: list[Any]) -> Any:
    if len(arguments) < 2:
        raise _bad(tag, "takes a list or mapping and a place in it")
    try:
        return arguments[0][arguments[1]]
    except (KeyError, IndexError, TypeError) as error:
        if len(arguments) > 2:
            return arguments[2]
        raise _bad(tag, f"finds nothing at {arguments[1]!r}") from error


def _bad(tag: Tag, problem: str) -> BlueprintInvalid:
    return BlueprintInvalid(f"Line {tag.line}: !{tag.name} {problem}.")


def _parsed(tag: Tag, arguments: list[Any]) -> Any:
    try:
        return json.loads(str(arguments[0]))
    except (ValueError, RecursionError) as error:
        raise _bad(tag, "has a text that is not JSON") from error


PURE: dict[str, Callable[[Tag, list[Any]], Any]] = {
    "Format": _formatted,
    "Condition": _condition,
    "AtIndex": _at_index,
    "ParseJSON": _parsed,
}
"""Tags whose value follows from their arguments alone."""
