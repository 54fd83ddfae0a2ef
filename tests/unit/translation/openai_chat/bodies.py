"""From a body of a client to the model, and on to a provider of the same dialect."""

import json
from typing import Any

import msgspec

from gatewright.translation.carriage import Carriage
from gatewright.translation.model import Request
from gatewright.translation.openai_chat.client import CLIENT
from gatewright.translation.openai_chat.provider import PROVIDER

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]
TOOLS: list[dict[str, Any]] = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


def read(**members: Any) -> Request:
    """A request of these members; `messages` is a greeting unless it is given."""
    return CLIENT.read(_decode(json.dumps({"model": "m", "messages": HELLO, **members}).encode()))


def sent(
    request: Request, *, provider: str = "openai", model: str = "gpt-4o", drop: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """The body for a provider, and what was left out of it."""
    carriage = Carriage(request, drop=drop, where="OpenAI's chat API", provider=provider)
    body = PROVIDER.write(request, model, carriage)
    return json.loads(_encode(body)), carriage.dropped
