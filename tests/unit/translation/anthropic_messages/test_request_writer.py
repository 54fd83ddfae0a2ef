"""Requests to Anthropic, judged by its own library."""

import json
from typing import Any

import msgspec
import pytest
from tests.unit.translation.anthropic_messages.judge import accept_request

from gatewright.translation.anthropic_messages.provider import PROVIDER
from gatewright.translation.carriage import CannotCarry, Carriage
from gatewright.translation.model import (
    Citation,
    Format,
    Media,
    Message,
    Reasoning,
    ReasoningAsk,
    Refusal,
    Request,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

OLD, BETWEEN, NEW = "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-4-8"
OURS = "anthropic_messages"


def user(*parts: Any) -> Message:
    return Message(Role.USER, parts)


def assistant(*parts: Any) -> Message:
    return Message(Role.ASSISTANT, parts)


HELLO = (user(Text(text="Hello")),)
WEATHER = Tool(name="weather", parameters={"properties": {"city": {"type": "string"}}})


class Wrote:
    """A body that the judge accepted, and what was left out."""

    def __init__(self, body: dict[str, Any], dropped: list[str]) -> None:
        self.body = body
        self.dropped = dropped


def write(model: str = OLD, *, drop: bool = False, **members: Any) -> Wrote:
    """With every member but the messages asked for by the caller."""
    given = {"messages": HELLO, **members}
    named = [name for name in members if name not in ("messages", "system", "asked_as", "unknown", "hints", "stream")]
    request = Request(**{"asked_as": {name: f"caller's {name}" for name in named}, **given})
    carriage = Carriage(request, drop=drop, where="Anthropic's API")
    body = json.loads(msgspec.json.encode(PROVIDER.write(request, model, carriage)))
    accept_request(body)
    return Wrote(body, carriage.dropped)


def refused(model: str = OLD, **members: Any) -> str:
    with pytest.raises(CannotCarry) as caught:
        write(model, **members)
    assert caught.value.param is not None
    return caught.value.param


def test_a_plain_question() -> None:
    wrote = write(system=(Text(text="Be brief."),), temperature=0.5, top_k=5, stop=("X",), stream=True, user="u-1")
    assert wrote.body == {
        "model": OLD,
        "max_tokens": 64_000,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0.5,
        "top_k": 5,
        "stop_sequences": ["X"],
        "metadata": {"user_id": "u-1"},
        "stream": True,
    }
    assert not wrote.dropped


@pytest.mark.parametrize(
    ("model", "most"), [("claude-3-haiku-20240307", 4096), (OLD, 64_000), ("claude-opus-4-1", 32_000), ("kimi", 8192)]
)
def test_an_answer_may_be_as_long_as_the_model_lets_it_when_nobody_says(model: str, most: int) -> None:
    assert write(model).body["max_tokens"] == most
    assert write(model, max_tokens=7).body["max_tokens"] == 7


def test_a_conversation_with_tools() -> None:
    wrote = write(
        messages=(
            user(Text(text="Weather?", cache="5m"), Media(kind="image", media_type="image/png", data="AAAA")),
            assistant(
                Reasoning(text="hm", signature="c2ln", origin=OURS),
                Reasoning(redacted="ZGF0YQ==", origin=OURS),
                Text(text="Let me see."),
                ToolCall(id="call:1", name="weather", arguments='{"n": 9007199254740993, "x": 1.0}'),
                ToolCall(id="call_2", name="time"),
            ),
            user(ToolResult(call_id="call:1", parts=(Text(text="sunny"),), cache="1h")),
            user(Text(text="Go on."), ToolResult(call_id="call_2", parts=(), is_error=True)),
        ),
        tools=(WEATHER,),
        tool_choice=ToolChoice("auto"),
        parallel_tools=False,
    )
    assert wrote.body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Weather?", "cache_control": {"type": "ephemeral"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "ZGF0YQ=="},
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"n": 9007199254740993, "x": 1.0}},
                {"type": "tool_use", "id": "call_2", "name": "time", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "call_1",
                    "content": "sunny",
                    "cache_control": {"type": "ephemeral", "ttl": "1h"},
                },
                {"type": "tool_result", "tool_use_id": "call_2", "is_error": True},
                {"type": "text", "text": "Go on."},
            ],
        },
    ]
    assert wrote.body["tools"] == [
        {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
    ]
    assert wrote.body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


@pytest.mark.parametrize(
    ("choice", "parallel", "written"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("named", "weather"), None, {"type": "tool", "name": "weather"}),
        (ToolChoice("none"), False, {"type": "none"}),
    ],
)
def test_the_choice_of_a_tool(choice: ToolChoice | None, parallel: bool | None, written: Any) -> None:
    given: dict[str, Any] = {} if choice is None else {"tool_choice": choice}
    assert write(tools=(WEATHER,), parallel_tools=parallel, **given).body.get("tool_choice") == written


