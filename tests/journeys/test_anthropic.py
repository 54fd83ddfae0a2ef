"""Anthropic's dialect as applications speak it: its own SDK before both kinds of providers, OpenAI's before Claude."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam, ToolParam
from pydantic import BaseModel
from tests.journeys.anthropic_stage import Breaking, Claude, Failure, Gpt, Speaker, Turn
from tests.servers import MASTER_KEY, Gatewright, gatewright
from tests.unit.translation.anthropic_messages.judge import accumulated

CONFIG = """
model_list:
  - model_name: claude
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_base: "{claude}", api_key: sk-ant-api03-upstream}}
    model_info: {{input_cost_per_token: 0.000003, output_cost_per_token: 0.000015}}
  - model_name: gpt
    litellm_params: {{model: openai/gpt-x, api_base: "{gpt}", api_key: sk-upstream}}
router_settings: {{num_retries: 0, disable_cooldowns: true}}
"""
HELLO: list[MessageParam] = [{"role": "user", "content": "Hello"}]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TOOLS: list[ToolParam] = [
    {
        "name": "weather",
        "description": "The weather of a city.",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "cache_control": {"type": "ephemeral"},
    },
    {"name": "clock", "input_schema": {"type": "object", "properties": {}}},
]
CALLS = Turn("Let me look.", calls=(("call_1", "weather", {"city": "Zürich"}), ("call_2", "clock", {})))


class Stage:
    """A server with a model of each kind, and the client of each SDK."""

    def __init__(self, server: Gatewright, claude: Claude, gpt: Gpt) -> None:
        self.server = server
        self.speakers: dict[str, Speaker] = {"claude": claude, "gpt": gpt}
        self.anthropic = Anthropic(base_url=server.url, api_key=MASTER_KEY, max_retries=0)
        self.openai = openai.OpenAI(base_url=f"{server.url}/v1", api_key=MASTER_KEY, max_retries=0)

    def close(self) -> None:
        self.anthropic.close()
        self.openai.close()


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("anthropic")
    claude, gpt = Claude(), Gpt()
    config = folder / "config.yaml"
    # LiteLLM's address of Anthropic has no /v1.
    config.write_text(CONFIG.format(claude=claude.base.removesuffix("/v1"), gpt=gpt.base))
    with gatewright(folder / "data", config=config, workers=1) as server:
        found = Stage(server, claude, gpt)
        yield found
        found.close()
    claude.close()
    gpt.close()


@pytest.fixture
def stage(everything: Stage) -> Iterator[Stage]:
    """No request may be one that the provider's own library would not send."""
    yield everything
    for speaker in everything.speakers.values():
        assert speaker.wrong == []


@pytest.fixture(params=["claude", "gpt"])
def model(request: pytest.FixtureRequest) -> str:
    """Behind one of them bytes pass through, behind the other conversations are translated."""
    return str(request.param)


def test_a_question(stage: Stage, model: str) -> None:
    speaker = stage.speakers[model]
    speaker.says(Turn("Grüezi"))
    message = stage.anthropic.messages.create(
        model=model, max_tokens=100, messages=HELLO, system=[{"type": "text", "text": "Be brief."}]
    )
    assert [block.text for block in message.content if block.type == "text"] == ["Grüezi"]
    assert (message.usage.input_tokens, message.usage.output_tokens) == (12, 9)
    assert (message.stop_reason, message.role, message.type) == ("end_turn", "assistant", "message")
    assert message.id.startswith("msg_")
    assert message._request_id is not None
    assert message._request_id.startswith("req-")
    credential = speaker.headers[0].get("x-api-key") or speaker.headers[0]["authorization"]
    assert credential == {"claude": "sk-ant-api03-upstream", "gpt": "Bearer sk-upstream"}[model]


