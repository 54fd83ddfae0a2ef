"""Requests as clients of the responses API send them, and what becomes of them on the way to another dialect."""

import json
from typing import Any

import msgspec
import pytest

from gatewright.domain.errors import BadInput
from gatewright.translation.carriage import CannotCarry, Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import (
    Alias,
    Format,
    Media,
    Message,
    Reasoning,
    ReasoningAsk,
    Refusal,
    Request,
    Role,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from gatewright.translation.openai_responses.client import CLIENT
from gatewright.translation.registry import provider_half
from gatewright.translation.seals import Sealed, pack

decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
PIXEL = "iVBORw0KGgo="
OPENAI = Dialect.RESPONSES.value


def read(given: Any = "Hello", **members: Any) -> Request:
    return CLIENT.read(decode(json.dumps({"model": "m", "input": given, **members}).encode()))


def refused(given: Any = "Hello", **members: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(given, **members)
    assert caught.value.status == 400
    return caught.value


def sent(request: Request, *, drop: bool = False) -> tuple[Any, list[str]]:
    """The body of a chat completion, and what was left out of it."""
    carriage = Carriage(request, drop=drop, where="OpenAI's chat API", provider="openai")
    return provider_half(Dialect.CHAT).write(request, "m", carriage), carriage.dropped


def message(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content, **more}


def test_a_text_is_what_the_user_says() -> None:
    found = read("Hello", instructions="Be brief.", max_output_tokens=50, temperature=0.5, top_p=1, user="u1")
    assert found.messages == (Message(Role.USER, (Text(text="Hello"),)),)
    assert found.system == (Text(text="Be brief."),)
    assert (found.max_tokens, found.temperature, found.top_p, found.user) == (50, 0.5, 1, "u1")
    assert found.asked_as["max_tokens"] == "max_output_tokens"
    assert sent(found)[1] == []


def test_a_conversation_with_tools_becomes_turns() -> None:
    found = read(
        [
            message("developer", "Be brief."),
            {"role": "system", "content": [{"type": "input_text", "text": "Be kind."}]},
            message("user", [{"type": "input_text", "text": "Weather?"}]),
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
            message("assistant", [{"type": "output_text", "text": "I look.", "annotations": []}], id="msg_1"),
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "get_weather", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "get_time", "arguments": ""},
            {"type": "function_call_output", "call_id": "c1", "output": "Rain."},
            {
                "type": "function_call_output",
                "call_id": "c2",
                "output": [{"type": "input_text", "text": "Noon."}, {"type": "input_image", "file_id": "f1"}],
            },
            message("developer", "Now in German."),
            message("assistant", [{"type": "refusal", "refusal": "No."}]),
            message("user", "Why?"),
        ],
        instructions="You are a clock.",
    )
    assert found.system == (Text(text="You are a clock."), Text(text="Be brief."), Text(text="Be kind."))
    assert found.messages == (
        Message(Role.USER, (Text(text="Weather?"),)),
        Message(
            Role.ASSISTANT,
            (
                Reasoning(redacted="gAAA", id="rs_1", origin=OPENAI),
                Text(text="I look."),
                ToolCall(id="c1", name="get_weather", arguments="{}"),
                ToolCall(id="c2", name="get_time"),
            ),
        ),
        Message(
            Role.USER,
            (
                ToolResult(call_id="c1", parts=(Text(text="Rain."),)),
                ToolResult(call_id="c2", parts=(Text(text="Noon."), Media(kind="image", file_id="f1"))),
            ),
        ),
        Message(Role.SYSTEM, (Text(text="Now in German."),)),
        Message(Role.ASSISTANT, (Refusal(text="No."),)),
        Message(Role.USER, (Text(text="Why?"),)),
    )


def test_images_files_and_sounds_are_read() -> None:
    mark = {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}
    (found,) = read(
        [
            message(
                "user",
                [
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "low"},
                    {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto", **mark},
                    {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PIXEL}"},
                    {"type": "input_file", "filename": "a.csv", "file_data": PIXEL},
                    {"type": "input_file", "file_url": "https://example.com/a.pdf"},
                    {"type": "input_file", "file_id": "file-1"},
                    {"type": "input_audio", "input_audio": {"data": PIXEL, "format": "mp3"}},
                    {"type": "input_text", "text": ""},
                    {"type": "input_text", "text": "So?", "prompt_cache_breakpoint": {"mode": "explicit"}},
                ],
            )
        ]
    ).messages
    assert found.parts == (
        Media(kind="image", media_type="image/png", data=PIXEL, detail="low"),
        Media(kind="image", url="https://example.com/a.png", cache="1h"),
        Media(kind="file", media_type="application/pdf", data=PIXEL, name="a.pdf"),
        Media(kind="file", media_type="text/csv", data=PIXEL, name="a.csv"),
        Media(kind="file", url="https://example.com/a.pdf"),
        Media(kind="file", file_id="file-1"),
        Media(kind="audio", media_type="audio/mpeg", data=PIXEL),
        Text(text="So?", cache="5m"),
    )


def test_thoughts_come_back_to_whoever_sealed_them() -> None:
    ours = pack(Sealed("sig", origin="anthropic_messages"))
    hidden = pack(Sealed(redacted="data", origin="anthropic_messages"))
    of_a_call = pack(Sealed("gem", call="c1"))
    (found,) = read(
        [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": ours},
            {"type": "reasoning", "summary": [], "encrypted_content": hidden},
            {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": of_a_call},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Plain."}]},
            {"type": "reasoning", "summary": []},
        ]
    ).messages
    assert found.parts == (
        Reasoning(text="Hm.", signature="sig", origin="anthropic_messages"),
        Reasoning(redacted="data", origin="anthropic_messages"),
        ToolCall(id="c1", name="f", arguments="{}", signature="gem"),
        Reasoning(text="Plain."),
    )


