"""Read a blueprint: Authentik's YAML with its tags (contract 3.7). Reading resolves nothing and touches nothing."""

import math
from typing import Any

import msgspec
import yaml

from gatewright.domain.errors import BadInput
from gatewright.idp.objects.fields import LONGEST_TEXT, json_problem, storable

LONGEST = 512 * 1024
MOST_ENTRIES = 5000
MOST_NODES = 200_000
MOST_TEXT = 8 * LONGEST
"""Characters of all values once every alias of the YAML is written out."""
DEEPEST = 60
LONGEST_NUMBER = 64
STATES = ("present", "created", "must_created", "absent")
TAGS = frozenset(
    {
        *("KeyOf", "Find", "FindObject", "Env", "File", "Context", "Format", "If", "Condition"),
        *("Enumerate", "Index", "Value", "AtIndex", "ParseJSON"),
    }
)
INSTANTIATE = "blueprints.goauthentik.io/instantiate"
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
NOT_JSON = ("binary", "set", "omap", "pairs")
ORDER = "authentik_blueprints.metaapplyblueprint"
ENTRY = frozenset({"model", "state", "identifiers", "attrs", "id", "conditions", "permissions"})


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
    labels: dict[str, str] = {}


class _Loader(yaml.SafeLoader):
    """SafeLoader, and Authentik's tags. Every other tag, and every value that JSON has not, is refused by name."""


def _tag(loader: _Loader, name: str, node: yaml.Node) -> Tag:
    line = node.start_mark.line + 1
    if name not in TAGS:
        raise BlueprintInvalid(f"Line {line}: the tag !{name[:60]} is not supported.")
    if isinstance(node, yaml.SequenceNode):
        return Tag(name, loader.construct_sequence(node, deep=True), line)
    if isinstance(node, yaml.ScalarNode):
        return Tag(name, [loader.construct_scalar(node)], line)
    raise BlueprintInvalid(f"Line {line}: !{name} takes a value or a list.")


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    value = float(loader.construct_yaml_float(node))
    if not math.isfinite(value):
        raise BlueprintInvalid(f"Line {node.start_mark.line + 1}: {node.value} is no number here.")
    return value


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    """A time as it stands there: objects take times as texts."""
    return str(loader.construct_scalar(node))


def _not_json(_: _Loader, node: yaml.Node) -> None:
    raise BlueprintInvalid(f"Line {node.start_mark.line + 1}: a value of the type {node.tag} is not supported.")


_Loader.add_multi_constructor("!", _tag)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)
for _name in NOT_JSON:
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _not_json)


def read(text: str) -> Blueprint:
    """The blueprint in the text. Raises BlueprintInvalid."""
    root, raw = _loaded(text)
    if not isinstance(raw, dict) or raw.get("version", 1) != 1 or not isinstance(raw.get("entries"), list | dict):
        raise BlueprintInvalid("A blueprint is a mapping with version: 1 and a list of entries.")
    entries = _in_order(raw["entries"])
    if len(entries) > MOST_ENTRIES:
        raise BlueprintInvalid(f"The blueprint has more than {MOST_ENTRIES} entries.")
    metadata, context = raw.get("metadata"), raw.get("context")
    metadata = metadata if isinstance(metadata, dict) else {}
    labels = metadata.get("labels")
    named = {str(name): str(label) for name, label in labels.items()} if isinstance(labels, dict) else {}
    name = str(metadata.get("name", ""))
    if len(name) > LONGEST_TEXT or not storable(name) or json_problem(named) is not None:
        raise BlueprintInvalid("The metadata's name or labels are too long, or hold characters that are not allowed.")
    return Blueprint(
        name=name,
        context=context if isinstance(context, dict) else {},
        entries=[_entry(line, entry) for line, entry in zip(_entry_lines(root, len(entries)), entries, strict=True)],
        is_automatic=named.get(INSTANTIATE, "true").lower() != "false",
        labels=named,
    )


def compose(text: str) -> yaml.Node | None:
    """The text's nodes, with their places. Raises BlueprintInvalid, for what would come to too much too."""
    return _loaded(text)[0]


