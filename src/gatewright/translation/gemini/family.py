"""What each generation of Gemini takes, by the model's name.

Source: Gemini API documentation, "Thinking", "Thought signatures" and "Function calling", as of November 2026. A name
that is not known counts as the newest Gemini; one that is none of Gemini's (Gemma, say) as a model that does not think.
"""

import re
from functools import lru_cache
from typing import NamedTuple

EVERY_LEVEL = ("MINIMAL", "LOW", "MEDIUM", "HIGH")
USUAL_LEVELS = EVERY_LEVEL[1:]
PRO, FLASH, LITE = (128, 32_768), (0, 24_576), (512, 24_576)

_NAME = re.compile(r"gemini-(?:(?P<major>\d+)(?:\.(?P<minor>\d+))?)?")
_SILENT = re.compile(r"-(?:image|tts|live|native-audio)(?:-|$)")
_PICTURES = re.compile(r"-image(?:-|$)")
_OTHERS = re.compile(r"^(?:models/)?(?:gemma|learnlm|imagen|veo|text-|embedding)")


class Traits(NamedTuple):
    """`levels` are the values of `thinkingLevel`, least first; empty where thought is asked for by a budget.

    `budgets` are the smallest and the largest `thinkingBudget` in tokens, None where there is none; `pausable`: a
    budget of 0 switches thought off. `signed`: a call of a tool must come back with its signature. `matched`: calls and
    results of tools have ids; to older models Google refuses requests with them. `rich_results`: the result of a tool
    may hold images.
    """

    levels: tuple[str, ...] = ()
    budgets: tuple[int, int] | None = None
    pausable: bool = False
    signed: bool = False
    matched: bool = False
    rich_results: bool = False

    @property
    def thinks(self) -> bool:
        return bool(self.levels or self.budgets)


@lru_cache(maxsize=1024)
def traits(model: str) -> Traits:
    """What may be asked of that model."""
    name = model.lower()
    if _OTHERS.match(name):
        return Traits()
    found = _NAME.search(name)
    if found is None or not found["major"]:
        return _by_level(name, (99, 0))
    version = (int(found["major"]), int(found["minor"] or 0))
    return _by_level(name, version) if version >= (3, 0) else _by_budget(name, version)


def _by_level(name: str, version: tuple[int, int]) -> Traits:
    levels: tuple[str, ...] = USUAL_LEVELS
    if _PICTURES.search(name):
        levels = ("MINIMAL", "HIGH") if "flash" in name else ("LOW", "HIGH")
    elif "pro" in name:
        levels = ("LOW", "HIGH") if version == (3, 0) else USUAL_LEVELS
    elif "flash" in name and version < (3, 7):
        levels = EVERY_LEVEL
    return Traits(levels=levels, signed=True, matched=True, rich_results=True)


def _by_budget(name: str, version: tuple[int, int]) -> Traits:
    if version < (2, 5) or _SILENT.search(name):
        return Traits()
    if "pro" in name:
        return Traits(budgets=PRO)
    return Traits(budgets=LITE if "lite" in name else FLASH, pausable=True)