@pytest.mark.parametrize("broken", ["gatewright-1:%%%", "gatewright-1:bm90IGpzb24=", "gatewright-2:e30="])
def test_a_seal_that_was_changed_is_refused(broken: str) -> None:
    found = refused([{"type": "reasoning", "summary": [], "encrypted_content": broken}])
    assert found.param == "input[0].encrypted_content"
    assert broken not in found.message


GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
TOOLS: list[Any] = [
    {"type": "function", "name": "run", "description": "Runs.", "parameters": {"type": "object"}, "strict": True},
    {"type": "custom", "name": "apply_patch", "description": "Patches.", "format": GRAMMAR},
    {
        "type": "namespace",
        "name": "agents",
        "description": "Sub-agents.",
        "tools": [
            {"type": "function", "name": "spawn", "description": "Starts one.", "parameters": None, "strict": False},
            {"type": "custom", "name": "tell"},
        ],
    },
    {"type": "tool_search", "execution": "client", "description": "Finds tools.", "parameters": {"type": "object"}},
]


def test_every_tool_that_can_be_a_function_becomes_one() -> None:
    found = read(tools=TOOLS, tool_choice="auto", parallel_tool_calls=True)
    tools = {tool.name: tool for tool in found.tools}
    assert list(tools) == ["run", "apply_patch", "agents__spawn", "agents__tell", "tool_search"]
    assert (tools["run"].strict, tools["agents__spawn"].strict) == (True, None)
    assert tools["agents__spawn"].description == "Sub-agents.\n\nStarts one."
    assert found.aliases == {
        "apply_patch": Alias("custom", "apply_patch"),
        "agents__spawn": Alias("function", "spawn", "agents"),
        "agents__tell": Alias("custom", "tell", "agents"),
        "tool_search": Alias("tool_search", "tool_search"),
    }
    patch = tools["apply_patch"]
    assert patch.parameters is not None
    (argument,) = patch.parameters["properties"].items()
    assert patch.parameters["required"] == ["input"] == [argument[0]]
    assert "start: /.+/" in argument[1]["description"]
    body, dropped = sent(found)
    assert [tool["function"]["name"] for tool in body["tools"]] == list(tools)
    assert dropped == ["tools.apply_patch.format"]