def test_a_stream_event_by_event(stage: Stage, model: str) -> None:
    stage.speakers[model].says(Turn("Good morning."))
    with stage.anthropic.messages.create(model=model, max_tokens=100, messages=HELLO, stream=True) as stream:
        events = list(stream)
    assert events[0].type == "message_start"
    assert [event.type for event in events[-2:]] == ["message_delta", "message_stop"]
    texts = [event.delta for event in events if event.type == "content_block_delta"]
    assert "".join(delta.text for delta in texts if delta.type == "text_delta") == "Good morning."


@pytest.mark.parametrize("streamed", [False, True])
def test_a_conversation_with_tools(stage: Stage, model: str, streamed: bool) -> None:
    speaker = stage.speakers[model]
    speaker.says(CALLS, Turn("Rain, at noon."))
    messages: list[MessageParam] = [{"role": "user", "content": "The weather in Zürich, and the time?"}]

    def ask() -> anthropic.types.Message:
        given: Any = {"model": model, "max_tokens": 4000, "messages": messages, "tools": TOOLS}
        if not streamed:
            whole: anthropic.types.Message = stage.anthropic.messages.create(**given, tool_choice={"type": "auto"})
            return whole
        with stage.anthropic.messages.stream(**given) as stream:
            return stream.get_final_message()

    first = ask()
    calls = [block for block in first.content if block.type == "tool_use"]
    assert [(call.id, call.name, call.input) for call in calls] == list(CALLS.calls)
    assert first.stop_reason == "tool_use"
    messages.append(first.to_param())
    results: list[Any] = [
        {"type": "tool_result", "tool_use_id": "call_1", "content": "Rain.", "cache_control": {"type": "ephemeral"}},
        {
            "type": "tool_result",
            "tool_use_id": "call_2",
            "content": [{"type": "text", "text": "No."}],
            "is_error": True,
        },
    ]
    messages.append({"role": "user", "content": results})
    second = ask()
    assert [block.text for block in second.content if block.type == "text"] == ["Rain, at noon."]
    sent = speaker.requests[1]["messages"]
    if model == "gpt":
        assert [one["role"] for one in sent] == ["user", "assistant", "tool", "tool"]
        assert (
            [call["id"] for call in sent[1]["tool_calls"]]
            == ["call_1", "call_2"]
            == [one["tool_call_id"] for one in sent[2:]]
        )
    else:
        assert sent == json.loads(json.dumps(messages, default=lambda block: block.to_dict()))


@pytest.mark.parametrize("streamed", [False, True])
def test_thoughts(stage: Stage, model: str, streamed: bool) -> None:
    speaker = stage.speakers[model]
    speaker.says(Turn("Four.", thought="Two and two, then. ", signature="c2lnbmF0dXJl"), Turn("Yes."))
    given: Any = {
        "model": model,
        "max_tokens": 5000,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "messages": HELLO,
    }
    if streamed:
        with stage.anthropic.messages.stream(**given) as stream:
            message = stream.get_final_message()
    else:
        message = stage.anthropic.messages.create(**given)
    thought = message.content[0]
    assert thought.type == "thinking"
    assert thought.thinking == "Two and two, then. "
    given["messages"] = [*HELLO, message.to_param(), {"role": "user", "content": "Sure?"}]
    stage.anthropic.messages.create(**given)
    if model == "claude":
        assert thought.signature == "c2lnbmF0dXJl"
        assert speaker.requests[1]["messages"][1]["content"][0]["signature"] == "c2lnbmF0dXJl"
    else:
        assert speaker.requests[0]["reasoning_effort"] == "low"


def test_pictures_documents_and_instructions_among_the_messages(stage: Stage, model: str) -> None:
    speaker = stage.speakers[model]
    speaker.says(Turn("A dot."))
    pdf = base64.b64encode(b"%PDF-1.4 nothing").decode()
    content: list[Any] = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": pdf},
            "title": "a.pdf",
        },
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "some words"}},
        {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ]
    messages: list[MessageParam] = [{"role": "user", "content": content}, {"role": "system", "content": "Be brief."}]
    stage.anthropic.messages.create(model=model, max_tokens=100, messages=messages)
    sent = speaker.requests[0]["messages"]
    if model == "claude":
        assert sent == messages
    else:
        assert [one["role"] for one in sent][:1] == ["user"]
        assert f"data:image/png;base64,{PNG}" in json.dumps(sent)
        assert pdf in json.dumps(sent)
        assert "some words" in json.dumps(sent)
        assert "Be brief." in json.dumps(sent)


