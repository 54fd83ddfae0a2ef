"""What a caller may not ask for at an address that hands requests on to other models: one that nobody judged.

A key is held to the models that it may use by the name that it asks for; fallbacks, presets and helpers that the
provider knows by other names would go round it. Source: OpenRouter's documentation, "Model fallbacks", "Presets",
"Plugins", "Server tools"; Vercel's, "AI Gateway: model fallbacks"; Anthropic API reference, "Fallbacks".
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput

CHOOSERS = frozenset({"models", "fallbacks", "fallback_models", "preset", "providerOptions"})
"""Members of a body by which one provider or another takes a further model."""

LISTS = {
    "tools": ("type", frozenset({"openrouter:web_search", "openrouter:web_fetch", "openrouter:datetime"})),
    "plugins": ("id", frozenset({"web", "file-parser", "response-healing", "moderation", "context-compression"})),
}
"""Members that list helpers: how one is called, and those that ask no model of the caller's choice. Of tools only
OpenRouter's own are looked at."""

_LISTING = frozenset(LISTS)
_OPENROUTERS = "openrouter:"


class _Helper(msgspec.Struct):
    type: Any = None
    id: Any = None


_decode = msgspec.json.Decoder(list[_Helper]).decode


def check_members(members: Mapping[str, msgspec.Raw], choosers: frozenset[str]) -> None:
    """Raises BadInput naming the member by which another model would be chosen. `choosers` empty: none would."""
    if not choosers:
        return
    check_names(members, choosers)
    if _LISTING.isdisjoint(members):
        return
    for member, (called, harmless) in LISTS.items():
        raw = members.get(member)
        if raw is None or (member == "tools" and not _may_be_openrouters(bytes(raw))):
            continue
        for name in _names(raw, called):
            if name not in harmless and (member != "tools" or str(name).startswith(_OPENROUTERS)):
                raise _chooses(member, f"`{member}` may not hold `{str(name)[:60]}`: it asks other models.")


def check_names(names: Collection[str], choosers: frozenset[str]) -> None:
    """Raises BadInput for one of these names that is among them."""
    if not choosers.isdisjoint(names):
        name = min(choosers.intersection(names))
        raise _chooses(name, f"`{name}` may not be set by a request: it would go round what this key may use.")


def _may_be_openrouters(raw: bytes) -> bool:
    return b"openrouter:" in raw or b"\\u" in raw or b"\\/" in raw


def _names(raw: msgspec.Raw, called: str) -> list[Any]:
    try:
        return [getattr(one, called) for one in _decode(raw)]
    except (ValueError, RecursionError):
        return [None]


def _chooses(param: str, message: str) -> BadInput:
    return BadInput(
        message,
        param=param,
        hint="Name other models in `fallbacks`: those that this API key may use are asked. An administrator may set "
        "it in the model's litellm_params.",
    )
