"""What each generation of Claude takes, by the model's name, whoever serves it.

Source: Anthropic's documentation, "Models overview", "Thinking", "Effort", "Structured outputs", "Mid-conversation
system messages" and the migration guides, as of November 2026. A name that is not known counts as the newest Claude,
one that is none of Claude's as a server that speaks Anthropic's API as it was in 2025.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Thinking(StrEnum):
    """How thought is asked for."""

    NEVER = "never"
    BUDGET = "budget"
    """`thinking` with `budget_tokens`."""
    ADAPTIVE = "adaptive"
    """`thinking: adaptive`, and how much by `output_config.effort`."""


class Traits(NamedTuple):
    """`max_output` in tokens is what is asked for when nobody says, and every model of that generation takes it.

    `pausable`: thought can be switched off with `thinking: disabled`; None where it is off unless asked for. `xhigh`:
    that effort is there. `samples`: temperature, top_p and top_k may be set, and `blends` the first two together.
    `hides`: thought comes without its text unless `display` asks for it. `structured`: answers and tool calls can be
    held to a schema. `instructed`: system messages may stand among the
    others.
    """

    max_output: int
    thinking: Thinking
    pausable: bool | None = None
    xhigh: bool = False
    samples: bool = True
    blends: bool = False
    hides: bool = False
    structured: bool = True
    instructed: bool = False


_NEWEST = (99, 0)
_NAME = re.compile(
    r"claude-(?:"
    r"(?P<old>\d)(?:[-.](?P<old_minor>\d))?(?:-(?P<old_family>[a-z]+))?"
    r"|(?P<family>[a-z]+)(?:-(?P<major>\d{1,2})(?!\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?)?"
    r")"
)
_FOREIGN = Traits(8_192, Thinking.BUDGET, blends=True)


@lru_cache(maxsize=1024)
def traits(model: str) -> Traits:
    """What may be asked of that model. Bedrock's and Vertex's names of it are understood too."""
    found = _NAME.search(model.lower())
    if found is None:
        return _FOREIGN
    family = found["old_family"] or found["family"] or ""
    if found["old"]:
        return _of(family, (int(found["old"]), int(found["old_minor"] or 0)))
    if family == "instant":
        return _of(family, (1, 0))
    return _of(family, (int(found["major"]), int(found["minor"] or 0)) if found["major"] else _NEWEST)


def _of(family: str, version: tuple[int, int]) -> Traits:
    if version < (4, 6):
        return _before_adaptive(family, version)
    if version < (4, 7):
        return Traits(64_000, Thinking.ADAPTIVE)
    return Traits(
        64_000,
        Thinking.ADAPTIVE,
        pausable=None if version < (5, 0) else version == (5, 0) and family in ("opus", "sonnet"),
        xhigh=True,
        samples=False,
        hides=True,
        instructed=version >= (4, 8) and (family, version) != ("sonnet", (5, 0)),
    )


def _before_adaptive(family: str, version: tuple[int, int]) -> Traits:
    if version < (3, 5):
        return Traits(4_096, Thinking.NEVER, blends=True, structured=False)
    if version < (3, 7):
        return Traits(8_192, Thinking.NEVER, blends=True, structured=False)
    if version < (4, 5):
        newer = version >= (4, 1)
        most = 32_000 if family == "opus" else 64_000
        return Traits(most, Thinking.BUDGET, blends=not newer, structured=newer)
    return Traits(64_000, Thinking.BUDGET)
