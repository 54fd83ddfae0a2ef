"""What a person or a script sees: results on stdout, everything else on stderr, tables and colour on a terminal only.

Standard library only: `gatewright token` imports this before click.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from gatewright.cli import profile
from gatewright.cli.errors import CommandError

_RED, _YELLOW, _BOLD, _DIM = "31", "33", "1", "2"


def clean(text: object) -> str:
    """`text` without control characters: what a server sends must not drive the terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def line(text: str = "", *, to: TextIO | None = None) -> None:
    """Write one line at once, so that a reader on a pipe sees it while the command goes on."""
    print(text, file=to or sys.stdout, flush=True)


def as_json(value: Any) -> None:
    """Write `value` as indented JSON to stdout. JSON escapes control characters, so it is safe as it is."""
    line(json.dumps(value, indent=2, ensure_ascii=False))


def error(failure: CommandError) -> None:
    """`error: …`, `hint: …` and `reference: …` on stderr, a line each."""
    line(f"{_paint('error:', _RED, sys.stderr)} {clean(failure.message)}", to=sys.stderr)
    if failure.hint:
        line(f"{_paint('hint:', _BOLD, sys.stderr)} {clean(failure.hint)}", to=sys.stderr)
    if failure.reference:
        line(f"{_paint('reference:', _DIM, sys.stderr)} {clean(failure.reference)}", to=sys.stderr)


def warning(text: str) -> None:
    """`warning: …` on stderr."""
    line(f"{_paint('warning:', _YELLOW, sys.stderr)} {clean(text)}", to=sys.stderr)


def note(text: str) -> None:
    """A remark on stderr that is neither a warning nor part of the result."""
    line(clean(text), to=sys.stderr)


def is_terminal() -> bool:
    """Whether a person reads stdout; if not, results are plain lines."""
    return sys.stdout.isatty()


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """An aligned table under bold headers, on stdout. Cells are cleaned."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(headers), *cells]) for i in range(len(headers))]
    line(_paint(_row(headers, widths), _BOLD, sys.stdout))
    for row in cells:
        line(_row(row, widths))


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _paint(text: str, code: str, stream: TextIO) -> str:
    if not stream.isatty() or profile.colour_refused():
        return text
    return f"\x1b[{code}m{text}\x1b[0m"
