"""Requests as Anthropic's clients write them."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.errors import BadInput
from gatewright.translation.anthropic_messages.client import CLIENT
from gatewright.translation.model import (
    Citation,
    Format,
    Media,
    Message,
    Reasoning,
    ReasoningAsk,
    Request,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

HELLO = [{"role": "user", "content": "Hello"}]


def members(body: Any) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(json.dumps(body).encode(), type=dict[str, msgspec.Raw])


def read(**body: Any) -> Request:
    return CLIENT.read(members({"model": "m", "max_tokens": 100, "messages": HELLO, **body}))


def parts(*blocks: dict[str, Any], role: str = "user") -> tuple[Any, ...]:
    request = read(messages=[{"role": role, "content": list(blocks)}])
    return request.messages[0].parts if request.messages else ()


def test_a_plain_question() -> None:
    request = read(system="Be brief.", temperature=0.5, top_p=0.9, top_k=5, stop_sequences=["X"], stream=True)
    assert request.messages == (Message(Role.USER, (Text(text="Hello"),)),)
    assert request.system == (Text(text="Be brief."),)
    assert (request.max_tokens, request.temperature, request.top_p, request.top_k) == (100, 0.5, 0.9, 5)
    assert request.stop == ("X",)
    assert request.stream
    assert request.include_usage
    assert request.asked_as["stop"] == "stop_sequences"
    assert not request.unknown


def test_a_conversation_with_tools() -> None:
    request = read(
        messages=[
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                    {"type": "redacted_thinking", "data": "ZGF0YQ=="},
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"n": 9007199254740993}},
                    {"type": "tool_use", "id": "toolu_2", "name": "time", "input": {}, "caller": {"type": "direct"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_2",
                        "is_error": True,
                        "content": [
                            {"type": "text", "text": "no clock"},
                            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                        ],
                        "cache_control": {"type": "ephemeral", "ttl": "1h"},
                    },
                    {"type": "text", "text": "Go on."},
                ],
            },
        ],
    )
    assert request.messages[1] == Message(
        Role.ASSISTANT,
        (
            Reasoning(text="hm", signature="c2ln", origin="anthropic_messages"),
            Reasoning(redacted="ZGF0YQ==", origin="anthropic_messages"),
            Text(text="Let me see."),
            ToolCall(id="toolu_1", name="weather", arguments='{"n": 9007199254740993}'),
            ToolCall(id="toolu_2", name="time", arguments="{}"),
        ),
    )
    assert request.messages[2] == Message(
        Role.USER,
        (
            ToolResult(call_id="toolu_1", parts=(Text(text="sunny"),), name="weather"),
            ToolResult(
                call_id="toolu_2",
                parts=(Text(text="no clock"), Media(kind="image", url="https://example.com/a.png")),
                is_error=True,
                name="time",
                cache="1h",
            ),
            Text(text="Go on."),
        ),
    )


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            Media(kind="image", media_type="image/png", data="AAAA"),
        ),
        (
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            Media(kind="image", file_id="file_1"),
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                "title": "Report",
                "context": "of last year",
                "citations": {"enabled": True},
                "cache_control": {"type": "ephemeral"},
            },
            Media(
                kind="file",
                media_type="application/pdf",
                data="JVBERi0=",
                name="Report",
                context="of last year",
                cite=True,
                cache="5m",
            ),
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
            Media(kind="file", media_type="application/pdf", url="https://example.com/a.pdf"),
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
            Media(kind="file", media_type="text/plain", text="words"),
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}},
            Media(kind="file", media_type="text/plain", text="a"),
        ),
        (
            {
                "type": "search_result",
                "source": "https://example.com",
                "title": "Example",
                "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                "citations": {"enabled": False},
            },
            Media(
                kind="file",
                media_type="text/plain",
                text="a\nb",
                name="Example",
                context="https://example.com",
                cite=False,
            ),
        ),
        (
            {
                "type": "text",
                "text": "so it is",
                "citations": [{"type": "char_location", "cited_text": "it is", "document_title": "T", "x": 1}],
            },
            Text(
                text="so it is",
                citations=(
                    Citation(
                        title="T",
                        quote="it is",
                        raw={"type": "char_location", "cited_text": "it is", "document_title": "T", "x": 1},
                    ),
                ),
            ),
        ),
    ],
)
def test_a_block(block: dict[str, Any], part: Any) -> None:
    assert parts(block) == (part,)


def test_empty_texts_and_messages_are_left_out() -> None:
    assert parts({"type": "text", "text": ""}, {"type": "text", "text": "a"}) == (Text(text="a"),)
    assert read(messages=[{"role": "user", "content": ""}, *HELLO]).messages == read().messages


def test_instructions_among_the_messages() -> None:
    request = read(
        system=[{"type": "text", "text": "One.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "system", "content": "Two."},
            *HELLO,
            {"role": "system", "content": [{"type": "text", "text": "Three."}]},
        ],
    )
    assert request.system == (Text(text="One.", cache="5m"), Text(text="Two."))
    assert request.messages[1] == Message(Role.SYSTEM, (Text(text="Three."),))


def test_tools() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    request = read(
        tools=[
            {"name": "weather", "description": "of a city", "input_schema": schema, "strict": True},
            {
                "type": "custom",
                "name": "time",
                "input_schema": {"type": "object"},
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
                "eager_input_streaming": True,
                "input_examples": [{}],
            },
        ],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
    )
    assert request.tools == (
        Tool(name="weather", description="of a city", parameters=schema, strict=True),
        Tool(name="time", parameters={"type": "object"}, cache="1h"),
    )
    assert request.tool_choice == ToolChoice("required")
    assert request.parallel_tools is False
    assert request.hints == {"tools.1.eager_input_streaming", "tools.1.input_examples"} == set(request.unknown)
    assert read(tool_choice={"type": "tool", "name": "x"}).tool_choice == ToolChoice("named", "x")
    assert read(tool_choice={"type": "none"}).tool_choice == ToolChoice("none")


@pytest.mark.parametrize(
    ("body", "ask", "name"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, ReasoningAsk(budget=2000), "thinking"),
        (
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "max"}},
            ReasoningAsk(adaptive=True, effort="max", show=True),
            "thinking",
        ),
        ({"thinking": {"type": "disabled"}}, ReasoningAsk(budget=0), "thinking"),
        ({"thinking": {"type": "between_tools"}}, ReasoningAsk(budget=0), "thinking"),
        ({"output_config": {"effort": "low"}}, ReasoningAsk(effort="low"), "output_config.effort"),
    ],
)
def test_thought(body: dict[str, Any], ask: ReasoningAsk, name: str) -> None:
    request = read(**body)
    assert request.reasoning == ask
    assert request.asked_as["reasoning"] == name


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "output_config.format"),
        ({"output_format": {"type": "json_schema", "schema": {"type": "object"}}}, "output_format"),
    ],
)
def test_an_answer_with_a_schema(body: dict[str, Any], name: str) -> None:
    request = read(**body)
    assert request.format == Format("json_schema", schema={"type": "object"}, strict=True)
    assert request.asked_as["format"] == name


def test_what_only_anthropic_has_is_named() -> None:
    request = read(
        tools=[{"type": "web_search_20250305", "name": "web_search"}, {"name": "a", "allowed_callers": ["x"]}],
        mcp_servers=[{"type": "url", "url": "https://example.com", "name": "x"}],
        container="container_1",
        output_config={"effort": "low", "task_budget": {"type": "tokens", "total": 1}, "mood": "good"},
        context_management={"edits": [{"type": "clear_tool_uses_20250919"}]},
        metadata={"user_id": "u", "tags": ["a"]},
        messages=[
            *HELLO,
            {
                "role": "assistant",
                "content": [
                    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
                    {
                        "type": "web_search_tool_result",
                        "tool_use_id": "srvtoolu_1",
                        "content": [{"type": "web_search_result", "url": "u", "title": "t", "encrypted_content": "e"}],
                    },
                    {"type": "tool_use", "id": "t", "name": "n", "input": {}, "caller": {"type": "code_execution"}},
                ],
            },
        ],
    )
    refused = {
        *("tools.0.web_search_20250305", "tools.1.allowed_callers", "mcp_servers", "container", "output_config.mood"),
        *("messages.1.content.0.server_tool_use", "messages.1.content.1.web_search_tool_result"),
        "messages.1.content.2.caller",
    }
    assert set(request.unknown) - request.hints == refused
    assert request.hints == {"context_management", "metadata.tags", "output_config.task_budget", "user"}
    assert request.user == "u"


def test_names_that_clients_choose_are_kept_short() -> None:
    request = read(**{"x" * 5000: 1}, tools=[{"type": "y" * 5000, "name": "a"}])
    assert [len(name) for name in request.unknown] == [100, 100]


def test_what_says_nothing_is_not_there() -> None:
    request = read(mcp_servers=[], container=None, metadata={}, tools=[], thinking=None, service_tier="standard_only")
    assert not request.unknown
    assert request.tools == ()
    assert request.service_tier == "default"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages.0.content.0.text"),
        ({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "messages.0.content.0"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64"}}]}]},
            "messages.0.content.0.source",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages.0.content.0.source"),
        (
            {
                "messages": [
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "b", "input": []}]}
                ]
            },
            "messages.0.content.0.input",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"ttl": "1d"}}]}
                ]
            },
            "messages.0.content.0.cache_control",
        ),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"tools": [{"input_schema": {}}]}, "tools.0.name"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "hard"}}, "thinking.type"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_format": {"type": "xml"}}, "output_format"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(**body)
    assert caught.value.param == param
    assert caught.value.message.startswith(f"{param}: ")


def test_no_messages_at_all() -> None:
    with pytest.raises(BadInput, match="messages: It is missing"):
        CLIENT.read({})


@pytest.mark.parametrize(
    "raw",
    [
        b'[{"role":"user","content":"' + b"\xff" + b'"}]',
        b'[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":{"a":"\xff"}}]}]',
        b'[{"role":"user","content":' + b'[{"type":"tool_result","content":' * 5000 + b"1" + b"}]" * 5000 + b"}]",
    ],
)
def test_hostile_bytes_are_bad_input(raw: bytes) -> None:
    with pytest.raises(BadInput):
        CLIENT.read({"messages": msgspec.Raw(raw)})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["text", "user", "tool_use", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "text", "source", "data", "id", "name", "input", "citations"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("messages", "system", "tools", "tool_choice", "thinking", "output_config", "output_format"),
                *("metadata", "max_tokens", "stop_sequences", "temperature", "service_tier", "stream"),
            ]
        ),
        json_values,
    )
)
def test_any_json_is_read_or_refused_by_name(body: dict[str, Any]) -> None:
    refusal = None
    try:
        CLIENT.read(members(body))
    except BadInput as error:
        refusal = error
    assert refusal is None or refusal.param
