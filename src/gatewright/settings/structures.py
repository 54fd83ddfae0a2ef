"""How the lists and mappings of config.yaml become values. Each raises Wrong with the problem, the fix and where."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from gatewright.settings import values
from gatewright.settings.findings import Wrong

T = TypeVar("T")


def scalar(parse: Callable[[str], T]) -> Callable[[Any], T]:
    """What stands for one value in YAML, given to a parser of text: `100`, `"100"` and `true` alike."""

    def read(value: Any) -> T:
        return parse(text(value))

    return read


def text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float | date):
        raise Wrong(f"it is {_kind(value)} | Write one value")
    return str(value)


def name(value: Any) -> str:
    """Text that is not empty."""
    found = text(value).strip()
    if not found:
        raise Wrong("it is empty | Write a name")
    return found


def mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Wrong(f"it is {_kind(value)} | Write a mapping, `name: value`")
    return {str(key): one for key, one in value.items()}


def items(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Wrong(f"it is {_kind(value)} | Write a list, `[one, two]`")
    return value


def names(value: Any) -> tuple[str, ...]:
    """A list of names; text with commas is one too."""
    given = value.split(",") if isinstance(value, str) else items(value)
    return tuple(at(f"[{index}]", name, one) for index, one in enumerate(given))


def mapping_of(parse: Callable[[Any], T]) -> Callable[[Any], dict[str, T]]:
    """A mapping whose values that parser reads. Members without a value are left out."""

    def read(value: Any) -> dict[str, T]:
        return {key: at(f".{key}", parse, one) for key, one in mapping(value).items() if one is not None}

    return read


headers = mapping_of(text)
counts = mapping_of(scalar(values.count))


def fallbacks(value: Any) -> dict[str, tuple[str, ...]]:
    """LiteLLM's `[{model: [others]}]`; the later entry of a model that stands twice wins."""
    found: dict[str, tuple[str, ...]] = {}
    for index, item in enumerate(items(value)):
        for model, others in at(f"[{index}]", mapping, item).items():
            found[model] = at(f"[{index}].{model}", names, others)
    return found


def at(where: str, parse: Callable[[Any], T], value: Any) -> T:
    """Runs a parser on a part of a value. Raises Wrong with the part's place."""
    try:
        return parse(value)
    except ValueError as error:
        raise Wrong(str(error), where + getattr(error, "at", "")) from error


def _kind(value: Any) -> str:
    kinds = {dict: "a mapping", list: "a list", type(None): "empty"}
    return kinds.get(type(value), f"{value!r}" if isinstance(value, int | float | bool) else "text")
