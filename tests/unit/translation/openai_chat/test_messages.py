"""Messages in both directions: golden pairs of what a client writes, the model, and what a provider is sent."""

from typing import Any

import pytest
from tests.unit.translation.openai_chat.bodies import read, sent

from gatewright.domain.errors import BadInput
from gatewright.translation.carriage import CannotCarry
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import (
    Citation,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from gatewright.translation.openai_chat.servers import SERVERS

USER = {"role": "user", "content": "Hello"}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
OTHER = {"id": "c2", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def messages(*wire: dict[str, Any]) -> tuple[Message, ...]:
    return read(messages=list(wire)).messages


def part(wire: dict[str, Any]) -> Part:
    """One part of a user's message."""
    (message,) = messages({"role": "user", "content": [wire]})
    (found,) = message.parts
    return found


def written(*parts: Part, role: Role = Role.USER, provider: str = "openai", drop: bool = False) -> list[Any]:
    request = Request(messages=(Message(role, parts),))
    return list(sent(request, provider=provider, drop=drop)[0]["messages"])


def left_out(*parts: Part, role: Role = Role.USER, provider: str = "openai") -> list[str]:
    return sent(Request(messages=(Message(role, parts),)), provider=provider)[1]


def test_the_system_prompt_is_what_stands_at_the_beginning() -> None:
    wire = [
        {"role": "system", "content": "One."},
        {"role": "developer", "content": [{"type": "text", "text": "Two."}]},
        USER,
        {"role": "system", "content": "Three."},
        {"role": "assistant", "content": "Hi"},
        {"role": "developer", "content": "Four.", "name": "boss"},
    ]
    request = read(messages=wire)
    assert request.system == (Text(text="One."), Text(text="Two."))
    assert request.messages == (
        Message(Role.USER, (Text(text="Hello"),)),
        Message(Role.SYSTEM, (Text(text="Three."),)),
        Message(Role.ASSISTANT, (Text(text="Hi"),)),
        Message(Role.SYSTEM, (Text(text="Four."),), "boss"),
    )
    assert sent(request)[0]["messages"] == [
        {"role": "system", "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]},
        USER,
        {"role": "system", "content": "Three."},
        {"role": "assistant", "content": "Hi"},
        {"role": "system", "content": "Four.", "name": "boss"},
    ]


def test_a_named_system_message_is_no_part_of_the_prompt() -> None:
    """It is an example, or what a participant said."""
    request = read(messages=[{"role": "system", "content": "A", "name": "example_user"}, USER])
    assert (request.system, request.messages[0].role, request.messages[0].name) == ((), Role.SYSTEM, "example_user")


def test_tool_results_are_grouped_and_stand_for_themselves_again() -> None:
    wire: list[dict[str, Any]] = [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [CALL, OTHER]},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "two"}]},
        {"role": "user", "content": "And?"},
    ]
    request = read(messages=wire)
    assert request.messages[1:] == (
        Message(
            Role.ASSISTANT,
            (ToolCall(id="c1", name="look", arguments='{"a":1}'), ToolCall(id="c2", name="look", arguments="{}")),
        ),
        Message(
            Role.USER,
            (
                ToolResult(call_id="c1", parts=(Text(text="one"),)),
                ToolResult(call_id="c2", parts=(Text(text="two"),)),
            ),
        ),
        Message(Role.USER, (Text(text="And?"),)),
    )
    back = sent(request)[0]["messages"]
    wire[3]["content"] = "two"
    assert back == wire


def test_results_come_before_what_the_user_says_besides() -> None:
    """Servers refuse anything between a call and its result."""
    found = written(Text(text="Look."), ToolResult(call_id="c1", parts=(Text(text="one"),)))
    assert found == [
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "user", "content": "Look."},
    ]


def test_an_image_that_a_tool_gave_follows_in_a_message_of_its_own() -> None:
    image = Media(kind="image", media_type="image/png", data="AAAA")
    link = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    found = written(
        ToolResult(call_id="c1", parts=(image,)),
        ToolResult(call_id="c2", parts=(Text(text="seen"), image)),
        Text(text="Well?"),
    )
    assert found == [
        {"role": "tool", "tool_call_id": "c1", "content": "The result is in the next message."},
        {"role": "tool", "tool_call_id": "c2", "content": "seen"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "From the tool call c1:"},
                link,
                {"type": "text", "text": "From the tool call c2:"},
                link,
                {"type": "text", "text": "Well?"},
            ],
        },
    ]