def test_a_choice_without_tools_is_left_out() -> None:
    wrote = write(tool_choice=ToolChoice("auto"))
    assert "tool_choice" not in wrote.body
    assert wrote.dropped == ["caller's tool_choice"]


def test_strict_tools_where_the_model_can() -> None:
    tools = (Tool(name="a", description="b", parameters={"type": "object"}, strict=True, cache="5m"),)
    assert write(tools=tools).body["tools"] == [
        {
            "name": "a",
            "description": "b",
            "input_schema": {"type": "object"},
            "strict": True,
            "cache_control": {"type": "ephemeral"},
        }
    ]
    old = write("claude-3-5-haiku-latest", tools=tools)
    assert "strict" not in old.body["tools"][0]
    assert old.dropped == ["tools.strict"]


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            Media(kind="image", url="https://example.com/a.png", detail="auto"),
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        ),
        (Media(kind="image", file_id="file_1"), {"type": "image", "source": {"type": "file", "file_id": "file_1"}}),
        (
            Media(kind="file", media_type="application/pdf", data="JVBERi0=", name="R", context="c", cite=True),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                "title": "R",
                "context": "c",
                "citations": {"enabled": True},
            },
        ),
        (
            Media(kind="file", media_type="text/csv", data="YSxi", name="a.csv"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "a,b"},
                "title": "a.csv",
            },
        ),
        (
            Media(kind="file", media_type="text/plain", text="words"),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        ),
        (
            Media(kind="file", url="https://example.com/a.pdf"),
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        ),
        (
            Media(kind="file", media_type="image/png", data="AAAA"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
        ),
        (
            Text(
                text="so",
                citations=(
                    Citation(url="https://example.com"),
                    Citation(
                        raw={
                            "type": "char_location",
                            "cited_text": "s",
                            "document_index": 0,
                            "document_title": "T",
                            "start_char_index": 0,
                            "end_char_index": 1,
                        }
                    ),
                ),
            ),
            {
                "type": "text",
                "text": "so",
                "citations": [
                    {
                        "type": "char_location",
                        "cited_text": "s",
                        "document_index": 0,
                        "document_title": "T",
                        "start_char_index": 0,
                        "end_char_index": 1,
                    }
                ],
            },
        ),
    ],
)
def test_a_part(part: Any, block: dict[str, Any]) -> None:
    assert write(messages=(user(part),)).body["messages"] == [{"role": "user", "content": [block]}]


@pytest.mark.parametrize(
    "part",
    [
        Media(kind="audio", media_type="audio/wav", data="AAAA"),
        Media(kind="image", media_type="image/tiff", data="AAAA"),
        Media(kind="file", media_type="application/zip", data="AAAA"),
        Media(kind="file", media_type="text/plain", data="/w=="),
        Media(kind="file", media_type=None, data="AAAA"),
        Media(kind="file", file_id="file-openai"),
        Media(kind="image", url="gs://bucket/a.png"),
    ],
)
def test_media_that_anthropic_cannot_read_are_refused_even_where_parameters_are_dropped(part: Media) -> None:
    assert refused(messages=(user(part),), drop=True) == "messages"


def test_arguments_that_are_no_object_are_refused() -> None:
    for arguments in ("[]", "{", "7", "[" * 100_000):
        assert refused(messages=(assistant(ToolCall(id="a", name="b", arguments=arguments)),)) == "messages"


def test_what_anthropic_would_refuse_for_being_empty_is_left_out() -> None:
    messages = (user(Text(text=" \n")), user(Text(text="a")), assistant(Text(text="")), assistant(Refusal(text="no")))
    assert write(messages=messages).body["messages"] == [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "no"},
    ]
    assert refused(messages=(user(Text(text="")),)) == "messages"
    assert "system" not in write(system=(Text(text=""),)).body


def test_a_beginning_of_the_answer_does_not_end_with_white_space() -> None:
    messages = (*HELLO, assistant(Text(text="The answer is ")))
    assert write(messages=messages).body["messages"][1] == {"role": "assistant", "content": "The answer is"}


def test_hints_of_the_messages_are_noted() -> None:
    image = Media(kind="image", url="https://example.com/a.png", detail="low")
    assert write(messages=(Message(Role.USER, (image,), "Ann"),)).dropped == ["messages.name", "messages.detail"]


@pytest.mark.parametrize(
    "thought",
    [
        Reasoning(text="hm"),
        Reasoning(text="hm", signature="x", origin="gemini"),
        Reasoning(redacted="x", id="rs_1", origin="openai_responses"),
    ],
)
def test_thoughts_that_another_provider_sealed_are_left_out(thought: Reasoning) -> None:
    wrote = write(messages=(*HELLO, assistant(thought, Text(text="Hi")), user(Text(text="And?"))))
    assert wrote.body["messages"][1] == {"role": "assistant", "content": "Hi"}
    assert wrote.dropped == ["messages.reasoning"]


