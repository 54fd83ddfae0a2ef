"""Requests for Converse, each of them judged by the service's published model."""

import base64
import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.botocore_judge import check

from gatewright.translation.bedrock_converse.messages import fitting_id
from gatewright.translation.bedrock_converse.provider import PROVIDER
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

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NEWEST = "global.anthropic.claude-opus-4-8"
NOVA = "amazon.nova-pro-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
LLAMA = "meta.llama4-maverick-17b-instruct-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456"
PNG = base64.b64encode(b"\x89PNG").decode()
HELLO = (Message(Role.USER, (Text(text="Hello"),)),)
WEATHER = Tool(name="weather", description="The weather", parameters={"type": "object", "properties": {}})


def sent(request: Request, model: str = CLAUDE, *, drop: bool = False) -> tuple[dict[str, Any], list[str]]:
    """The body, which botocore's client would send too, and what was left out."""
    carriage = Carriage(request, drop=drop, where="Amazon Bedrock's API", files=("s3://bucket/",))
    body = msgspec.json.encode(PROVIDER.write(request, model, carriage))
    check(body, model)
    found: dict[str, Any] = json.loads(body)
    return found, carriage.dropped


def asked(messages: tuple[Message, ...] = HELLO, **members: Any) -> Request:
    """A request whose caller set these members by these names."""
    names = {name: name for name in members if name not in ("system", "unknown", "hints")}
    return Request(messages=messages, asked_as=names, **members)


def user(*parts: Any) -> Message:
    return Message(Role.USER, parts)


def assistant(*parts: Any) -> Message:
    return Message(Role.ASSISTANT, parts)


def refused(request: Request, model: str = CLAUDE) -> CannotCarry:
    with pytest.raises(CannotCarry) as caught:
        sent(request, model)
    return caught.value


def test_a_plain_conversation() -> None:
    request = asked(
        (*HELLO, assistant(Text(text="Hi")), user(Text(text="Tell me more"))),
        system=(Text(text="Be brief."),),
        max_tokens=100,
        temperature=0.5,
        top_k=40,
        stop=("END", "\nHuman:"),
    )
    body, dropped = sent(request)
    assert body == {
        "messages": [
            {"role": "user", "content": [{"text": "Hello"}]},
            {"role": "assistant", "content": [{"text": "Hi"}]},
            {"role": "user", "content": [{"text": "Tell me more"}]},
        ],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 100, "temperature": 0.5, "stopSequences": ["END", "\nHuman:"]},
        "additionalModelRequestFields": {"top_k": 40},
        "additionalModelResponseFieldPaths": [
            "/stop_sequence",
            "/delta/stop_sequence",
            "/usage/output_tokens_details",
        ],
    }
    assert dropped == []
    assert sent(asked(), LLAMA)[0] == {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}


def test_turns_alternate_and_blank_ones_are_left_out() -> None:
    request = asked(
        (
            user(Text(text="One")),
            user(Text(text=" \n"), Text(text="Two")),
            assistant(Text(text="")),
            Message(Role.SYSTEM, (Text(text="Be kind."),)),
            assistant(Text(text="Three"), Refusal(text="No")),
            assistant(Text(text="Four")),
        )
    )
    assert sent(request)[0]["messages"] == [
        {"role": "user", "content": [{"text": "One"}, {"text": "Two"}, {"text": "Be kind."}]},
        {"role": "assistant", "content": [{"text": "Three"}, {"text": "No"}, {"text": "Four"}]},
    ]
    assert refused(asked((user(Text(text="  ")), assistant()))).param == "messages"


