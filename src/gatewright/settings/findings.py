"""What people should know of their configuration: keys without effect, doubts, and what stops the start."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

import msgspec

Kind = Literal["absent", "unknown", "doubt"]
"""`absent`: LiteLLM has it and this version does not; `unknown`: nobody has it; `doubt`: valid, probably not meant."""

SIMILAR = 0.7
"""Below it two names have too little in common for one to be a slip of the pen."""


class Finding(msgspec.Struct, frozen=True):
    """A warning. `name` is the key or the variable, `text` the whole sentence without its end, `source` where it is."""

    kind: Kind
    name: str
    text: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.source}: {self.text}" if self.source else self.text


class Wrong(ValueError):
    """A value that cannot be used: the problem and, after ` | `, the fix. `at` is where inside the value it is."""

    def __init__(self, text: str, at: str = "") -> None:
        super().__init__(text)
        self.at = at


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name that is closest to a wrong one, None when none is close."""
    by_folded = {_folded(one): one for one in known}
    close = get_close_matches(_folded(name), by_folded, n=1, cutoff=SIMILAR)
    return by_folded[close[0]] if close else None


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")
