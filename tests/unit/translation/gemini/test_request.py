"""What Google is sent: golden pairs, each judged by Google's own library."""

from typing import Any

import pytest
from tests.unit.translation.gemini.judge import Google, asks, chat, typed, written

from gatewright.translation.carriage import CannotCarry
from gatewright.translation.gemini.contents import NO_SIGNATURE
from gatewright.translation.model import (
    Format,
    Media,
    Message,
    Part,
    Reasoning,
    ReasoningAsk,
    Refusal,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "max_days": {"type": ["integer", "null"], "minimum": 1}},
    "required": ["city"],
    "additionalProperties": False,
    "$defs": {"x_y": {"type": "string"}},
}
WEATHER = Tool(name="get_weather", description="The weather.", parameters=SCHEMA)
PNG = "iVBORw0KGgo="


def user(*parts: Part) -> Message:
    return Message(Role.USER, parts)


def model(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


def text(words: str) -> dict[str, Any]:
    return {"text": words}


GOLDEN: list[tuple[str, Any, dict[str, Any]]] = [
    ("plain", asks(), {"contents": [{"role": "user", "parts": [text("Hi")]}]}),
    (
        "everything_that_is_generated_with",
        asks(
            max_tokens=64,
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            stop=("END", "STOP"),
            seed=7,
            presence_penalty=0.1,
            frequency_penalty=-0.1,
            logprobs=True,
            top_logprobs=3,
        ),
        {
            "contents": [{"role": "user", "parts": [text("Hi")]}],
            "generationConfig": {
                "maxOutputTokens": 64,
                "temperature": 0.5,
                "topP": 0.9,
                "topK": 40,
                "stopSequences": ["END", "STOP"],
                "seed": 7,
                "presencePenalty": 0.1,
                "frequencyPenalty": -0.1,
                "responseLogprobs": True,
                "logprobs": 3,
            },
        },
    ),
    (
        "system_in_front_and_in_the_middle",
        asks(
            system=(Text(text="Be brief."), Text(text="Be kind.")),
            messages=(
                user(Text(text="A")),
                user(Text(text="B")),
                model(Text(text="C"), Text(text="")),
                Message(Role.SYSTEM, (Text(text="Now in French."),)),
                user(Refusal(text="D")),
            ),
        ),
        {
            "systemInstruction": {"parts": [text("Be brief."), text("Be kind.")]},
            "contents": [
                {"role": "user", "parts": [text("A"), text("B")]},
                {"role": "model", "parts": [text("C")]},
                {"role": "user", "parts": [text("Now in French."), text("D")]},
            ],
        },
    ),
    (
        "instructions_alone_are_what_the_user_says",
        asks(messages=(), system=(Text(text="Say something."),)),
        {"contents": [{"role": "user", "parts": [text("Say something.")]}]},
    ),
    (
        "tools",
        asks(tools=(WEATHER, Tool(name="now")), tool_choice=ToolChoice("named", "now")),
        {
            "contents": [{"role": "user", "parts": [text("Hi")]}],
            "tools": [
                {
                    "functionDeclarations": [
                        {"name": "get_weather", "description": "The weather.", "parametersJsonSchema": SCHEMA},
                        {"name": "now"},
                    ]
                }
            ],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["now"]}},
        },
    ),
    (
        "parallel_calls_and_their_results_in_many_messages",
        asks(
            tools=(WEATHER,),
            messages=(
                user(Text(text="Rome and Oslo?")),
                model(
                    Reasoning(text="Two calls."),
                    Text(text="I look."),
                    ToolCall(id="a", name="get_weather", arguments='{"city":"Rome","n":1.0}', signature="c2ln"),
                    ToolCall(id="b", name="get_weather", arguments=""),
                ),
                user(ToolResult(call_id="a", parts=(Text(text='{"c":21}'), Text(text="sunny")), name="not its name")),
                user(ToolResult(call_id="b", parts=(Text(text="down"),), is_error=True)),
                user(ToolResult(call_id="elsewhere", parts=(), name="now")),
            ),
        ),
        {
            "tools": [
                {
                    "functionDeclarations": [
                        {"name": "get_weather", "description": "The weather.", "parametersJsonSchema": SCHEMA}
                    ]
                }
            ],
            "contents": [
                {"role": "user", "parts": [text("Rome and Oslo?")]},
                {
                    "role": "model",
                    "parts": [
                        text("I look."),
                        {
                            "functionCall": {"id": "a", "name": "get_weather", "args": {"city": "Rome", "n": 1.0}},
                            "thoughtSignature": "c2ln",
                        },
                        {"functionCall": {"id": "b", "name": "get_weather", "args": {}}},
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {
                            "functionResponse": {
                                "id": "a",
                                "name": "get_weather",
                                "response": {"output": '{"c":21}\nsunny'},
                            }
                        },
                        {"functionResponse": {"id": "b", "name": "get_weather", "response": {"error": "down"}}},
                        {"functionResponse": {"id": "elsewhere", "name": "now", "response": {"output": ""}}},
                    ],
                },
            ],
        },
    ),
    (
        "media",
        asks(
            messages=(
                user(
                    Media(kind="image", media_type="image/png", data=PNG),
                    Media(kind="audio", media_type="audio/wav", data="UklGRg=="),
                    Media(kind="file", data="JVBERi0=", name="a.PDF"),
                    Media(kind="image", url="https://example.com/cat.JPG?sig=1"),
                    Media(kind="image", url="https://example.com/cat"),
                    Media(kind="file", file_id="files/abc", media_type="application/pdf"),
                    Media(kind="video", url="gs://bucket/film.mp4"),
                    Media(kind="file", text="Once.", name="story.txt", context="A story"),
                    Media(kind="image", media_type="image/png", data=PNG, context="The logo"),
                ),
            )
        ),
        {
            "contents": [
                {
                    "role": "user",
                    "parts": [
                        {"inlineData": {"mimeType": "image/png", "data": PNG}},
                        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
                        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
                        {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/cat.JPG?sig=1"}},
                        {"fileData": {"fileUri": "https://example.com/cat"}},
                        {
                            "fileData": {
                                "mimeType": "application/pdf",
                                "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc",
                            }
                        },
                        {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://bucket/film.mp4"}},
                        text("story.txt\nA story\nOnce."),
                        text("The logo"),
                        {"inlineData": {"mimeType": "image/png", "data": PNG}},
                    ],
                }
            ]
        },
    ),
    (
        "a_result_with_files",
        asks(
            messages=(
                model(ToolCall(id="a", name="look", arguments="{}", signature="c2ln")),
                user(
                    ToolResult(
                        call_id="a",
                        parts=(
                            Text(text="Here."),
                            Media(kind="image", media_type="image/png", data=PNG, context="before"),
                            Media(kind="audio", media_type="audio/wav", data="UklGRg=="),
                        ),
                    )
                ),
            )
        ),
        {
            "contents": [
                {
                    "role": "model",
                    "parts": [
                        {"functionCall": {"id": "a", "name": "look", "args": {}}, "thoughtSignature": "c2ln"},
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {
                            "functionResponse": {
                                "id": "a",
                                "name": "look",
                                "response": {"output": "Here.\nbefore"},
                                "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}],
                            }
                        },
                        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
                    ],
                },
            ]
        },
    ),
    (
        "structured_output",
        asks(format=Format("json_schema", name="trip", schema=SCHEMA, description="A trip.", strict=True)),
        {
            "contents": [{"role": "user", "parts": [text("Hi")]}],
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseJsonSchema": {"description": "A trip.", **SCHEMA},
            },
        },
    ),
    (
        "json_of_any_shape",
        asks(format=Format("json_object")),
        {
            "contents": [{"role": "user", "parts": [text("Hi")]}],
            "generationConfig": {"responseMimeType": "application/json"},
        },
    ),
    (
        "members_that_only_google_has_a_place_for",
        asks(
            unknown={
                "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
                "modalities": ["text", "image"],
                "web_search_options": {"search_context_size": "low"},
            },
            service_tier="flex",
        ),
        {
            "contents": [{"role": "user", "parts": [text("Hi")]}],
            "tools": [{"googleSearch": {}}],
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "serviceTier": "flex",
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
        },
    ),
    (
        "thought_and_its_seals",
        asks(
            reasoning=ReasoningAsk(effort="medium"),
            messages=(
                user(Text(text="Why?")),
                model(
                    Reasoning(text="Hm.", signature="c2ln", origin="gemini"),
                    Reasoning(text="", signature="dGV4dA==", origin="gemini"),
                    Text(text="Because."),
                    Reasoning(text="not yours", signature="x", origin="anthropic_messages"),
                    Reasoning(redacted="not yours", origin="openai_responses"),
                ),
                user(Text(text="Really?")),
            ),
        ),
        {
            "contents": [
                {"role": "user", "parts": [text("Why?")]},
                {
                    "role": "model",
                    "parts": [
                        {"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"},
                        {"text": "Because.", "thoughtSignature": "dGV4dA=="},
                    ],
                },
                {"role": "user", "parts": [text("Really?")]},
            ],
            "generationConfig": {"thinkingConfig": {"thinkingLevel": "MEDIUM", "includeThoughts": True}},
        },
    ),
]