def test_parallel_calls_and_their_results() -> None:
    request = asked(
        (
            *HELLO,
            assistant(
                Text(text="Let me see."),
                ToolCall(id="call_1", name="weather", arguments='{"n": 12345678901234567890, "x": 1.0}'),
                ToolCall(id="call_2", name="weather"),
            ),
            user(
                Text(text="And hurry."),
                ToolResult(
                    call_id="call_1", parts=(Text(text="Sunny"), Media(kind="image", media_type="image/png", data=PNG))
                ),
                ToolResult(call_id="call_2", is_error=True, parts=(Text(text=""),)),
            ),
        ),
        tools=(WEATHER, Tool(name="bare", strict=True, description=" ")),
        tool_choice=ToolChoice("auto"),
    )
    body, dropped = sent(request)
    assert body["messages"][1]["content"] == [
        {"text": "Let me see."},
        {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"n": 12345678901234567890, "x": 1.0}}},
        {"toolUse": {"toolUseId": "call_2", "name": "weather", "input": {}}},
    ]
    assert body["messages"][2]["content"] == [
        {
            "toolResult": {
                "toolUseId": "call_1",
                "content": [{"text": "Sunny"}, {"image": {"format": "png", "source": {"bytes": PNG}}}],
            }
        },
        {"toolResult": {"toolUseId": "call_2", "content": [{"text": "(no output)"}], "status": "error"}},
        {"text": "And hurry."},
    ]
    assert body["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "weather",
                    "inputSchema": {"json": {"type": "object", "properties": {}}},
                    "description": "The weather",
                }
            },
            {"toolSpec": {"name": "bare", "inputSchema": {"json": {"type": "object"}}, "strict": True}},
        ],
        "toolChoice": {"auto": {}},
    }
    assert dropped == []
    body, dropped = sent(request, LLAMA)
    assert "status" not in body["messages"][2]["content"][1]["toolResult"]
    assert "strict" not in body["toolConfig"]["tools"][1]["toolSpec"]
    assert dropped == ["messages.is_error", "tools.strict"]
    assert "strict" not in sent(request, NEWEST)[0]["toolConfig"]["tools"][1]["toolSpec"]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (ToolChoice("auto"), {"auto": {}}),
        (ToolChoice("required"), {"any": {}}),
        (ToolChoice("named", "weather"), {"tool": {"name": "weather"}}),
        (None, None),
    ],
)
def test_tool_choice(choice: ToolChoice | None, wanted: Any) -> None:
    request = asked(tools=(WEATHER,), tool_choice=choice)
    assert sent(request)[0]["toolConfig"].get("toolChoice") == wanted
    alone = asked(tools=(WEATHER,), tool_choice=choice, parallel_tools=False)
    body = sent(alone)[0]
    fields = body["additionalModelRequestFields"]["tool_choice"]
    assert fields["disable_parallel_tool_use"] is True
    # The kind of choice may stand in one of the two places only.
    assert ("type" in fields) != ("toolChoice" in body["toolConfig"])
    assert refused(alone, NOVA).param == "parallel_tools"
    assert sent(alone, NOVA, drop=True)[1] == ["parallel_tools"]
    assert sent(asked(tools=(WEATHER,), parallel_tools=True), NOVA)[1] == []


def test_no_tool_may_be_called() -> None:
    nothing = asked(tools=(WEATHER,), tool_choice=ToolChoice("none"))
    assert "toolConfig" not in sent(nothing)[0]
    history = (
        *HELLO,
        assistant(ToolCall(id="a", name="weather"), ToolCall(id="b", name="other")),
        user(ToolResult(call_id="a"), ToolResult(call_id="b")),
    )
    body, dropped = sent(asked(history, tools=(WEATHER,), tool_choice=ToolChoice("none")))
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["weather"]
    assert "toolChoice" not in body["toolConfig"]
    assert dropped == ["tool_choice"]
    body, dropped = sent(asked(history))
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["weather", "other"]
    assert body["toolConfig"]["tools"][0]["toolSpec"]["description"] == "This tool is not available now."
    assert dropped == []


def test_a_tool_whose_name_does_not_fit_is_refused_by_it() -> None:
    for name in ("x" * 65, "a.b", ""):
        error = refused(asked(tools=(Tool(name=name),)))
        assert error.param == "tools"
    assert "a.b" in refused(asked(tools=(Tool(name="a.b"),))).message