class City(BaseModel):
    name: str
    people: int


def test_answers_with_a_schema(stage: Stage, model: str) -> None:
    speaker = stage.speakers[model]
    speaker.says(Turn('{"name":"Zürich","people":400000}'))
    parsed = stage.anthropic.messages.parse(model=model, max_tokens=100, messages=HELLO, output_format=City)
    assert parsed.parsed_output == City(name="Zürich", people=400_000)
    sent = speaker.requests[0]
    schema = (
        sent["output_config"]["format"]["schema"]
        if model == "claude"
        else sent["response_format"]["json_schema"]["schema"]
    )
    assert set(schema["properties"]) == {"name", "people"}


def test_counting(stage: Stage, model: str) -> None:
    stage.speakers[model].says()
    raw = stage.anthropic.messages.with_raw_response.count_tokens(model=model, messages=HELLO, tools=TOOLS)
    if model == "claude":
        assert raw.parse().input_tokens == 2095
        assert "x-gatewright-estimate" not in raw.headers
    else:
        assert 10 < raw.parse().input_tokens < 200
        assert raw.headers["x-gatewright-estimate"] == "input_tokens"
        assert stage.speakers[model].requests == []


def test_the_models(stage: Stage) -> None:
    assert [one.id for one in stage.anthropic.models.list(limit=1)] == ["claude", "gpt"]
    found = stage.anthropic.models.retrieve("claude")
    assert (found.id, found.type, found.created_at.year) == ("claude", "model", 2023)
    assert [one.id for one in stage.openai.models.list()] == ["claude", "gpt"]


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (400, "invalid_request_error", anthropic.BadRequestError),
        (404, "not_found_error", anthropic.NotFoundError),
        (413, "request_too_large", anthropic.ContentTooLargeError),
        (429, "rate_limit_error", anthropic.RateLimitError),
        (500, "api_error", anthropic.InternalServerError),
        (529, "overloaded_error", anthropic.OverloadedError),
    ],
)
def test_a_providers_refusal_raises_what_it_raises_at_the_provider(
    stage: Stage, model: str, status: int, kind: str, error: type[anthropic.APIStatusError]
) -> None:
    stage.speakers[model].says(Failure(status, kind, "Not like this."))
    with pytest.raises(error) as caught:
        stage.anthropic.messages.create(model=model, max_tokens=100, messages=HELLO)
    assert caught.value.type == kind
    assert "Not like this." in caught.value.message
    assert caught.value.request_id is not None


def test_our_own_refusals_raise_what_they_should(stage: Stage, model: str) -> None:
    with (
        Anthropic(base_url=stage.server.url, api_key="sk-nobody", max_retries=0) as stranger,
        pytest.raises(anthropic.AuthenticationError) as caught,
    ):
        stranger.messages.create(model=model, max_tokens=100, messages=HELLO)
    assert caught.value.type == "authentication_error"
    with pytest.raises(anthropic.NotFoundError) as unknown:
        stage.anthropic.messages.create(model="nobody", max_tokens=100, messages=HELLO)
    assert (unknown.value.type, unknown.value.error_code) == ("not_found_error", "model_not_found")
    stage.speakers["gpt"].says()
    with pytest.raises(anthropic.BadRequestError, match="web_search_20250305"):
        stage.anthropic.messages.create(
            model="gpt",
            max_tokens=100,
            messages=HELLO,
            tools=[{"type": "web_search_20250305", "name": "web_search"}],
        )
    assert stage.speakers["gpt"].requests == []


