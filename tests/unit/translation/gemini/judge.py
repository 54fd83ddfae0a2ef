"""Google's own library as the judge of what we send and of what our pretended Google answers.

What we send is read into its strict types and sent by it once more: the library's request must say the same as ours.
"""

import re
from typing import Any

import msgspec
from google import genai
from google.genai import types
from tests.servers import Upstream, send_json

from gatewright.translation.carriage import Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.gemini.provider import PROVIDER
from gatewright.translation.model import Message, Request, Role, Text
from gatewright.translation.registry import client_half

VERBATIM = ("args", "response", "parametersJsonSchema", "responseJsonSchema")
"""What belongs to the caller: names in it are not Google's."""

EMPTY = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}


def asks(text: str = "Hi", **members: Any) -> Request:
    """A request that says `text`; of each member that is given it says that the caller set it."""
    messages = members.pop("messages", (Message(Role.USER, (Text(text=text),)),))
    asked_as = {name: name for name in members if name not in ("system", "unknown", "hints", "stream")}
    return Request(messages=messages, asked_as=asked_as, **members)


def chat(**body: Any) -> Request:
    """An OpenAI chat completion request."""
    body.setdefault("messages", [{"role": "user", "content": "Hi"}])
    return client_half(Dialect.CHAT).read(
        {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in body.items()}
    )


def written(
    request: Request, model: str = "gemini-3-flash-preview", *, drop: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """The body as Google gets it, and what was left out on the way."""
    carriage = Carriage(request, drop=drop, where="Google's API", provider="gemini", files=("gs://bucket/",))
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(PROVIDER.write(request, model, carriage)))
    return body, carriage.dropped


def typed(body: dict[str, Any]) -> tuple[list[types.Content], types.GenerateContentConfig]:
    """The body in the library's types, which forbid what they do not know."""
    rest = {name: value for name, value in body.items() if name not in ("contents", "generationConfig")}
    config = types.GenerateContentConfig.model_validate({**body.get("generationConfig", {}), **rest})
    return [types.Content.model_validate(content) for content in body["contents"]], config


class Google:
    """A pretended Google, asked by the real library."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.answer: Any = EMPTY
        upstream.answer = lambda handler, _body: send_json(handler, 200, self.answer)
        base = upstream.base.removesuffix("/v1")
        self.client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=base, api_version="v1beta"))

    def sends(self, body: dict[str, Any]) -> dict[str, Any]:
        """What the library sends for what `body` says."""
        contents, config = typed(body)
        self.client.models.generate_content(model="gemini-x", contents=list(contents), config=config)
        found: dict[str, Any] = plain(self.upstream.requests[-1])
        if not found.get("generationConfig"):
            found.pop("generationConfig", None)  # the library sends it empty
        return found

    def reads(self, answer: dict[str, Any]) -> types.GenerateContentResponse:
        """What the library makes of an answer."""
        types.GenerateContentResponse.model_validate(answer)
        self.answer = answer
        return self.client.models.generate_content(model="gemini-x", contents="Hi")


def plain(value: Any) -> Any:
    """Names in camel case, as Google's reference has them; the library writes some with underscores."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    named = {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): one for name, one in value.items()}
    return {name: one if name in VERBATIM else plain(one) for name, one in named.items()}