def test_a_failed_tool_keeps_its_words_and_the_mark_is_noted() -> None:
    failed = ToolResult(call_id="c1", parts=(Text(text="no such file"),), is_error=True)
    assert written(failed) == [{"role": "tool", "tool_call_id": "c1", "content": "no such file"}]
    assert left_out(failed) == ["is_error"]
    assert written(ToolResult(call_id="c1")) == [{"role": "tool", "tool_call_id": "c1", "content": ""}]


PARTS: list[tuple[dict[str, Any], Part, dict[str, Any] | None]] = [
    ({"type": "text", "text": "Hi"}, Text(text="Hi"), None),
    (
        {"type": "image_url", "image_url": {"url": "https://a.example/x.png", "detail": "low"}},
        Media(kind="image", url="https://a.example/x.png", detail="low"),
        None,
    ),
    (
        {"type": "image_url", "image_url": "https://a.example/x.png"},
        Media(kind="image", url="https://a.example/x.png"),
        {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}},
    ),
    (
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/"}},
        Media(kind="image", media_type="image/jpeg", data="/9j/"),
        None,
    ),
    (
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
        Media(kind="audio", media_type="audio/wav", data="UklG"),
        None,
    ),
    (
        {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        Media(kind="audio", media_type="audio/mpeg", data="SUQz"),
        None,
    ),
    (
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}},
        Media(kind="file", media_type="application/pdf", data="JVBE", name="a.pdf"),
        None,
    ),
    (
        {"type": "file", "file": {"file_data": "JVBE", "filename": "a.PDF"}},
        Media(kind="file", media_type="application/pdf", data="JVBE", name="a.PDF"),
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.PDF"}},
    ),
    (
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE"}},
        Media(kind="file", media_type="application/pdf", data="JVBE"),
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "document.pdf"}},
    ),
    ({"type": "file", "file": {"file_id": "file-1"}}, Media(kind="file", file_id="file-1"), None),
    ({"type": "refusal", "refusal": "No."}, Refusal(text="No."), None),
]


@pytest.mark.parametrize(("wire", "model", "back"), PARTS)
def test_a_part_is_read_and_written(wire: dict[str, Any], model: Part, back: dict[str, Any] | None) -> None:
    assert part(wire) == model
    (message,) = written(model, Text(text="and this"))
    assert message["content"] == [back or wire, {"type": "text", "text": "and this"}]


def test_what_litellm_and_others_take_besides_is_read() -> None:
    video = {"type": "video_url", "video_url": {"url": "https://a.example/x.mp4"}}
    assert part(video) == Media(kind="video", url="https://a.example/x.mp4")
    pdf = {"type": "image_url", "image_url": {"url": "https://a.example/x", "format": "application/pdf"}}
    assert part(pdf) == Media(kind="file", media_type="application/pdf", url="https://a.example/x")
    linked = {"type": "file", "file": {"file_id": "https://a.example/x.pdf", "format": "application/pdf"}}
    assert part(linked) == Media(kind="file", media_type="application/pdf", url="https://a.example/x.pdf")


@pytest.mark.parametrize(
    "media",
    [
        Media(kind="image", file_id="file-1"),
        Media(kind="file", url="https://a.example/x.pdf"),
        Media(kind="audio", url="https://a.example/x.wav"),
        Media(kind="video", url="https://a.example/x.mp4"),
    ],
)
def test_media_that_the_dialect_cannot_hold_are_refused_even_when_dropping(media: Media) -> None:
    for drop in (False, True):
        with pytest.raises(CannotCarry, match=media.kind) as caught:
            written(media, drop=drop)
        assert caught.value.param == "messages"


