"""Read a blueprint: Authentik's YAML with its tags (contract 3.7). Reading resolves nothing and touches nothing."""

from typing import Any

import msgspec
import yaml

from gatewright.domain.errors import BadInput

LONGEST = 512 * 1024
STATES = ("present", "created")


class BlueprintInvalid(BadInput):
    """The blueprint cannot be loaded. The message names the place and the cause."""

    code = "blueprint_invalid"


class Tag(msgspec.Struct, frozen=True):
    """A tagged value, unresolved: `!Find [...]` has the name `Find` and the list as its arguments."""

    name: str
    arguments: Any
    line: int


class Entry(msgspec.Struct, frozen=True):
    """One object. `model` is in lower case. Values may hold tags."""

    model: str
    state: str
    identifiers: dict[str, Any]
    attrs: dict[str, Any]
    id: str | None
    conditions: list[Any]


class Blueprint(msgspec.Struct, frozen=True):
    """A file: its context defaults and its objects in order."""

    name: str
    context: dict[str, Any]
    entries: list[Entry]


class _Loader(yaml.SafeLoader):
    """SafeLoader, and the five tags. Every other tag is refused by its name."""


def _tag(loader: _Loader, name: str, node: yaml.Node) -> Tag:
    line = node.start_mark.line + 1
    if name not in ("Find", "KeyOf", "Context", "Format", "Env"):
        raise BlueprintInvalid(f"Line {line}: the tag !{name} is not supported.")
    if isinstance(node, yaml.SequenceNode):
        return Tag(name, loader.construct_sequence(node, deep=True), line)
    if isinstance(node, yaml.ScalarNode):
        return Tag(name, [loader.construct_scalar(node)], line)
    raise BlueprintInvalid(f"Line {line}: !{name} takes a value or a list.")


_Loader.add_multi_constructor("!", _tag)


def read(text: str) -> Blueprint:
    """The blueprint in the text. Raises BlueprintInvalid."""
    if len(text) > LONGEST:
        raise BlueprintInvalid(f"The blueprint is longer than {LONGEST} characters.")
    try:
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with five tags
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BlueprintInvalid(f"The blueprint is not YAML: {error}") from error
    if not isinstance(raw, dict) or raw.get("version") != 1 or not isinstance(raw.get("entries"), list):
        raise BlueprintInvalid("A blueprint is a mapping with version: 1 and a list of entries.")
    metadata = raw.get("metadata")
    context = raw.get("context")
    return Blueprint(
        name=str(metadata.get("name", "")) if isinstance(metadata, dict) else "",
        context=context if isinstance(context, dict) else {},
        entries=[_entry(number, entry) for number, entry in enumerate(raw["entries"], 1)],
    )


def _entry(number: int, raw: Any) -> Entry:
    place = f"Entry {number}"
    if not isinstance(raw, dict) or not isinstance(raw.get("model"), str):
        raise BlueprintInvalid(f"{place} is not a mapping with a model.")
    state = raw.get("state", "present")
    if state not in STATES:
        raise BlueprintInvalid(
            f"{place} ({raw['model']}): the state {state!r} is not supported, only present, created."
        )
    unknown = set(raw) - {"model", "state", "identifiers", "attrs", "id", "conditions"}
    if unknown:
        raise BlueprintInvalid(f"{place} ({raw['model']}): {min(map(str, unknown))} is not supported.")
    identifiers, attrs = raw.get("identifiers"), raw.get("attrs") or {}
    if not isinstance(identifiers, dict) or not identifiers or not isinstance(attrs, dict):
        raise BlueprintInvalid(f"{place} ({raw['model']}) needs identifiers, and attrs must be a mapping.")
    return Entry(
        model=raw["model"].lower(),
        state=state,
        identifiers=identifiers,
        attrs=attrs,
        id=None if raw.get("id") is None else str(raw["id"]),
        conditions=raw.get("conditions") or [],
    )