def _loaded(text: str) -> tuple[yaml.Node | None, Any]:
    if len(text) > LONGEST:
        raise BlueprintInvalid(f"The blueprint is longer than {LONGEST} characters.")
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return None, None
            _Weights().of(root)
            return root, loader.construct_document(root)
        finally:
            loader.dispose()
    # The library lets errors of its own parts out for scalars that contradict their tag.
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise BlueprintInvalid(f"The blueprint is not YAML: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    """What is wrong and where. The library's own words quote the line, and with it what may be a secret."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return "a value cannot be read"
    mark = error.problem_mark or error.context_mark
    return f"line {0 if mark is None else mark.line + 1}: {error.problem or error.context}"


class _Weights:
    """What nodes come to with their aliases written out, before anything is built of them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int, int]] = {}
        self._open: set[int] = set()

    def of(self, node: yaml.Node) -> tuple[int, int, int]:
        """Values, characters and depth. Raises BlueprintInvalid for too much of one, and for a node inside itself."""
        if id(node) in self._known:
            return self._known[id(node)]
        line = node.start_mark.line + 1
        if id(node) in self._open:
            raise BlueprintInvalid(f"Line {line}: an alias leads back to where it stands.")
        if isinstance(node, yaml.ScalarNode):
            if node.tag in NUMBERS and len(node.value) > LONGEST_NUMBER:
                raise BlueprintInvalid(f"Line {line}: a number has at most {LONGEST_NUMBER} digits.")
            found = (1, len(node.value), 1)
        else:
            self._open.add(id(node))
            inner = [self.of(child) for child in _children(node)]
            self._open.discard(id(node))
            deepest = max((one[2] for one in inner), default=0)
            found = (1 + sum(one[0] for one in inner), sum(one[1] for one in inner), 1 + deepest)
        if found[0] > MOST_NODES or found[1] > MOST_TEXT or found[2] > DEEPEST:
            raise BlueprintInvalid(f"Line {line}: with its aliases written out the blueprint is too large or too deep.")
        self._known[id(node)] = found
        return found


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [one for pair in node.value for one in pair]
    return list(node.value)


def _in_order(entries: Any) -> list[Any]:
    """The entries; newer files have them in named sections."""
    if isinstance(entries, list):
        return entries
    if not all(isinstance(some, list) for some in entries.values()):
        raise BlueprintInvalid("A section of a blueprint is a list of entries.")
    return [one for some in entries.values() for one in some]


def _entry_lines(root: yaml.Node | None, count: int) -> list[int]:
    """The line of each of so many entries, since a constructed mapping has forgotten its own."""
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    # Of a key that stands there twice the last one counts, as when it is constructed.
    given = [value for key, value in pairs if isinstance(key, yaml.ScalarNode) and key.value == "entries"]
    lists = [given[-1]] if given else []
    if lists and isinstance(lists[0], yaml.MappingNode):
        lists = list({key.value: value for key, value in lists[0].value}.values())
    found = [node.start_mark.line + 1 for one in lists for node in one.value]
    # Keys that are written in two ways and mean the same are counted here and not there.
    return found if len(found) == count else [1] * count


def _entry(line: int, raw: Any) -> Entry:
    if not isinstance(raw, dict) or not isinstance(raw.get("model"), str):
        raise BlueprintInvalid(f"Line {line}: an entry is a mapping with a model.")
    place = f"Line {line}, {raw['model'][:100]}"
    state = raw.get("state", "present")
    if not isinstance(state, Tag) and state not in STATES:
        raise BlueprintInvalid(f"{place}: the state {str(state)[:60]!r} is none of {', '.join(STATES)}.")
    if unknown := set(raw) - ENTRY:
        raise BlueprintInvalid(f"{place}: {min(map(str, unknown))[:60]} is not supported.")
    identifiers, attrs, conditions = raw.get("identifiers"), raw.get("attrs") or {}, raw.get("conditions") or []
    if raw["model"].lower() == ORDER:
        # It makes nothing: what it names stands in its attributes.
        identifiers = identifiers or {"name": ""}
    if not isinstance(identifiers, dict) or not identifiers or not isinstance(attrs, dict):
        raise BlueprintInvalid(f"{place} needs identifiers, and attrs must be a mapping.")
    if not isinstance(conditions, list) or not all(isinstance(name, str) for name in (*identifiers, *attrs)):
        raise BlueprintInvalid(f"{place}: conditions are a list, and the names of fields are texts.")
    return Entry(
        line=line,
        model=raw["model"].lower(),
        state=state,
        identifiers=identifiers,
        attrs=attrs,
        id=None if raw.get("id") is None else str(raw["id"]),
        conditions=conditions,
        left_out=("permissions",) if raw.get("permissions") else (),
    )