@pytest.mark.parametrize("arguments", ["[1]", "{", "12", "nonsense", "[" * 5000])
def test_arguments_that_are_no_object(arguments: str) -> None:
    calls = (*HELLO, assistant(ToolCall(id="a", name="weather", arguments=arguments)))
    assert "weather" in refused(asked(calls)).message


@given(st.text(max_size=90), st.text(max_size=90))
def test_ids_fit_and_stay_apart(one: str, other: str) -> None:
    request = asked((*HELLO, assistant(ToolCall(id=one, name="weather")), user(ToolResult(call_id=one))))
    body = sent(request)[0]["messages"]
    assert body[1]["content"][0]["toolUse"]["toolUseId"] == body[2]["content"][0]["toolResult"]["toolUseId"]
    assert (fitting_id(one) == fitting_id(other)) == (one == other)
    assert fitting_id(fitting_id(one)) == fitting_id(one)


def test_documents_have_plain_names_that_differ_and_a_text_beside_them() -> None:
    pdf: dict[str, Any] = {"kind": "file", "media_type": "application/pdf", "data": PNG}
    request = asked(
        (
            user(
                Media(**pdf, name="Q3  report_(final).pdf"),
                Media(**pdf, name="Q3 report-(final)"),
                Media(**pdf, name="日本語"),
                Media(**pdf, name="x" * 300),
                Media(**pdf, name="x" * 300),
                Media(kind="file", text="a,b", name="notes.txt", context="Mine", cite=True),
                Media(kind="file", media_type="application/octet-stream", data=PNG, name="table.xlsx"),
            ),
        )
    )
    content = sent(request)[0]["messages"][0]["content"]
    assert content.pop() == {"text": "See the document."}
    documents = [block["document"] for block in content]
    names = [document["name"] for document in documents]
    assert names[:3] == ["Q3 report-(final)", "Q3 report-(final) 2", "document"]
    assert names[3:5] == ["x" * 200, "x" * 198 + " 2"]
    assert documents[5] == {
        "format": "txt",
        "name": "notes",
        "source": {"bytes": base64.b64encode(b"a,b").decode()},
        "context": "Mine",
        "citations": {"enabled": True},
    }
    assert (documents[6]["format"], documents[6]["name"]) == ("xlsx", "table")
    told = asked((user(Media(**pdf), Text(text="Read it")),))
    assert sent(told)[0]["messages"][0]["content"][1:] == [{"text": "Read it"}]


@pytest.mark.parametrize(
    ("media", "wanted"),
    [
        (
            Media(kind="image", media_type="image/jpg", data=PNG),
            {"image": {"format": "jpeg", "source": {"bytes": PNG}}},
        ),
        (
            Media(kind="video", media_type="video/quicktime", data=PNG),
            {"video": {"format": "mov", "source": {"bytes": PNG}}},
        ),
        (
            Media(kind="file", media_type="video/3gpp", data=PNG),
            {"video": {"format": "three_gp", "source": {"bytes": PNG}}},
        ),
        (
            Media(kind="audio", media_type="audio/mpeg", data=PNG),
            {"audio": {"format": "mp3", "source": {"bytes": PNG}}},
        ),
        (
            Media(kind="image", url="s3://bucket/cat.webp"),
            {"image": {"format": "webp", "source": {"s3Location": {"uri": "s3://bucket/cat.webp"}}}},
        ),
    ],
)
def test_media(media: Media, wanted: Any) -> None:
    assert sent(asked((user(media),)))[0]["messages"][0]["content"] == [wanted]