def test_a_seal_of_unknown_origin_is_handed_on() -> None:
    thought = Reasoning(text="hm", signature="c2ln")
    wrote = write(messages=(*HELLO, assistant(thought, Text(text="Hi")), user(Text(text="And?"))))
    assert wrote.body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "c2ln"}


def instruction(text: str) -> Message:
    return Message(Role.SYSTEM, (Text(text=text),))


def test_instructions_among_the_messages_where_the_model_takes_them() -> None:
    messages = (*HELLO, instruction("a"), instruction("b"), assistant(Text(text="Hi")), user(Text(text="And?")))
    assert write(NEW, messages=messages).body["messages"] == [
        {"role": "user", "content": "Hello"},
        {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "And?"},
    ]
    assert write(OLD, messages=messages).body["messages"][0]["content"] == [
        {"type": "text", "text": "Hello"},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]


def test_instructions_where_no_model_takes_them_are_the_users() -> None:
    between = (*HELLO, instruction("a"), user(Text(text="b")), assistant(Text(text="Hi")), instruction("c"))
    assert write(NEW, messages=between).body["messages"] == [
        {
            "role": "user",
            "content": [{"type": "text", "text": text} for text in ("Hello", "a", "b")],
        },
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "c"},
    ]


@pytest.mark.parametrize(
    ("model", "ask", "most", "thinking", "effort"),
    [
        (OLD, ReasoningAsk(effort="low"), None, {"type": "enabled", "budget_tokens": 2048}, None),
        (OLD, ReasoningAsk(effort="max"), None, {"type": "enabled", "budget_tokens": 32_000}, None),
        (OLD, ReasoningAsk(budget=5000), 20_000, {"type": "enabled", "budget_tokens": 5000}, None),
        (OLD, ReasoningAsk(effort="high"), 3000, {"type": "enabled", "budget_tokens": 1500}, None),
        (OLD, ReasoningAsk(effort="high"), 1100, {"type": "enabled", "budget_tokens": 1024}, None),
        (OLD, ReasoningAsk(budget=7), None, {"type": "enabled", "budget_tokens": 1024}, None),
        (OLD, ReasoningAsk(adaptive=True), None, {"type": "enabled", "budget_tokens": 8192}, None),
        (OLD, ReasoningAsk(effort="none"), None, None, None),
        (OLD, ReasoningAsk(summary="auto"), None, None, None),
        (
            OLD,
            ReasoningAsk(effort="low", show=False),
            None,
            {"type": "enabled", "budget_tokens": 2048, "display": "omitted"},
            None,
        ),
        (BETWEEN, ReasoningAsk(effort="minimal"), None, {"type": "adaptive"}, "low"),
        (BETWEEN, ReasoningAsk(effort="xhigh"), None, {"type": "adaptive"}, "high"),
        (NEW, ReasoningAsk(effort="xhigh"), None, {"type": "adaptive", "display": "summarized"}, "xhigh"),
        (NEW, ReasoningAsk(budget=5000), None, {"type": "adaptive", "display": "summarized"}, "medium"),
        (NEW, ReasoningAsk(effort="low", show=False), None, {"type": "adaptive", "display": "omitted"}, "low"),
        (NEW, ReasoningAsk(adaptive=True), None, {"type": "adaptive"}, None),
        (NEW, ReasoningAsk(summary="auto"), None, {"type": "adaptive", "display": "summarized"}, None),
        (NEW, ReasoningAsk(budget=0), None, None, None),
        ("claude-opus-5", ReasoningAsk(effort="none"), None, {"type": "disabled"}, None),
        ("kimi-k3", ReasoningAsk(effort="medium"), 60_000, {"type": "enabled", "budget_tokens": 8192}, None),
    ],
)
def test_thought(model: str, ask: ReasoningAsk, most: int | None, thinking: Any, effort: str | None) -> None:
    wrote = write(model, reasoning=ask) if most is None else write(model, reasoning=ask, max_tokens=most)
    assert wrote.body.get("thinking") == thinking
    assert (wrote.body.get("output_config") or {}).get("effort") == effort
    assert not wrote.dropped


def test_thought_that_cannot_be_switched_off_is_kept_small() -> None:
    wrote = write("claude-opus-5-5", reasoning=ReasoningAsk(effort="none"))
    assert "thinking" not in wrote.body
    assert wrote.body["output_config"] == {"effort": "low"}
    assert wrote.dropped == ["caller's reasoning"]