def test_a_document_in_plain_text_is_text() -> None:
    document = Media(kind="file", media_type="text/plain", text="Rain.", name="report", context="of today")
    assert written(document) == [{"role": "user", "content": [{"type": "text", "text": "report\n\nof today\n\nRain."}]}]
    assert left_out(Media(kind="file", media_type="application/pdf", data="JVBE", cite=True)) == ["citations"]
    assert left_out(Text(text="a", citations=(Citation(url="https://a.example"),)), Text(text="b")) == ["citations"]


def test_texts_are_one_string_for_servers_that_take_nothing_else() -> None:
    two = (Text(text="one"), Text(text="two"))
    assert written(*two, provider="deepseek") == [{"role": "user", "content": "one\ntwo"}]
    assert isinstance(written(*two)[0]["content"], list)


def test_empty_texts_are_left_out() -> None:
    assert messages({"role": "user", "content": [{"type": "text", "text": ""}]})[0].parts == ()
    assert messages({"role": "assistant", "content": "", "tool_calls": [CALL]})[0].parts == (
        ToolCall(id="c1", name="look", arguments='{"a":1}'),
    )
    assert written() == [{"role": "user", "content": ""}]
    assert written(role=Role.ASSISTANT) == [{"role": "assistant", "content": ""}]
    assert written(ToolCall(id="c1", name="look"), role=Role.ASSISTANT) == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
        }
    ]


def assistant(**members: Any) -> tuple[Part, ...]:
    (message,) = messages({"role": "assistant", **members})
    return message.parts


SIGNED = {"type": "thinking", "thinking": "Hm", "signature": "c2ln"}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"reasoning_content": "Hm"}, Reasoning(text="Hm")),
        ({"reasoning": "Hm"}, Reasoning(text="Hm")),
        ({"reasoning_content": "Hm", "reasoning": "Hm"}, Reasoning(text="Hm")),
        (
            {"reasoning_content": "Hm", "thinking_blocks": [SIGNED]},
            Reasoning(text="Hm", signature="c2ln", origin=Dialect.MESSAGES),
        ),
        (
            {"thinking_blocks": [{"type": "redacted_thinking", "data": "ZW5j"}]},
            Reasoning(redacted="ZW5j", origin=Dialect.MESSAGES),
        ),
        ({"thinking_blocks": [{"type": "thinking", "thinking": "Hm", "signature": ""}]}, Reasoning(text="Hm")),
        ({"thinking_blocks": [{**SIGNED, "signature": "gatewright-1:garbage"}]}, Reasoning(text="Hm")),
        ({"thinking_blocks": [{**SIGNED, "signature": "gatewright-9:later"}]}, Reasoning(text="Hm")),
    ],
)
def test_thoughts_are_read_by_all_their_names(members: dict[str, Any], expected: Reasoning) -> None:
    assert assistant(content="So.", **members) == (expected, Text(text="So."))


def test_thoughts_in_the_content_are_read_where_they_stand() -> None:
    found = assistant(content=[SIGNED, {"type": "redacted_thinking", "data": "ZW5j"}, {"type": "text", "text": "So."}])
    assert found == (
        Reasoning(text="Hm", signature="c2ln", origin=Dialect.MESSAGES),
        Reasoning(redacted="ZW5j", origin=Dialect.MESSAGES),
        Text(text="So."),
    )


THOUGHTS = (
    Reasoning(text="Mine.", signature="c2ln", origin=Dialect.CHAT),
    Reasoning(text="Theirs.", signature="Z2Vt", origin=Dialect.GEMINI),
    Reasoning(redacted="ZW5j", origin=Dialect.CHAT),
)


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("openai", {}),
        ("deepseek", {"reasoning_content": "Mine.Theirs."}),
        ("ollama", {"reasoning": "Mine.Theirs."}),
        (
            "litellm_proxy",
            {
                "reasoning_content": "Mine.Theirs.",
                "thinking_blocks": [
                    {"type": "thinking", "thinking": "Mine.", "signature": "c2ln"},
                    {"type": "redacted_thinking", "data": "ZW5j"},
                ],
            },
        ),
        (
            "openrouter",
            {
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "Mine.", "signature": "c2ln", "id": None, "index": 0},
                    {"type": "reasoning.encrypted", "data": "ZW5j", "id": None, "index": 1},
                ]
            },
        ),
    ],
)
def test_thoughts_go_back_in_the_servers_form_without_the_seals_of_others(
    provider: str, expected: dict[str, Any]
) -> None:
    (found,) = written(*THOUGHTS, Text(text="So."), role=Role.ASSISTANT, provider=provider)
    assert found == {"role": "assistant", "content": "So.", **expected}
    assert left_out(*THOUGHTS, role=Role.ASSISTANT, provider=provider) == ([] if expected else ["reasoning"])