@pytest.mark.parametrize(
    ("media", "words"),
    [
        (Media(kind="image", media_type="image/png", url="https://example.com/a.png"), "base64"),
        (Media(kind="file", media_type="application/pdf", url="http://example.com/a.pdf"), "base64"),
        (Media(kind="file", media_type="application/pdf", file_id="file-1"), "uploaded"),
        (Media(kind="image", media_type="image/bmp", data=PNG), "image/bmp"),
        (Media(kind="file", media_type="application/zip", data=PNG, name="a.pdf"), "application/zip"),
        (Media(kind="file", data=PNG), "unknown type"),
    ],
)
def test_media_that_cannot_be_carried_are_refused_whatever_may_be_dropped(media: Media, words: str) -> None:
    request = asked((user(media),))
    assert refused(request).param == "messages"
    with pytest.raises(CannotCarry, match=words):
        sent(request, drop=True)


def test_where_media_may_not_stand() -> None:
    image = Media(kind="image", media_type="image/png", data=PNG)
    assert "user's" in refused(asked((*HELLO, assistant(image)))).message
    assert refused(asked(system=(image,))).param == "system"
    sound = Media(kind="audio", media_type="audio/wav", data=PNG)
    assert "tool's result" in refused(asked((user(ToolResult(call_id="a", parts=(sound,))),))).message


def test_cache_marks() -> None:
    request = asked(
        (user(Text(text="Long", cache="5m"), ToolResult(call_id="a", parts=(Text(text="x", cache="1h"),))),),
        system=(Text(text="System", cache="1h"),),
        tools=(WEATHER, Tool(name="other", cache="5m")),
    )
    point, hour = {"cachePoint": {"type": "default"}}, {"cachePoint": {"type": "default", "ttl": "1h"}}
    body, dropped = sent(request)
    assert body["messages"][0]["content"][1:] == [hour, {"text": "Long"}, point]
    assert body["system"] == [{"text": "System"}, hour]
    assert body["toolConfig"]["tools"][2] == point
    assert dropped == []
    body, dropped = sent(request, "anthropic.claude-sonnet-4-20250514-v1:0")
    assert body["system"][1] == point
    assert dropped == ["cache_control.ttl"]
    body, dropped = sent(request, NOVA)
    assert (body["system"][1], len(body["toolConfig"]["tools"])) == (point, 2)
    assert dropped == ["cache_control.ttl", "cache_control"]
    body, dropped = sent(request, LLAMA)
    assert "cachePoint" not in json.dumps(body)
    assert dropped == ["cache_control"]


def test_thought_goes_back_with_its_seal_only() -> None:
    thoughts = (
        Reasoning(text="hm", signature="sig", origin="bedrock_converse"),
        Reasoning(redacted=PNG, origin="bedrock_converse"),
        Reasoning(text="any", signature="sig2"),
        Reasoning(text="theirs", signature="sig3", origin="anthropic_messages"),
        Reasoning(text="google's", signature="sig4", origin="gemini"),
        Reasoning(text="unsealed"),
    )
    request = asked((*HELLO, assistant(*thoughts, Text(text="Hi")), *HELLO))
    sealed = [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": PNG}},
        {"reasoningContent": {"reasoningText": {"text": "any", "signature": "sig2"}}},
    ]
    theirs = {"reasoningContent": {"reasoningText": {"text": "theirs", "signature": "sig3"}}}
    body, dropped = sent(request)
    assert body["messages"][1]["content"] == [*sealed, theirs, {"text": "Hi"}]
    assert dropped == ["messages.reasoning"]
    assert sent(request, NOVA_2)[0]["messages"][1]["content"] == [*sealed, {"text": "Hi"}]