def test_calls_of_such_tools_go_back_under_the_same_names() -> None:
    long = "x" * 60
    found = read(
        [
            {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": '*** "Begin"\n'},
            {"type": "function_call", "call_id": "c2", "name": "spawn", "namespace": "agents", "arguments": "{}"},
            {"type": "function_call", "call_id": "c3", "name": long, "namespace": "agents", "arguments": "{}"},
            {
                "type": "tool_search_call",
                "call_id": "c4",
                "execution": "client",
                "arguments": {"query": "mail"},
                "status": "completed",
            },
            {"type": "custom_tool_call_output", "call_id": "c1", "output": "Done."},
            {
                "type": "tool_search_output",
                "call_id": "c4",
                "execution": "client",
                "status": "completed",
                "tools": [
                    {"type": "namespace", "name": "mail", "description": "", "tools": [{**TOOLS[0], "name": "send"}]}
                ],
            },
        ],
        tools=[
            *TOOLS,
            {"type": "namespace", "name": "agents", "description": "", "tools": [{**TOOLS[0], "name": long}]},
        ],
    )
    asked, answered = found.messages
    calls = [part for part in asked.parts if isinstance(part, ToolCall)]
    assert json.loads(calls[0].arguments) == {"input": '*** "Begin"\n'}
    assert calls[1].name == "agents__spawn"
    assert calls[2].name in found.aliases
    assert len(calls[2].name) == 64
    assert (calls[3].name, json.loads(calls[3].arguments)) == ("tool_search", {"query": "mail"})
    assert answered.parts == (
        ToolResult(call_id="c1", parts=(Text(text="Done."),)),
        ToolResult(call_id="c4", parts=(Text(text="These tools can be called now: mail__send."),)),
    )
    assert found.tools[-1].name == "mail__send"


def test_tools_among_the_items_count() -> None:
    found = read([{"type": "additional_tools", "role": "developer", "tools": TOOLS}, message("user", "Hi")])
    assert len(found.tools) == 5
    assert found.asked_as["tools"] == "tools"


@pytest.mark.parametrize(
    ("wanted", "expected", "offered"),
    [
        ("none", ToolChoice("none"), 5),
        ("required", ToolChoice("required"), 5),
        ({"type": "function", "name": "run"}, ToolChoice("named", "run"), 5),
        ({"type": "function", "name": "spawn"}, ToolChoice("named", "agents__spawn"), 5),
        ({"type": "function", "name": "spawn", "namespace": "agents"}, ToolChoice("named", "agents__spawn"), 5),
        ({"type": "custom", "name": "apply_patch"}, ToolChoice("named", "apply_patch"), 5),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "run"}]},
            ToolChoice("required"),
            1,
        ),
    ],
)
def test_a_choice_among_tools(wanted: Any, expected: ToolChoice, offered: int) -> None:
    found = read(tools=TOOLS, tool_choice=wanted)
    assert found.tool_choice == expected
    assert len(found.tools) == offered


BUILT_IN = (
    "web_search",
    "file_search",
    "code_interpreter",
    "computer",
    "mcp",
    "image_generation",
    "local_shell",
    "shell",
)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_openais_own_tools_are_refused_by_name(kind: str) -> None:
    request = read(tools=[{"type": kind}, TOOLS[0]])
    with pytest.raises(CannotCarry) as caught:
        sent(request)
    assert caught.value.param == f"tools.{kind}"
    assert "runs at OpenAI" in caught.value.message
    body, dropped = sent(request, drop=True)
    assert len(body["tools"]) == 1
    assert dropped == [f"tools.{kind}"]


def test_codex_may_offer_a_search_that_nobody_has() -> None:
    """It does so in every request, and says there what it is."""
    tools = [{"type": "web_search", "external_web_access": True}, TOOLS[0]]
    body, dropped = sent(read(tools=tools, client_metadata={"x-codex-turn-metadata": "{}"}))
    assert (len(body["tools"]), set(dropped)) == (1, {"tools.web_search", "client_metadata"})
    with pytest.raises(CannotCarry):
        sent(read(tools=[{"type": "mcp"}], client_metadata={}))


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"truncation": "auto"}, "truncation"),
        ({"moderation": {"model": "x"}}, "moderation"),
        ({"tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.grammar"),
        ({"reasoning": {"mode": "pro"}}, "reasoning.mode"),
        ({"context_management": [{"type": "compaction"}]}, "context_management"),
        ({"given": [{"type": "web_search_call", "id": "ws_1", "status": "completed"}]}, "input.web_search_call"),
        ({"given": [{"type": "compaction", "encrypted_content": "x"}]}, "input.compaction"),
        ({"given": [{"type": "tool_search_call", "arguments": {}, "execution": "server"}]}, "input.tool_search_call"),
        ({"made_up": 1}, "made_up"),
    ],
)
def test_what_another_dialect_has_not_is_refused_by_name(members: dict[str, Any], param: str) -> None:
    request = read(**members)
    with pytest.raises(CannotCarry) as caught:
        sent(request)
    assert caught.value.param == param
    assert sent(request, drop=True)[1] == [param]