@pytest.mark.parametrize("provider", SERVERS)
def test_every_server_gets_thoughts_by_a_name_that_some_server_has(provider: str) -> None:
    (found,) = written(Reasoning(text="Hm"), Text(text="So."), role=Role.ASSISTANT, provider=provider)
    assert found.keys() - {"role", "content"} in (set(), {"reasoning_content"}, {"reasoning"})


def test_unsealed_thoughts_go_to_openrouter_as_text() -> None:
    (found,) = written(Reasoning(text="Hm"), Text(text="So."), role=Role.ASSISTANT, provider="openrouter")
    assert found == {"role": "assistant", "content": "So.", "reasoning": "Hm"}
    sealed = Reasoning(text="Sum.", redacted="ZW5j", id="rs_1", origin=Dialect.CHAT)
    other = Reasoning(text="Hm", signature="c2ln", id="rs_2", origin=Dialect.CHAT)
    (found,) = written(sealed, other, role=Role.ASSISTANT, provider="openrouter")
    assert [(detail["type"], detail["id"], detail["index"]) for detail in found["reasoning_details"]] == [
        ("reasoning.text", "rs_1", 0),
        ("reasoning.encrypted", "rs_1", 1),
        ("reasoning.text", "rs_2", 2),
    ]


@pytest.mark.parametrize(
    "extra",
    [
        {"extra_content": {"google": {"thought_signature": "c2ln"}}},
        {"provider_specific_fields": {"thought_signature": "c2ln"}},
    ],
)
def test_the_signature_of_a_call_is_read(extra: dict[str, Any]) -> None:
    (call,) = assistant(content=None, tool_calls=[{**CALL, **extra}])
    assert call == ToolCall(id="c1", name="look", arguments='{"a":1}', signature="c2ln")
    (found,) = written(call, role=Role.ASSISTANT, provider="litellm_proxy")
    assert found["tool_calls"] == [{**CALL, "extra_content": {"google": {"thought_signature": "c2ln"}}}]
    (found,) = written(call, role=Role.ASSISTANT)
    assert found["tool_calls"] == [CALL]


def test_refusals_and_images_of_the_model() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    found = assistant(content=None, refusal="No.", images=[image])
    assert found == (Refusal(text="No."), Media(kind="image", media_type="image/png", data="AAAA"))
    with pytest.raises(CannotCarry) as caught:
        written(*found, role=Role.ASSISTANT)
    assert caught.value.param == "images"
    (message,) = written(*found, role=Role.ASSISTANT, drop=True)
    assert message["content"] == [{"type": "refusal", "refusal": "No."}]
    (message,) = written(Refusal(text="No."), role=Role.ASSISTANT, provider="groq")
    assert message["content"] == "No."  # a server that copied OpenAI's API before there were refusals