@pytest.mark.parametrize(("request_", "body"), [pair[1:] for pair in GOLDEN], ids=[pair[0] for pair in GOLDEN])
def test_google_is_sent_what_its_own_library_would_send(google: Google, request_: Any, body: dict[str, Any]) -> None:
    sent, dropped = written(request_)
    assert sent == body
    assert dropped == []
    assert google.sends(sent) == sent


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
    ],
)
def test_the_choice_of_tools(choice: str, config: dict[str, Any]) -> None:
    sent, _ = written(asks(tools=(WEATHER,), tool_choice=ToolChoice(choice), parallel_tools=True))
    assert sent["toolConfig"] == {"functionCallingConfig": config}
    assert "toolConfig" not in written(asks(tool_choice=ToolChoice(choice)))[0]


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({}, False),
        ({"type": "object"}, False),
        ({"type": "object", "properties": {}, "additionalProperties": False, "required": []}, False),
        ({"type": "object", "additionalProperties": {"type": "string"}}, True),
        ({"type": "object", "properties": {}, "additionalProperties": True}, True),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}}, True),
        ({"type": "array"}, True),
    ],
)
def test_a_function_without_parameters_has_no_schema(schema: dict[str, Any], sent: bool) -> None:
    body, _ = written(asks(tools=(Tool(name="f", parameters=schema),)))
    assert ("parametersJsonSchema" in body["tools"][0]["functionDeclarations"][0]) is sent


