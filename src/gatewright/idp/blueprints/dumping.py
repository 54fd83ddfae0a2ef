"""Write a blueprint: YAML with Authentik's tags, the same text for the same objects."""

from collections.abc import Sequence
from typing import Any

import yaml

from gatewright.idp.blueprints.file import Tag

WIDTH = 120
ODD_LINE_ENDS = frozenset("\r\x85\u2028\u2029")


class _Dumper(yaml.SafeDumper):
    """SafeDumper, with tags, no anchors, and texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - as above
        """Items of a list stand further in than the list's name."""
        super().increase_indent(flow, False)


def _tag(dumper: _Dumper, tag: Tag) -> yaml.Node:
    if len(tag.arguments) == 1 and isinstance(tag.arguments[0], str):
        return dumper.represent_scalar(f"!{tag.name}", tag.arguments[0])
    return dumper.represent_sequence(f"!{tag.name}", tag.arguments, flow_style=True)


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    """The library leaves line ends of other alphabets as they are, and reads them as spaces: those are escaped."""
    style = '"' if ODD_LINE_ENDS.intersection(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(Tag, _tag)
_Dumper.add_representer(str, _text)


def tag(name: str, *arguments: Any) -> Tag:
    """A tag to be written."""
    return Tag(name, list(arguments), 0)


def dump(document: dict[str, Any], comment: Sequence[str]) -> str:
    """The document's text, with lines of comment before it."""
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment)
    body: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return head + body