def test_an_error_in_a_stream_is_raised(stage: Stage, model: str) -> None:
    speaker = stage.speakers[model]
    speaker.says(Breaking("Half a", "Overloaded, alas."))
    texts: list[str] = []

    def listen() -> None:
        with stage.anthropic.messages.stream(model=model, max_tokens=100, messages=HELLO) as stream:
            for text in stream.text_stream:
                texts.append(text)
                speaker.hold.set()

    with pytest.raises(anthropic.APIStatusError) as caught:
        listen()
    assert "".join(texts) == "Half a"
    assert "Overloaded, alas." in str(caught.value.body)


def test_the_library_tries_again_where_it_would_at_the_provider(stage: Stage, model: str) -> None:
    speaker = stage.speakers[model]
    soon = (("retry-after-ms", "1"),)
    speaker.says(Failure(529, "overloaded_error", "Full.", soon), Failure(500, "api_error", "Oh.", soon), Turn("Here."))
    patient = stage.anthropic.with_options(max_retries=2)
    message = patient.messages.create(model=model, max_tokens=100, messages=HELLO)
    assert [block.text for block in message.content if block.type == "text"] == ["Here."]
    assert len(speaker.requests) == 3


def test_what_claude_code_sends(stage: Stage, model: str) -> None:
    """Its probe, its two credentials, its betas, and members that its SDK does not know."""
    speaker = stage.speakers[model]
    speaker.says(Turn("Done."))
    headers = {
        "authorization": f"Bearer {MASTER_KEY}",
        "x-api-key": MASTER_KEY,
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
        "x-claude-code-session-id": "11111111-2222-3333-4444-555555555555",
    }
    body = {
        "model": model,
        "max_tokens": 32000,
        "temperature": 1,
        "system": [{"type": "text", "text": "You are an agent.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]},
            {"role": "system", "content": "The user opened a file."},
        ],
        "tools": [{**TOOLS[0], "eager_input_streaming": True}],
        "metadata": {"user_id": "user_1_account__session_2"},
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "stream": True,
    }
    with stage.server.client() as http:
        assert http.head("/").status_code < 400
        answer = http.post("/v1/messages?beta=true", json=body, headers=headers)
    if model == "claude":
        speaker.wrong.clear()  # the judge does not know the betas
    assert answer.status_code == 200
    assert accumulated(answer.content).content[-1].to_dict()["text"] == "Done."
    sent = speaker.requests[0]
    if model == "claude":
        assert sent == {**body, "model": "claude-sonnet-4-5"}
        assert speaker.headers[0]["anthropic-beta"] == headers["anthropic-beta"]
    else:
        assert sent["reasoning_effort"] == "high"
        assert "context_management" in answer.headers["x-gatewright-dropped-params"]


# ---- OpenAI's SDK before Claude


@pytest.mark.parametrize("streamed", [False, True])
def test_chat_completions_before_claude(stage: Stage, streamed: bool) -> None:
    claude = stage.speakers["claude"]
    claude.says(CALLS, Turn("Rain, at noon."))
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    messages: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "The weather?"}]

    def ask() -> Any:
        given: Any = {"model": "claude", "messages": messages, "tools": tools, "tool_choice": "auto"}
        if not streamed:
            return stage.openai.chat.completions.create(**given)
        with stage.openai.chat.completions.stream(**given, stream_options={"include_usage": True}) as stream:
            return stream.get_final_completion()

    first = ask()
    (choice,) = first.choices
    calls = choice.message.tool_calls
    assert [(call.id, call.function.name) for call in calls] == [("call_1", "weather"), ("call_2", "clock")]
    assert [json.loads(call.function.arguments) for call in calls] == [{"city": "Zürich"}, {}]
    assert choice.finish_reason == "tool_calls"
    assert (first.usage.prompt_tokens, first.usage.completion_tokens) == (12, 9)
    messages.append({"role": "assistant", "tool_calls": [call.to_dict() for call in calls]})
    for call in calls:
        call.function.__dict__.pop("parsed_arguments", None)
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "Rain."})
    assert ask().choices[0].message.content == "Rain, at noon."
    sent = claude.requests[1]
    assert sent["system"] == "Be brief."
    assert [one["role"] for one in sent["messages"]] == ["user", "assistant", "user"]
    assert [block["type"] for block in sent["messages"][2]["content"]] == ["tool_result", "tool_result"]
    assert sent["max_tokens"] == 64_000


