"""Read a blueprint: Authentik's YAML with its tags (contract 3.7). Reading resolves nothing and touches nothing."""

from collections.abc import Sequence
from typing import Any

import msgspec
import yaml

from gatewright.domain.errors import BadInput

LONGEST = 512 * 1024
MOST_ENTRIES = 5000
STATES = ("present", "created", "must_created", "absent")
TAGS = frozenset(
    {
        *("KeyOf", "Find", "Env", "File", "Context", "Format", "If", "Condition"),
        *("Enumerate", "Index", "Value", "AtIndex", "ParseJSON"),
    }
)
INSTANTIATE = "blueprints.goauthentik.io/instantiate"


class BlueprintInvalid(BadInput):
    """The blueprint cannot be loaded. `problems` has every cause with its line; the message is the first."""

    code = "blueprint_invalid"

    def __init__(self, *problems: str) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")
        self.problems = problems


class Tag(msgspec.Struct, frozen=True):
    """A tagged value, unresolved: `!Find [...]` has the name `Find` and the list as its arguments."""

    name: str
    arguments: Any
    line: int


class Entry(msgspec.Struct, frozen=True):
    """One object. `model` is in lower case. Values may hold tags. `left_out` names members that do nothing here."""

    line: int
    model: str
    state: str | Tag
    identifiers: dict[str, Any]
    attrs: dict[str, Any]
    id: str | None
    conditions: list[Any]
    left_out: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"Line {self.line}, {self.model}"


class Blueprint(msgspec.Struct, frozen=True):
    """A file: its context defaults and its objects in order. `is_automatic`: a start may apply it by itself."""

    name: str
    context: dict[str, Any]
    entries: list[Entry]
    is_automatic: bool


class _Loader(yaml.SafeLoader):
    """SafeLoader, and Authentik's tags. Every other tag is refused by its name."""


def _tag(loader: _Loader, name: str, node: yaml.Node) -> Tag:
    line = node.start_mark.line + 1
    if name not in TAGS:
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
        lines = _entry_lines(text)
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with tags of its own
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BlueprintInvalid(f"The blueprint is not YAML: {error}") from error
    if not isinstance(raw, dict) or raw.get("version") != 1 or not isinstance(raw.get("entries"), list):
        raise BlueprintInvalid("A blueprint is a mapping with version: 1 and a list of entries.")
    if len(raw["entries"]) > MOST_ENTRIES:
        raise BlueprintInvalid(f"The blueprint has more than {MOST_ENTRIES} entries.")
    metadata, context = raw.get("metadata"), raw.get("context")
    metadata = metadata if isinstance(metadata, dict) else {}
    labels = metadata.get("labels")
    wish = labels.get(INSTANTIATE, "true") if isinstance(labels, dict) else "true"
    return Blueprint(
        name=str(metadata.get("name", "")),
        context=context if isinstance(context, dict) else {},
        entries=[_entry(line, entry) for line, entry in zip(lines, raw["entries"], strict=True)],
        is_automatic=str(wish).lower() != "false",
    )


def _entry_lines(text: str) -> Sequence[int]:
    """The line of each entry, since a constructed mapping has forgotten its own."""
    root = yaml.compose(text, Loader=_Loader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else []:
        if isinstance(key, yaml.ScalarNode) and key.value == "entries" and isinstance(value, yaml.SequenceNode):
            return [node.start_mark.line + 1 for node in value.value]
    return []


def _entry(line: int, raw: Any) -> Entry:
    if not isinstance(raw, dict) or not isinstance(raw.get("model"), str):
        raise BlueprintInvalid(f"Line {line}: an entry is a mapping with a model.")
    place = f"Line {line}, {raw['model']}"
    state = raw.get("state", "present")
    if not isinstance(state, Tag) and state not in STATES:
        raise BlueprintInvalid(f"{place}: the state {state!r} is none of {', '.join(STATES)}.")
    unknown = set(raw) - {"model", "state", "identifiers", "attrs", "id", "conditions", "permissions"}
    if unknown:
        raise BlueprintInvalid(f"{place}: {min(map(str, unknown))} is not supported.")
    identifiers, attrs = raw.get("identifiers"), raw.get("attrs") or {}
    if not isinstance(identifiers, dict) or not identifiers or not isinstance(attrs, dict):
        raise BlueprintInvalid(f"{place} needs identifiers, and attrs must be a mapping.")
    return Entry(
        line=line,
        model=raw["model"].lower(),
        state=state,
        identifiers=identifiers,
        attrs=attrs,
        id=None if raw.get("id") is None else str(raw["id"]),
        conditions=raw.get("conditions") or [],
        left_out=("permissions",) if raw.get("permissions") else (),
    )