BUDGETED = "anthropic.claude-3-7-sonnet-20250219-v1:0"
ALWAYS = "anthropic.claude-fable-5"
ASKS = [
    (BUDGETED, ReasoningAsk(effort="low"), {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
    (BUDGETED, ReasoningAsk(budget=5000), {"thinking": {"type": "enabled", "budget_tokens": 5000}}),
    (BUDGETED, ReasoningAsk(adaptive=True), {"thinking": {"type": "enabled", "budget_tokens": 8192}}),
    (BUDGETED, ReasoningAsk(effort="none"), {}),
    (
        NEWEST,
        ReasoningAsk(effort="xhigh", summary="auto"),
        {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "xhigh"}},
    ),
    (
        "anthropic.claude-opus-4-6-v1",
        ReasoningAsk(effort="xhigh", show=False),
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "high"}},
    ),
    (NEWEST, ReasoningAsk(adaptive=True), {"thinking": {"type": "adaptive"}}),
    (
        NEWEST,
        ReasoningAsk(budget=3000),
        {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "medium"}},
    ),
    (NEWEST, ReasoningAsk(budget=0), {}),
    ("anthropic.claude-sonnet-5", ReasoningAsk(effort="none"), {"thinking": {"type": "disabled"}}),
    (ARN, ReasoningAsk(adaptive=True), {"thinking": {"type": "adaptive"}}),
    (NOVA_2, ReasoningAsk(effort="xhigh"), {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}),
    (NOVA_2, ReasoningAsk(effort="none"), {"reasoningConfig": {"type": "disabled"}}),
    ("openai.gpt-oss-120b-1:0", ReasoningAsk(effort="minimal"), {"reasoning_effort": "low"}),
    ("openai.gpt-6-sol", ReasoningAsk(effort="none"), {"reasoning": {"effort": "none"}}),
    ("openai.gpt-6-sol", ReasoningAsk(budget=0), {"reasoning": {"effort": "none"}}),
    ("deepseek.v3-v1:0", ReasoningAsk(budget=100), {"reasoning_effort": "low"}),
    (LLAMA, ReasoningAsk(effort="none"), {}),
    (LLAMA, ReasoningAsk(adaptive=True), {}),
]


@pytest.mark.parametrize(("model", "ask", "wanted"), ASKS)
def test_thought_is_asked_for_in_the_form_of_the_family(model: str, ask: ReasoningAsk, wanted: Any) -> None:
    body, dropped = sent(asked(reasoning=ask), model)
    assert body.get("additionalModelRequestFields", {}) == wanted
    assert dropped == []


@pytest.mark.parametrize(
    ("model", "ask"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", ReasoningAsk(effort="low")),
        (NOVA, ReasoningAsk(budget=2000)),
        (LLAMA, ReasoningAsk(effort="high")),
        ("us.deepseek.r1-v1:0", ReasoningAsk(effort="low")),
        ("us.deepseek.r1-v1:0", ReasoningAsk(effort="none")),
        ("openai.gpt-oss-20b-1:0", ReasoningAsk(effort="none")),
    ],
)
def test_thought_that_cannot_be_asked_for_is_refused_by_name(model: str, ask: ReasoningAsk) -> None:
    request = asked(reasoning=ask)
    assert refused(request, model).param == "reasoning"
    body, dropped = sent(request, model, drop=True)
    assert "additionalModelRequestFields" not in body
    assert dropped == ["reasoning"]


def test_a_model_that_always_thinks_is_told_to_think_little() -> None:
    body, dropped = sent(asked(reasoning=ReasoningAsk(effort="none")), ALWAYS)
    assert body["additionalModelRequestFields"] == {"output_config": {"effort": "low"}}
    assert dropped == ["reasoning"]


def test_what_thought_rules_out() -> None:
    think = ReasoningAsk(effort="high")
    assert refused(asked(reasoning=think, temperature=0.5)).param == "temperature"
    assert refused(asked(reasoning=think, top_k=5)).param == "top_k"
    assert refused(asked(reasoning=think, top_p=0.5)).param == "top_p"
    body, dropped = sent(asked(reasoning=think, tools=(WEATHER,), tool_choice=ToolChoice("required")))
    assert (body["toolConfig"]["toolChoice"], dropped) == ({"any": {}}, ["reasoning"])
    assert "additionalModelRequestFields" not in body
    calls = (ToolCall(id="a", name="weather"), user(ToolResult(call_id="a")))
    for seal, kept in ((None, False), ("bedrock_converse", True), ("gemini", False)):
        first = (Reasoning(text="hm", signature="s", origin=seal),) if seal else ()
        history = (*HELLO, assistant(*first, calls[0]), calls[1])
        body, dropped = sent(asked(history, reasoning=think, tools=(WEATHER,)))
        assert ("additionalModelRequestFields" in body) == kept, seal
        assert ("reasoning" in dropped) != kept