def test_what_only_hints_is_noted_and_defaults_are_not() -> None:
    hints = {
        "metadata": {"a": "b"},
        "client_metadata": {"a": "b"},
        "max_tool_calls": 3,
        "store": True,
        "include": ["web_search_call.action.sources"],
        "reasoning": {"context": "all_turns"},
    }
    assert set(sent(read(**hints))[1]) == {*hints, "reasoning.context"} - {"reasoning"}
    defaults: dict[str, Any] = {
        "store": False,
        "background": False,
        "truncation": "disabled",
        "stream_options": {"include_obfuscation": False},
        "include": ["reasoning.encrypted_content"],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "top_logprobs": 0,
        "reasoning": {"mode": "standard"},
        "text": {"format": {"type": "text"}},
        "previous_response_id": None,
        "conversation": None,
    }
    found = read(**defaults)
    assert (found.unknown, found.asked_as, sent(found)[1]) == ({}, {}, [])


def test_shape_style_and_thought_are_asked_for() -> None:
    schema = {"type": "object", "properties": {}}
    found = read(
        text={"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": True}, "verbosity": "low"},
        reasoning={"effort": "high", "summary": "auto"},
        include=["message.output_text.logprobs"],
        top_logprobs=2,
        service_tier="flex",
    )
    assert found.format == Format("json_schema", "n", schema, None, True)
    assert found.reasoning == ReasoningAsk(effort="high", summary="auto")
    assert (found.verbosity, found.logprobs, found.top_logprobs, found.service_tier) == ("low", True, 2, "flex")
    assert found.asked_as["format"] == "text.format"
    assert read(text={"format": {"type": "json_object"}}).format == Format("json_object")
    assert found.asked_as["logprobs"] == "include"
    assert read(top_logprobs=2).logprobs is True
    shown = read(reasoning={"summary": "auto"})
    assert (shown.reasoning, shown.asked_as) == (ReasoningAsk(summary="auto"), {})


@pytest.mark.parametrize(
    ("members", "param", "code"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id", "previous_response_not_found"),
        ({"conversation": "conv_1"}, "conversation", "conversation_not_found"),
        ({"conversation": {"id": "conv_1"}}, "conversation", "conversation_not_found"),
        ({"background": True}, "background", "unsupported_parameter"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt", "unsupported_parameter"),
        ({"given": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].id", "item_not_found"),
        ({"given": [{"id": "msg_1"}]}, "input[0].id", "item_not_found"),
        ({"given": 7}, "input", "invalid_request"),
        ({"given": ["Hi"]}, "input[0]", "invalid_request"),
        ({"given": [message("robot", "Hi")]}, "input[0].role", "invalid_request"),
        ({"given": [message("user", [{"type": "smell"}])]}, "input[0].content[0].type", "invalid_request"),
        ({"given": [message("user", [{"type": "input_image"}])]}, "input[0].content[0]", "invalid_request"),
        (
            {"given": [message("user", [{"type": "input_image", "image_url": "data:image/png,x"}])]},
            "input[0].content[0].image_url",
            "invalid_request",
        ),
        ({"given": [message("user", [{"type": "input_file"}])]}, "input[0].content[0]", "invalid_request"),
        ({"given": [{"type": "function_call", "name": "f"}]}, "input[0].arguments", "invalid_request"),
        ({"given": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id", "invalid_request"),
        ({"max_output_tokens": -1}, "max_output_tokens", "invalid_request"),
        ({"temperature": "hot"}, "temperature", "invalid_request"),
        ({"tools": {}}, "tools", "invalid_request"),
        ({"tools": [{"type": "function"}]}, "tools[0].name", "invalid_request"),
        ({"tools": [{**TOOLS[0], "strict": "yes"}]}, "tools[0].strict", "invalid_request"),
        ({"tool_choice": "sometimes"}, "tool_choice", "invalid_request"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema", "invalid_request"),
        ({"include": [1]}, "include[0]", "invalid_request"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(members: dict[str, Any], param: str, code: str) -> None:
    found = refused(**members)
    assert (found.param, found.error_code) == (param, code)


def test_an_answer_repeats_what_was_asked() -> None:
    members = {"instructions": "Be brief.", "temperature": 1.0, "tools": TOOLS, "metadata": {"a": "b"}, "top_p": None}
    found = read(**members).echo
    assert {name: json.loads(bytes(raw)) for name, raw in found.items()} == {
        name: value for name, value in members.items() if value is not None
    }