def call(call_id: str, signature: str | None = None) -> Message:
    return model(ToolCall(id=call_id, name="f", arguments="{}", signature=signature))


def result(call_id: str) -> Message:
    return user(ToolResult(call_id=call_id, parts=(Text(text="r"),)))


def signatures(request: Any, name: str) -> list[str | None]:
    return [
        part.get("thoughtSignature")
        for content in written(request, name)[0]["contents"]
        for part in content["parts"]
        if "functionCall" in part
    ]


def test_a_call_whose_client_lost_the_signature_gets_googles_stand_in_only_where_it_is_judged() -> None:
    both = model(ToolCall(id="c", name="f"), ToolCall(id="d", name="f"))
    conversation = asks(
        messages=(
            user(Text(text="before")),
            call("a"),
            result("a"),
            user(Text(text="now")),
            both,
            result("c"),
            result("d"),
            call("e", "cmVhbA=="),
            result("e"),
            call("g"),
            result("g"),
        )
    )
    found = [None, NO_SIGNATURE, None, "cmVhbA==", NO_SIGNATURE]
    assert signatures(conversation, "gemini-3.1-pro-preview") == found
    assert signatures(conversation, "gemini-flash-latest") == found
    typed(written(conversation)[0])
    assert signatures(conversation, "gemini-2.5-flash") == [None, None, None, "cmVhbA==", None]


def test_older_models_get_the_files_of_a_result_beside_it() -> None:
    image = Media(kind="image", media_type="image/png", data=PNG)
    body, _ = written(
        asks(messages=(call("a"), user(ToolResult(call_id="a", parts=(image,))))),
        "gemini-2.5-flash",
    )
    assert body["contents"][1]["parts"] == [
        {"functionResponse": {"name": "f", "response": {"output": ""}}},
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
    ]


