"""What a deployment asks for where its callers say nothing, for providers with names of their own.

An entry of the config file writes a model's options by OpenAI's names. Where the provider has others, they are read as
a request is, and stand behind the caller's own.
"""

from collections.abc import Mapping

import msgspec

from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Request
from gatewright.translation.registry import client_half

_NOTHING = msgspec.Raw(b"[]")
_EMPTY = Request(messages=())


def presets_of(defaults: Mapping[str, object]) -> Request | None:
    """Raises BadInput naming the member that is wrong."""
    if not defaults:
        return None
    members = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in defaults.items()}
    return client_half(Dialect.CHAT).read({**members, "messages": _NOTHING})


def preset(request: Request, presets: Request) -> Request:
    """The request with what it says nothing of."""
    said = {*request.asked_as, *(name for name in presets.asked_as if getattr(request, name) != getattr(_EMPTY, name))}
    missing = {name: asked for name, asked in presets.asked_as.items() if name not in said}
    return msgspec.structs.replace(
        request,
        **{name: getattr(presets, name) for name in missing},
        asked_as={**missing, **request.asked_as},
        unknown={**presets.unknown, **request.unknown},
        hints=request.hints | presets.hints,
        because={**presets.because, **request.because},
    )