EPHEMERAL = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize(
    ("mark", "cache"),
    [
        ({"cache_control": EPHEMERAL}, "5m"),
        ({"cache_control": HOUR}, "1h"),
        ({"cache_control": {"type": "ephemeral", "ttl": "5m"}}, "5m"),
        ({"prompt_cache_breakpoint": {"mode": "explicit"}}, "5m"),
        ({"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}, "1h"),
    ],
)
def test_cache_marks_are_read_from_parts_and_messages(mark: dict[str, Any], cache: str) -> None:
    on_part = {"role": "user", "content": [{"type": "text", "text": "a", **mark}, {"type": "text", "text": "b"}]}
    assert messages(on_part)[0].parts == (Text(text="a", cache=cache), Text(text="b"))
    for content in ("a", [{"type": "text", "text": "a"}]):
        assert messages({"role": "user", "content": content, **mark})[0].parts == (Text(text="a", cache=cache),)
    assert read(messages=[{"role": "system", "content": "a", **mark}, USER]).system == (Text(text="a", cache=cache),)
    tool = {"role": "tool", "tool_call_id": "c1", "content": "a", **mark}
    assert messages(tool)[0].parts == (ToolResult(call_id="c1", parts=(Text(text="a"),), cache=cache),)


def test_cache_marks_are_written_where_they_are_known_and_noted_elsewhere() -> None:
    tool = {"type": "function", "function": {"name": "look"}, "cache_control": HOUR}
    request = read(
        messages=[{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": EPHEMERAL}]}],
        tools=[tool],
    )
    assert request.tools == (Tool(name="look", cache="1h"),)
    body, dropped = sent(request, provider="openrouter")
    assert body["messages"][0]["content"] == [{"type": "text", "text": "a", "cache_control": EPHEMERAL}]
    assert body["tools"] == [tool]
    assert dropped == []
    body, dropped = sent(request)
    assert body["messages"] == [{"role": "user", "content": "a"}]
    assert "cache_control" not in body["tools"][0]
    assert dropped == ["cache_control"]
    result = ToolResult(call_id="c1", parts=(Text(text="a"),), cache="5m")
    (message,) = written(result, provider="openrouter")
    assert message["content"] == [{"type": "text", "text": "a", "cache_control": EPHEMERAL}]
    inside = read(tools=[{"type": "function", "function": {"name": "look", "cache_control": EPHEMERAL}}])
    assert inside.tools[0].cache == "5m"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"role": "wizard", "content": "x"}, ".role"),
    ({"role": "user"}, ".content"),
    ({"role": "user", "content": None}, ".content"),
    ({"role": "system"}, ".content"),
    ({"role": "system", "content": [{"type": "image_url", "image_url": "https://a.example/x"}]}, ".content"),
    ({"role": "user", "content": [{"type": "hologram"}]}, ".content[0].type"),
    ({"role": "user", "content": [{"type": "text"}]}, ".content[0].text"),
    ({"role": "user", "content": [{"type": "image_url"}]}, ".content[0].image_url"),
    ({"role": "user", "content": [{"type": "image_url", "image_url": "file:///x"}]}, ".content[0].image_url"),
    ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, ".content[0].image_url.url"),
    ({"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png,x"}]}, ".content[0].image_url"),
    ({"role": "user", "content": [{"type": "input_audio"}]}, ".content[0].input_audio"),
    ({"role": "user", "content": [{"type": "file", "file": {}}]}, ".content[0].file"),
    ({"role": "user", "content": [{"type": "file", "file": {"file_id": "a", "file_data": "b"}}]}, ".content[0].file"),
    (
        {"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"ttl": "1y"}}]},
        ".content[0].cache_control",
    ),
    ({"role": "tool", "content": "x"}, ".tool_call_id"),
    ({"role": "function", "name": "f", "content": "x"}, ""),
    ({"role": "assistant", "function_call": {"name": "f", "arguments": ""}}, ".function_call"),
    ({"role": "assistant", "audio": {"id": "a"}}, ".audio"),
    ({"role": "assistant", "tool_calls": [{"id": "c", "type": "custom"}]}, ".tool_calls[0].type"),
    ({"role": "assistant", "tool_calls": [{"type": "function"}]}, ".tool_calls[0]"),
    ({"role": "assistant", "content": [{"type": "thinking"}]}, ".content[0].thinking"),
    ({"role": "assistant", "content": [{"type": "redacted_thinking"}]}, ".content[0].data"),
    ({"role": "assistant", "content": [{"type": "refusal"}]}, ".content[0].refusal"),
    ({"role": "user", "content": 5}, ".content"),
    ({}, ""),
]


@pytest.mark.parametrize(("message", "where"), WRONG)
def test_what_is_wrong_is_named(message: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        messages(USER, message)
    assert caught.value.param == f"messages[1]{where}"


def test_names_of_participants_are_kept() -> None:
    wire = [{**USER, "name": "ann"}, {"role": "assistant", "content": "Hi", "name": "bob"}]
    request = read(messages=wire)
    assert [message.name for message in request.messages] == ["ann", "bob"]
    assert sent(request)[0]["messages"] == wire
