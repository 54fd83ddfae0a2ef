"""Public model names with `*` in them: what they match, and what a provider's name becomes (contract litellm 4.9).

Matching takes time in proportion to the name, whatever the pattern: people write patterns into keys.
"""

import re
from collections.abc import Iterable

ANY = "*"
MARKS = "*+?\\^$|()"

OWNERS = (
    ("claude-", "anthropic"),
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("text-embedding-", "openai"),
    ("omni-moderation-", "openai"),
    ("dall-e-", "openai"),
    ("whisper-", "openai"),
    ("tts-", "openai"),
    ("gemini-", "gemini"),
    ("mistral-", "mistral"),
    ("codestral-", "mistral"),
    ("command-", "cohere"),
    ("deepseek-", "deepseek"),
    ("grok-", "xai"),
)
"""How the names of a provider's own models begin: a pattern for the provider serves such a name too."""


def is_pattern(name: str) -> bool:
    """Whether the name stands for many."""
    return ANY in name


def specificity(pattern: str) -> tuple[int, int]:
    """The higher, the earlier a pattern is tried. LiteLLM measures the length of its regular expression, so do we."""
    regex = re.escape(pattern).replace(r"\*", "(.*)")
    return len(regex), sum(regex.count(mark) for mark in MARKS)


def match(pattern: str, name: str) -> tuple[str, ...] | None:
    """What each `*` of `pattern` stands for in `name`; None when it does not match as a whole.

    A `*` but the last takes as little as it can.
    """
    first, *middle = pattern.split(ANY)
    if not middle:
        return () if pattern == name else None
    last = middle.pop()
    end = len(name) - len(last)
    if not name.startswith(first) or not name.endswith(last) or end < len(first):
        return None
    found: list[str] = []
    at = len(first)
    for piece in middle:
        where = name.find(piece, at, end)
        if where < 0:
            return None
        found.append(name[at:where])
        at = where + len(piece)
    found.append(name[at:end])
    return tuple(found)


def fill(model: str, asked: str, found: tuple[str, ...]) -> str:
    """The provider's name of the model `asked`: each `*` of `model` becomes what was `found` for it.

    With fewer places than findings it is the name that was asked for, as LiteLLM has it.
    """
    if ANY not in model:
        return model
    if len(found) > model.count(ANY):
        return asked
    pieces = model.split(ANY)
    filled = [*found, *(ANY for _ in range(len(pieces) - 1 - len(found)))]
    return pieces[0] + "".join(part + piece for part, piece in zip(filled, pieces[1:], strict=True))


def spellings(name: str) -> tuple[str, ...]:
    """The name, and with its provider in front where the name itself tells who that is: `openai/gpt-5`."""
    if "/" in name:
        return (name,)
    return (name, *(f"{provider}/{name}" for start, provider in OWNERS if name.startswith(start)))


def covers(allowed: Iterable[str], name: str) -> bool:
    """Whether one of the patterns among `allowed` matches that name."""
    return any(ANY in one and match(one, name) is not None for one in allowed)
