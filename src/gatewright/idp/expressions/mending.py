"""Mend an expression that lost its shape on the way from a web page: indentation, quotation marks, spaces, tabs.

What comes out is an offer: it parses, and somebody looks at it before it is saved.
"""

import re
import textwrap

from gatewright.idp.expressions.reading import INDENT, Failure, parse

LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\uff07\u00b4", "'"),
        **dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000", " "),
        **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", None),
        **dict.fromkeys("\u2028\u2029\x0b\x0c\x85", "\n"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        "\uff08": "(",
        "\uff09": ")",
        "\uff1a": ":",
        "\uff0c": ",",
    }
)
FENCE = re.compile(r"\s*(```|~~~)")
OPENS = re.compile(r"(if|elif|else|for|while|try|except|finally|with|def|match|case)\b")
FOLLOWS = {
    "elif": ("if", "elif"),
    "else": ("if", "elif", "for", "while", "except", "try"),
    "except": ("try", "except"),
    "finally": ("try", "except", "else"),
    "case": ("match", "case"),
}
"""Which open block a clause goes on with."""


def mend(text: str) -> str | None:
    """The mended text, None when nothing helps or nothing is broken."""
    if not isinstance(parse(text), Failure):
        return None
    for steps in (
        (plain,),
        (plain, untabbed),
        (plain, narrow),
        (plain, untabbed, aligned),
        (plain, untabbed, indented),
    ):
        made = text
        for step in steps:
            made = step(made)
        if made.strip() and not isinstance(parse(made), Failure):
            return made
    return None


def plain(text: str) -> str:
    """Without the characters that only look like Python's, without a Markdown fence around it."""
    lines = text.translate(LOOKALIKES).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = [line.rstrip() for line in lines if FENCE.match(line) is None]
    return textwrap.dedent("\n".join(kept).strip("\n")) + "\n"


def untabbed(text: str) -> str:
    """A tab is eight columns, as old editors had it."""
    return textwrap.dedent(text.expandtabs(8))


def narrow(text: str) -> str:
    """A tab is one step."""
    return textwrap.dedent(text.expandtabs(len(INDENT)))


def aligned(text: str) -> str:
    """The first line was copied from its first letter on, the others with their margin."""
    first, _, rest = text.partition("\n")
    if not any(line.startswith(" ") for line in rest.split("\n")):
        return text
    return f"{first.lstrip()}\n{_against(first, textwrap.dedent(rest))}"


def _against(first: str, rest: str) -> str:
    return textwrap.indent(rest, INDENT) if first.rstrip().endswith(":") and not OPENS.match(rest) else rest


def indented(text: str) -> str:
    """Indents anew by what the lines say. A block has one statement, a function those up to its return."""
    made: list[str] = []
    # The keywords of the blocks that are open, outermost first.
    blocks: list[str] = []
    last = ""
    for line in statements(text):
        word = line.partition(" ")[0].rstrip(":")
        if word in FOLLOWS and any(block in FOLLOWS[word] for block in blocks):
            _go_on(blocks, word)
        elif not opens(last):
            _leave(blocks, last)
        made += [f"{INDENT * len(blocks)}{part}" for part in line.split("\n")]
        if opens(line):
            blocks.append(word)
        last = line
    return "\n".join(made) + "\n"


def opens(line: str) -> bool:
    """Whether a block begins behind this statement."""
    return line.rstrip().endswith(":") and OPENS.match(line) is not None


def _go_on(blocks: list[str], word: str) -> None:
    """Closes what stands between a clause and the block that it goes on with."""
    while blocks[-1] not in FOLLOWS[word]:
        blocks.pop()
    if blocks[-1] != "match":
        blocks.pop()


def _leave(blocks: list[str], last: str) -> None:
    """The last statement was its block's own: what comes now stands outside, but for a function that did not return."""
    inside = blocks.index("def") + 1 if "def" in blocks else 0
    returned = last.startswith("return") and len(blocks) == inside
    del blocks[0 if returned else inside :]


def statements(text: str) -> list[str]:
    """The logical lines without their margins: one with an open bracket or a backslash goes on in the next."""
    found: list[str] = []
    open_line = ""
    for line in text.split("\n"):
        bare = line.strip()
        if not bare or (bare.startswith("#") and not open_line):
            continue
        open_line = f"{open_line}\n{INDENT}{bare}" if open_line else bare
        if depth(open_line) <= 0 and not bare.endswith("\\"):
            found.append(open_line)
            open_line = ""
    return [*found, open_line] if open_line else found


def depth(text: str) -> int:
    """How many brackets are open at the end, strings and comments passed over."""
    bare = re.sub(r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|#[^\n]*", "", text)
    return sum(bare.count(char) for char in "([{") - sum(bare.count(char) for char in ")]}")