def test_top_p() -> None:
    assert sent(asked(top_p=0.9))[0]["inferenceConfig"] == {"topP": 0.9}
    both = asked(top_p=0.9, temperature=0.1)
    assert refused(both).param == "top_p"
    assert sent(both, LLAMA)[0]["inferenceConfig"] == {"temperature": 0.1, "topP": 0.9}
    assert sent(both, ARN)[0]["inferenceConfig"] == {"temperature": 0.1, "topP": 0.9}
    assert refused(asked(top_p=1.5), LLAMA).param == "top_p"


def test_how_thought_is_shown_is_no_ask_for_it() -> None:
    for model in (LLAMA, NOVA, "deepseek.v3-v1:0", BUDGETED):
        assert "additionalModelRequestFields" not in sent(asked(reasoning=ReasoningAsk(summary="auto")), model)[0]


def test_a_word_leaves_room_for_the_answer() -> None:
    request = asked(reasoning=ReasoningAsk(effort="high"), max_tokens=4000)
    assert sent(request)[0]["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 2000
    small = asked(reasoning=ReasoningAsk(effort="high"), max_tokens=1024)
    assert "1024" in refused(small).message


def test_structured_output() -> None:
    schema = {
        "type": "object",
        "properties": {
            "enum": {"type": "object", "properties": {}},
            "list": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        },
        "default": {"type": "object"},
    }
    body = sent(asked(format=Format("json_schema", "answer", schema, "What I want")))[0]
    definition = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert (definition["name"], definition["description"]) == ("answer", "What I want")
    assert json.loads(definition["schema"]) == {
        "type": "object",
        "properties": {
            "enum": {"type": "object", "properties": {}, "additionalProperties": False},
            "list": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        },
        "default": {"type": "object"},
        "additionalProperties": False,
    }
    assert refused(asked(format=Format("json_object"))).param == "format"
    assert sent(asked(format=Format("json_object")), drop=True)[1] == ["format"]
    deep: dict[str, Any] = {}
    for _ in range(2000):
        deep = {"items": deep}
    assert "deeply" in refused(asked(format=Format("json_schema", schema=deep))).message


@pytest.mark.parametrize(
    ("member", "value", "model"),
    [
        ("temperature", 1.5, CLAUDE),
        ("temperature", 0.5, NEWEST),
        ("top_p", 0.5, NEWEST),
        ("top_k", 5, NEWEST),
        ("top_k", 5, LLAMA),
        ("seed", 1, CLAUDE),
        ("presence_penalty", 0.5, CLAUDE),
        ("frequency_penalty", 0.5, CLAUDE),
        ("logit_bias", {"1": 1}, CLAUDE),
        ("logprobs", True, CLAUDE),
        ("verbosity", "low", CLAUDE),
        ("service_tier", "scale", CLAUDE),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name_or_left_out(member: str, value: Any, model: str) -> None:
    request = asked(**{member: value})
    assert refused(request, model).param == member
    body, dropped = sent(request, model, drop=True)
    assert dropped == [member]
    assert body == sent(asked(), model)[0]


def test_nova_has_its_own_place_for_top_k() -> None:
    assert sent(asked(top_k=5), NOVA)[0]["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 5}}


@pytest.mark.parametrize("tier", ["flex", "priority", "reserved", "standard_only", "auto", "default"])
def test_service_tier(tier: str) -> None:
    body = sent(asked(service_tier=tier))[0]
    assert body.get("serviceTier") == ({"type": tier} if tier in ("flex", "priority", "reserved") else None)


def test_blank_stop_sequences() -> None:
    blank = asked(stop=("END", "\n", ""))
    assert refused(blank).param == "stop"
    assert sent(blank, drop=True)[0]["inferenceConfig"] == {"stopSequences": ["END"]}
    assert sent(blank, LLAMA, drop=True)[0]["inferenceConfig"] == {"stopSequences": ["END", "\n"]}


def test_the_end_user_is_in_the_metadata() -> None:
    assert sent(asked(user="user_1@example.com"))[0]["requestMetadata"] == {"user": "user_1@example.com"}
    body, dropped = sent(asked(user="<script>"))
    assert "requestMetadata" not in body
    assert dropped == ["user"]


def test_members_of_converse_by_their_own_names() -> None:
    own = {
        "requestMetadata": {"team": "a"},
        "performanceConfig": {"latency": "optimized"},
        "guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "1"},
        "additionalModelRequestFields": {"anthropic_beta": ["x"]},
        "additionalModelResponseFieldPaths": ["/more"],
    }
    body = sent(asked(unknown=own, user="me", top_k=3))[0]
    assert body["requestMetadata"] == {"user": "me", "team": "a"}
    assert body["additionalModelRequestFields"] == {"top_k": 3, "anthropic_beta": ["x"]}
    assert body["additionalModelResponseFieldPaths"][0] == "/more"
    assert body["guardrailConfig"] == own["guardrailConfig"]
    assert body["performanceConfig"] == own["performanceConfig"]
    assert refused(asked(unknown={"n": 2})).param == "n"
    assert sent(asked(unknown={"n": 2, "metadata": {}}, hints=frozenset({"metadata"})), drop=True)[1] == [
        "n",
        "metadata",
    ]


def test_what_only_hints_is_noted() -> None:
    request = asked(
        (
            Message(Role.USER, (Media(kind="image", media_type="image/png", data=PNG, detail="high"),), "bob"),
            assistant(Text(text="Said", citations=(Citation(url="https://example.com"),))),
        )
    )
    assert sent(request)[1] == ["messages.name", "messages.detail", "messages.citations"]


texts = st.text(max_size=20).map(lambda text: Text(text=text))
calls = st.builds(
    ToolCall, id=st.text(max_size=70), name=st.sampled_from(["weather", "other"]), arguments=st.just("{}")
)
results = st.builds(
    ToolResult, call_id=st.text(max_size=70), parts=st.lists(texts, max_size=3).map(tuple), is_error=st.booleans()
)
images = st.builds(
    Media, kind=st.just("image"), media_type=st.sampled_from(["image/png", "image/gif"]), data=st.just(PNG)
)
documents = st.builds(
    Media,
    kind=st.just("file"),
    media_type=st.just("application/pdf"),
    data=st.just(PNG),
    name=st.none() | st.text(max_size=250),
)
thoughts = st.builds(
    Reasoning, text=st.text(max_size=5), signature=st.none() | st.just("s"), redacted=st.none() | st.just(PNG)
)
messages = st.lists(
    st.builds(Message, st.just(Role.USER), st.lists(texts | results | images | documents, max_size=4).map(tuple))
    | st.builds(Message, st.just(Role.ASSISTANT), st.lists(texts | calls | thoughts, max_size=4).map(tuple)),
    max_size=5,
).map(lambda found: (*found, *HELLO))


@given(messages, st.sampled_from([CLAUDE, NEWEST, NOVA, LLAMA, ARN]))
def test_any_conversation_is_one_that_the_service_knows(conversation: tuple[Message, ...], model: str) -> None:
    body, _ = sent(asked(conversation), model)
    roles = [message["role"] for message in body["messages"]]
    assert all(one != other for one, other in itertools.pairwise(roles))
    for message in body["messages"]:
        assert message["content"]
        kinds = [next(iter(block)) for block in message["content"]]
        assert "toolResult" not in kinds[kinds.count("toolResult") :]
        assert "document" not in kinds or "text" in kinds
    names = [block["document"]["name"] for one in body["messages"] for block in one["content"] if "document" in block]
    assert len(names) == len(set(names))
