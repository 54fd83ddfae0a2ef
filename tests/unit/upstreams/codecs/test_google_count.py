"""Counting tokens at Google for clients that speak Anthropic's dialect; Google's library judges what is counted."""

import json
from typing import Any

import msgspec
import pytest
from anthropic.types import MessageTokensCount
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from tests.servers import Upstream, send_json
from tests.unit.translation.gemini.judge import plain, typed

from gatewright.domain.errors import BadInput
from gatewright.upstreams.codecs.google_count import CountTokens

ASK: dict[str, Any] = {
    "model": "public",
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Hi"}],
    "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
}


def sent(codec: CountTokens, body: dict[str, Any], dropped: list[str] | None = None) -> dict[str, Any]:
    members = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    found: dict[str, Any] = json.loads(codec.request(members, "models/gemini-2.5-flash", dropped))
    return found


def test_the_gemini_api_counts_the_request_that_it_would_get() -> None:
    dropped: list[str] = []
    found = sent(CountTokens(), ASK, dropped)
    assert found.keys() == {"generateContentRequest"}
    request = found["generateContentRequest"]
    assert request.pop("model") == "models/gemini-2.5-flash"
    typed(request)
    assert request["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert request["tools"][0]["functionDeclarations"][0]["name"] == "f"
    assert len(dropped) == 1


def test_vertex_counts_what_its_library_lets_it_count() -> None:
    upstream = Upstream()
    upstream.answer = lambda handler, _body: send_json(handler, 200, {"totalTokens": 31})
    library = genai.Client(
        vertexai=True,
        project="p",
        location="us-east5",
        credentials=Credentials(token="t"),  # type: ignore[no-untyped-call]  # the library has no types
        http_options=types.HttpOptions(base_url=upstream.base.removesuffix("/v1")),
    )
    ours = sent(CountTokens(on_vertex=True), ASK)
    contents, config = typed(ours)
    tools = [types.Tool.model_validate(tool) for tool in ours["tools"]]
    counting = types.CountTokensConfig(system_instruction=config.system_instruction, tools=tools)
    counted = library.models.count_tokens(model="gemini-2.5-flash", contents=list(contents), config=counting)
    upstream.close()
    assert counted.total_tokens == 31
    assert plain(upstream.requests[0]) == ours


def test_the_answer_is_anthropics() -> None:
    body, usage = CountTokens().answer(b'{"totalTokens":31,"promptTokensDetails":[]}', {}, "m")
    assert MessageTokensCount.model_validate_json(body, strict=True).input_tokens == 31
    assert usage is None


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"totalTokens":-1}', b'{"totalTokens":"9"}'])
def test_what_is_no_count_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        CountTokens().answer(body, {}, "m")


def test_a_wrong_request_names_its_member() -> None:
    with pytest.raises(BadInput) as caught:
        sent(CountTokens(), {**ASK, "messages": "Hi"})
    assert caught.value.param == "messages"


def test_an_error_is_googles() -> None:
    assert CountTokens().error(b'{"error":{"code":404,"message":"Gone.","status":"NOT_FOUND"}}').message == "Gone."