def test_thought_of_claude_in_chat_completions(stage: Stage) -> None:
    claude = stage.speakers["claude"]
    claude.says(Turn("Four.", thought="Two and two.", signature="c2lnbmF0dXJl"), Turn("Yes."))
    messages: list[Any] = [{"role": "user", "content": "2+2?"}]
    ask = stage.openai.chat.completions.create
    said: Any = ask(model="claude", messages=messages, reasoning_effort="high").choices[0].message
    assert (said.content, said.reasoning_content) == ("Four.", "Two and two.")
    messages += [said.to_dict(), {"role": "user", "content": "Sure?"}]
    ask(model="claude", messages=messages, reasoning_effort="high")
    assert claude.requests[0]["thinking"] == {"type": "enabled", "budget_tokens": 16_384}
    assert claude.requests[1]["messages"][1]["content"][0] == {
        "type": "thinking",
        "thinking": "Two and two.",
        "signature": "c2lnbmF0dXJl",
    }


def test_schemas_before_claude(stage: Stage) -> None:
    stage.speakers["claude"].says(Turn('{"name":"Zürich","people":400000}'))
    answer = stage.openai.chat.completions.parse(
        model="claude", messages=[{"role": "user", "content": "A city."}], response_format=City
    )
    assert answer.choices[0].message.parsed == City(name="Zürich", people=400_000)
    assert stage.speakers["claude"].requests[0]["output_config"]["format"]["type"] == "json_schema"


@pytest.mark.parametrize("streamed", [False, True])
def test_responses_before_claude(stage: Stage, streamed: bool) -> None:
    claude = stage.speakers["claude"]
    claude.says(Turn("Grüezi", thought="Hm.", signature="c2lnbmF0dXJl"), Turn("Yes."))
    given: Any = {
        "model": "claude",
        "input": [{"role": "user", "content": "Hello"}],
        "max_output_tokens": 5000,
        "store": False,
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
    }
    if streamed:
        with stage.openai.responses.stream(**given) as stream:
            answer: Any = stream.get_final_response()
    else:
        answer = stage.openai.responses.create(**given)
    assert answer.output_text == "Grüezi"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (12, 9)
    given["input"] += [item.to_dict() for item in answer.output] + [{"role": "user", "content": "Sure?"}]
    assert stage.openai.responses.create(**given).output_text == "Yes."
    assert claude.requests[0]["thinking"]["type"] == "enabled"
    assert claude.requests[1]["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmF0dXJl"},
        {"type": "text", "text": "Grüezi"},
    ]


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (400, "invalid_request_error", openai.BadRequestError),
        (429, "rate_limit_error", openai.RateLimitError),
        (529, "overloaded_error", openai.InternalServerError),
    ],
)
def test_claudes_refusals_for_openais_clients(
    stage: Stage, status: int, kind: str, error: type[openai.APIStatusError]
) -> None:
    stage.speakers["claude"].says(Failure(status, kind, "Not like this."))
    with pytest.raises(error, match="Not like this"):
        stage.openai.chat.completions.create(model="claude", messages=[{"role": "user", "content": "Hi"}])


def test_a_broken_stream_of_claudes_for_openais_clients(stage: Stage) -> None:
    claude = stage.speakers["claude"]
    claude.says(Breaking("Half a", "Overloaded, alas."))
    texts: list[str] = []

    def listen() -> None:
        hello: list[Any] = [{"role": "user", "content": "Hi"}]
        with stage.openai.chat.completions.create(model="claude", messages=hello, stream=True) as stream:
            for one in stream:
                texts.extend(choice.delta.content or "" for choice in one.choices)
                if "".join(texts) == "Half a":
                    claude.hold.set()

    with pytest.raises(openai.APIError, match="Overloaded, alas"):
        listen()
    assert "".join(texts) == "Half a"
