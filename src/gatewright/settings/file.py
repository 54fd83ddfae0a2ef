"""config.yaml and the files that it includes, as one mapping that remembers where each key stood.

Source: LiteLLM's `include` (contract litellm 4.9): lists are put behind one another, every other key of an included
file replaces the one before. Unlike there, a file that includes itself stops the start.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.findings import Finding

INCLUDE = "include"
DEEPEST = 40
"""Levels of one file: no configuration has as many, and every walk of it can then recurse."""
MOST = 100_000
"""Keys of one file, those behind its aliases counted each time: a few lines of YAML can stand for billions."""


class Place(NamedTuple):
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file} line {self.line}"


class ConfigFile:
    """`content` is everything; `findings` are what was wrong with it and not fatal."""

    def __init__(self, name: str = "config.yaml") -> None:
        self.name = name
        self.files: list[str] = []
        self.content: dict[str, Any] = {}
        self.places: dict[str, Place] = {}
        self.findings: list[Finding] = []

    def source(self, name: str) -> str:
        """Where a key stands in words (`config.yaml line 7`): its own place, else that of what it is in."""
        while name and name not in self.places:
            name = _outer(name)
        return str(self.places[name]) if name else self.name

    def order(self, name: str) -> tuple[int, int]:
        """For sorting: the files in the order in which they were read, and the line; 0 for what stands nowhere."""
        while name and name not in self.places:
            name = _outer(name)
        place = self.places.get(name)
        return (self.files.index(place.file), place.line) if place else (0, 0)

    def line(self, name: str) -> int | None:
        """The line of a key, None when it stands nowhere."""
        return self.places[name].line if name in self.places else None


def read_config(path: Path) -> ConfigFile:
    """The file with its includes. Raises SettingInvalid naming the file, and the line where it is not YAML."""
    found = ConfigFile(path.name)
    waiting = [(path, "--config", (path.resolve(),))]
    read: set[Path] = set()
    while waiting:
        one, said_by, chain = waiting.pop(0)
        if one.resolve() in read:
            continue
        read.add(one.resolve())
        content, places, findings = _read_one(one, said_by)
        includes = list(_includes(content, one, chain))
        _merge(found, content, places, one.name)
        found.files.append(one.name)
        found.findings += findings
        waiting += includes
    return found


def _includes(content: dict[str, Any], path: Path, chain: tuple[Path, ...]) -> Iterator[tuple[Path, str, Any]]:
    given = content.pop(INCLUDE, None) or []
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        raise _invalid(INCLUDE, path.name, "it is not a list of file names", "Write `include: [models.yaml]`")
    for one in given:
        included = path.parent / one
        if included.resolve() in chain:
            raise _invalid(INCLUDE, path.name, f"{one} includes itself in the end", "Take it out of one of the files")
        yield included, f"{INCLUDE} in {path.name}", (*chain, included.resolve())


def _merge(found: ConfigFile, content: dict[str, Any], places: dict[str, Place], file: str) -> None:
    for key, value in content.items():
        before, shift = found.content.get(key), 0
        if isinstance(before, list) and isinstance(value, list):
            shift = len(before)
            found.content[key] = [*before, *value]
        else:
            if before is not None:
                text = f"{key} of {file} takes the place of the one in {found.source(key)}"
                found.findings.append(Finding("doubt", key, text, str(places.get(key, file))))
                for name in [name for name in found.places if _is_in(name, key)]:
                    del found.places[name]
            found.content[key] = value
        for name, place in places.items():
            if _is_in(name, key):
                found.places.setdefault(_shifted(name, key, shift), place)


def _is_in(name: str, key: str) -> bool:
    return name == key or name.startswith((f"{key}.", f"{key}["))


def _outer(name: str) -> str:
    """What a key is in: `a.b` for `a.b[2]`."""
    return name[: max(name.rfind("."), name.rfind("["), 0)]


def _shifted(name: str, key: str, shift: int) -> str:
    """`model_list[0].x` as `model_list[3].x` when three entries come before."""
    if not shift or not name.startswith(f"{key}["):
        return name
    index, _, rest = name[len(key) + 1 :].partition("]")
    return f"{key}[{int(index) + shift}]{rest}"


def _read_one(path: Path, said_by: str) -> tuple[dict[str, Any], dict[str, Place], list[Finding]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _invalid(
            said_by,
            path.name,
            f"the file cannot be read ({error.strerror})",
            "Give the path of a readable file, seen from the file that includes it"
            if said_by.startswith(INCLUDE)
            else "Give the path of a readable file",
        ) from error
    except UnicodeDecodeError as error:
        raise _invalid(said_by, path.name, "it is not UTF-8 text", "Save it as UTF-8") from error
    walk = _Walk(path.name, {}, [])
    try:
        content = _parsed(text, walk)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise _invalid(said_by, path.name, f"it is not YAML{where}", "Mend the file there") from error
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise _invalid(said_by, path.name, "it is not a mapping", "Start it with a section such as model_list:")
    return {str(key): value for key, value in content.items()}, walk.places, walk.findings


def _parsed(text: str, walk: "_Walk") -> Any:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _walk(node, "", walk)
        return loader.construct_document(node)
    finally:
        loader.dispose()


class _Walk(NamedTuple):
    file: str
    places: dict[str, Place]
    findings: list[Finding]


def _walk(node: yaml.Node, name: str, walk: _Walk, depth: int = 0) -> None:
    """Notes where each key and entry stands, and keys that stand twice: YAML's reader keeps the last in silence."""
    if depth > DEEPEST or len(walk.places) > MOST:
        raise yaml.MarkedYAMLError(problem="too deep or too large", problem_mark=node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            walk.places[f"{name}[{index}]"] = Place(walk.file, item.start_mark.line + 1)
            _walk(item, f"{name}[{index}]", walk, depth + 1)
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            inner = f"{name}.{key.value}" if name else str(key.value)
            place = Place(walk.file, key.start_mark.line + 1)
            if inner in seen and key.value != "<<":
                text = f"{inner} stands there twice; the last one counts"
                walk.findings.append(Finding("doubt", inner, text, str(place)))
            seen.add(inner)
            walk.places[inner] = place
            _walk(value, inner, walk, depth + 1)


def _invalid(name: str, source: str, problem: str, fix: str) -> SettingInvalid:
    return SettingInvalid(name, source=source, problem=problem, fix=fix)