def test_older_models_refuse_ids_of_calls() -> None:
    conversation = asks(messages=(call("a"), result("a")))
    older, newer = (written(conversation, name)[0]["contents"] for name in ("gemini-2.5-pro", "gemini-3-pro-preview"))
    assert "id" not in older[0]["parts"][0]["functionCall"]
    assert "id" not in older[1]["parts"][0]["functionResponse"]
    assert newer[0]["parts"][0]["functionCall"]["id"] == newer[1]["parts"][0]["functionResponse"]["id"] == "a"


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"logit_bias": {"1": 1.0}}, "logit_bias"),
        ({"n": 2}, "n"),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}], "parallel_tool_calls": False},
            "parallel_tool_calls",
        ),
        ({"verbosity": "low"}, "verbosity"),
        ({"service_tier": "scale"}, "service_tier"),
        ({"modalities": ["text", "smell"]}, "modalities"),
        ({"web_search_options": {"user_location": {}}}, "web_search_options"),
        ({"prediction": {"type": "content", "content": "x"}}, "prediction"),
    ],
)
def test_what_google_has_no_place_for_is_refused_by_the_callers_name_or_dropped(
    members: dict[str, Any], param: str
) -> None:
    with pytest.raises(CannotCarry) as caught:
        written(chat(**members))
    assert caught.value.param == param
    body, dropped = written(chat(**members), drop=True)
    assert dropped == [param]
    typed(body)


@pytest.mark.parametrize(
    "members",
    [
        {"user": "u"},
        {"service_tier": "auto"},
        {"metadata": {"a": "b"}},
        {"prompt_cache_key": "k"},
    ],
)
def test_what_only_hints_is_never_refused(members: dict[str, Any]) -> None:
    typed(written(chat(**members))[0])


def test_marks_of_caches_names_and_strictness_are_let_go_and_said() -> None:
    request = asks(
        system=(Text(text="s", cache="5m"),),
        messages=(
            Message(Role.USER, (Text(text="a", cache="1h"), Media(kind="image", url="https://x/y.png", detail="low"))),
            Message(Role.USER, (Text(text="b"),), "Bob"),
        ),
        tools=(Tool(name="f", strict=True, cache="5m"),),
    )
    assert sorted(written(request)[1]) == ["cache_control", "detail", "name", "strict"]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ((user(Media(kind="image", url="http://example.com/a.png?key=secret")),), "https:// and gs://"),
        ((user(Media(kind="file", file_id="file-abc")),), "another provider's id"),
        ((user(Media(kind="file", data="AA==")),), "media type"),
        ((user(ToolResult(call_id="nobody")),), "answers no call"),
        ((model(ToolCall(id="a", name="f", arguments="[1]")),), "no JSON object"),
        ((model(ToolCall(id="a", name="f", arguments='{"a"')),), "no JSON object"),
        ((model(ToolCall(id="a", name="f", arguments='{"a":' + "[" * 5000)),), "no JSON object"),
    ],
)
def test_what_would_mean_something_else_is_refused_even_where_parameters_are_dropped(
    messages: tuple[Message, ...], words: str
) -> None:
    with pytest.raises(CannotCarry, match=words) as caught:
        written(asks(messages=messages), drop=True)
    assert caught.value.param == "messages"
    assert "secret" not in caught.value.message


def test_a_mark_inside_a_result_is_let_go_too() -> None:
    marked = user(ToolResult(call_id="a", parts=(Text(text="r", cache="5m"),)))
    assert written(asks(messages=(call("a", "c2ln"), marked)))[1] == ["cache_control"]


def test_documents_that_shall_be_quoted_are_refused_by_name() -> None:
    quoted = user(Media(kind="file", text="Once.", cite=True))
    with pytest.raises(CannotCarry) as caught:
        written(asks(messages=(quoted,)))
    assert caught.value.param == "citations"
    assert written(asks(messages=(quoted,)), drop=True)[1] == ["citations"]


def test_a_system_prompt_holds_text_alone() -> None:
    with pytest.raises(CannotCarry) as caught:
        written(asks(system=(Media(kind="image", url="https://x/y.png"),)))
    assert caught.value.param == "system"