def test_thought_that_the_model_cannot_have_is_refused() -> None:
    assert refused("claude-3-5-haiku-latest", reasoning=ReasoningAsk(effort="low")) == "caller's reasoning"
    assert refused(OLD, reasoning=ReasoningAsk(effort="low"), max_tokens=1024) == "caller's reasoning"
    assert refused(OLD, reasoning=ReasoningAsk(effort="colossal")) == "caller's reasoning"
    dropped = write(OLD, reasoning=ReasoningAsk(effort="low"), max_tokens=1024, drop=True)
    assert dropped.dropped == ["caller's reasoning"]
    assert "thinking" not in dropped.body


@pytest.mark.parametrize("model", [OLD, NEW])
def test_a_tool_that_must_be_called_leaves_no_room_for_thought(model: str) -> None:
    ask = ReasoningAsk(effort="high")
    wrote = write(model, reasoning=ask, tools=(WEATHER,), tool_choice=ToolChoice("required"))
    assert "thinking" not in wrote.body
    assert wrote.dropped == ["caller's reasoning"]


def test_a_turn_that_began_without_thought_goes_on_without() -> None:
    call, result = ToolCall(id="a", name="weather"), ToolResult(call_id="a", parts=(Text(text="b"),))
    ask = ReasoningAsk(effort="high")
    begun = (*HELLO, assistant(call), user(result))
    assert write(OLD, reasoning=ask, tools=(WEATHER,), messages=begun).dropped == ["caller's reasoning"]
    sealed = Reasoning(text="hm", signature="c2ln", origin=OURS)
    thought = (*HELLO, assistant(sealed, call), user(result), assistant(call), user(result))
    assert "thinking" in write(OLD, reasoning=ask, tools=(WEATHER,), messages=thought).body
    over = (*begun, assistant(Text(text="Sunny.")), user(Text(text="And tomorrow?")))
    assert "thinking" in write(OLD, reasoning=ask, tools=(WEATHER,), messages=over).body
    assert "thinking" in write(NEW, reasoning=ask, tools=(WEATHER,), messages=begun).body


def test_a_schema() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    wrote = write(
        NEW, format=Format("json_schema", "x", schema, "what it is", True), reasoning=ReasoningAsk(effort="low")
    )
    assert wrote.body["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": {**schema, "description": "what it is"}},
    }
    assert refused(format=Format("json_object")) == "caller's format"
    assert refused("claude-sonnet-4-20250514", format=Format("json_schema", schema=schema)) == "caller's format"
    assert "output_config" not in write(format=Format("json_object"), drop=True).body


@pytest.mark.parametrize(
    ("model", "given", "kept", "lost"),
    [
        (OLD, {"temperature": 0.3}, {"temperature": 0.3}, None),
        (OLD, {"temperature": 1.0, "top_p": 1.0}, {}, None),
        (OLD, {"temperature": 1.7}, {}, "temperature"),
        (OLD, {"temperature": 0.3, "top_p": 0.9}, {"temperature": 0.3}, "top_p"),
        ("claude-3-5-haiku-latest", {"temperature": 0.3, "top_p": 0.9}, {"temperature": 0.3, "top_p": 0.9}, None),
        (OLD, {"temperature": 0.3, "reasoning": ReasoningAsk(effort="low")}, {}, "temperature"),
        (OLD, {"top_p": 0.96, "reasoning": ReasoningAsk(effort="low")}, {"top_p": 0.96}, None),
        (OLD, {"top_p": 0.5, "reasoning": ReasoningAsk(effort="low")}, {}, "top_p"),
        (OLD, {"top_k": 5, "reasoning": ReasoningAsk(effort="low")}, {}, "top_k"),
        (NEW, {"temperature": 1.0}, {}, None),
        (NEW, {"temperature": 0.3}, {}, "temperature"),
        (NEW, {"top_p": 0.96}, {}, "top_p"),
        (NEW, {"top_k": 5}, {}, "top_k"),
    ],
)
def test_sampling(model: str, given: dict[str, Any], kept: dict[str, Any], lost: str | None) -> None:
    wrote = write(model, drop=True, **given)
    assert {name: wrote.body[name] for name in ("temperature", "top_p", "top_k") if name in wrote.body} == kept
    assert wrote.dropped == ([] if lost is None else [f"caller's {lost}"])
    if lost is not None:
        assert refused(model, **given) == f"caller's {lost}"


def test_the_rest() -> None:
    assert write(service_tier="auto").body["service_tier"] == "auto"
    assert write(service_tier="default").body["service_tier"] == "standard_only"
    assert refused(service_tier="flex") == "caller's service_tier"
    assert refused(stop=("a", "\n")) == "caller's stop"
    assert write(stop=("a", "\n"), drop=True).body["stop_sequences"] == ["a"]
    assert write(user="u" * 300).dropped == ["caller's user"]
    assert refused(seed=7) == "caller's seed"
    assert refused(unknown={"n": 2}) == "n"
    assert write(unknown={"metadata": {}}, hints=frozenset({"metadata"})).dropped == ["metadata"]
