"""Blueprints as they are shown again: a secret that was written is never answered (contract 8.2, 8.3)."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from gatewright.idp.blueprints.file import BlueprintInvalid, compose, read
from gatewright.idp.blueprints.writers import INVITATION

MASK = "********"
BLANK = " \t\r\n\x85\u2028\u2029"
"""What YAML 1.1 counts as space and line ends; other white space is part of a value."""
SECRETS = frozenset({"client_secret", "password", "key"})
LINK_KEYS = frozenset({"pk", "invite_uuid"})
"""What identifies an invitation is in its link."""
NAMES_ALONE = frozenset({"!Env", "!File", "!Context", "!KeyOf"})


class Masked(msgspec.Struct, frozen=True):
    """A blueprint's text and the context that was given beside it, with every secret covered.

    `is_covered`: a secret of the text was covered before, so that its value is not known.
    """

    text: str
    context: dict[str, Any]
    is_covered: bool


def masked(text: str, context: Mapping[str, Any]) -> Masked:
    """Without a text, which values of the context are secrets is not known: all of them are covered."""
    if not text:
        return Masked("", dict.fromkeys(context, MASK), is_covered=False)
    root = compose(text)
    hidden = list(_hidden(root))
    names = {name for node in hidden for name in _context_names(node)}
    hidden += [value for name, value in _pairs(_member(root, "context")) if name in names]
    return Masked(
        text=_covered(text, [node for node in hidden if not _shows_nothing(node)]),
        context={name: MASK if name in names else value for name, value in context.items()},
        is_covered=any(isinstance(node, yaml.ScalarNode) and node.value == MASK for node in hidden),
    )


def restored(given: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """A context that came back as it was shown, with the values that were covered."""
    return {name: stored.get(name, value) if value == MASK else value for name, value in given.items()}


def _hidden(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """The values of secrets in every entry."""
    for entry in _entries(root):
        model = _member(entry, "model")
        is_invitation = isinstance(model, yaml.ScalarNode) and model.value.lower() == INVITATION
        for part in ("identifiers", "attrs"):
            for name, value in _pairs(_member(entry, part)):
                if name in SECRETS or (is_invitation and name in LINK_KEYS):
                    yield value


def _entries(root: yaml.Node | None) -> Iterator[yaml.Node]:
    found = _member(root, "entries")
    sections = [value for _, value in _pairs(found)] if isinstance(found, yaml.MappingNode) else [found]
    for section in sections:
        yield from section.value if isinstance(section, yaml.SequenceNode) else ()


def _pairs(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return [(key.value, value) for key, value in pairs if isinstance(key, yaml.ScalarNode)]


def _member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    return next((value for key, value in reversed(_pairs(node)) if key == name), None)


def _context_names(node: yaml.Node) -> Iterator[str]:
    """The first parts of the names that `!Context` reads in the value."""
    if node.tag == "!Context":
        first = node.value[0] if isinstance(node, yaml.SequenceNode) and node.value else node
        if isinstance(first, yaml.ScalarNode):
            yield first.value
            yield first.value.partition(".")[0]
    for child in node.value if isinstance(node, yaml.SequenceNode) else ():
        yield from _context_names(child)


def _shows_nothing(node: yaml.Node) -> bool:
    """Whether the value is only a name, or nothing."""
    return isinstance(node, yaml.ScalarNode) and (node.tag in NAMES_ALONE or not node.value)


def _covered(text: str, nodes: list[yaml.Node]) -> str:
    """The text without these values; nothing at all where it would not be a blueprint any more."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted((node.start_mark.index, node.end_mark.index) for node in nodes):
        # One value may stand inside another.
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    for start, end in reversed(spans):
        # A block ends where the next line begins.
        kept = start + len(text[start:end].rstrip(BLANK))
        text = f'{text[:start]}"{MASK}"{text[kept:]}'
    try:
        read(text)
    except BlueprintInvalid:
        return ""
    return text
