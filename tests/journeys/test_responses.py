"""OpenAI's responses API as applications speak it: the official SDK before three kinds of providers, and other SDKs
before a provider of responses."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI
from openai.types.responses import Response
from pydantic import BaseModel
from tests.journeys.anthropic_stage import Breaking, Claude, Failure, Gpt, Speaker, Turn
from tests.journeys.responses_stage import Oracle
from tests.servers import MASTER_KEY, Gatewright, gatewright

CONFIG = """
model_list:
  - model_name: oracle
    litellm_params: {{model: openai/gpt-6, api_base: "{oracle}", api_key: sk-upstream}}
    model_info: {{mode: responses, input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
  - model_name: gpt
    litellm_params: {{model: openai/gpt-x, api_base: "{gpt}", api_key: sk-upstream}}
  - model_name: claude
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_base: "{claude}", api_key: sk-ant-api03-upstream}}
router_settings: {{num_retries: 0, disable_cooldowns: true}}
"""
TOOLS: list[Any] = [
    {
        "type": "function",
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "strict": False,
    },
    {"type": "function", "name": "clock", "parameters": {"type": "object", "properties": {}}, "strict": False},
]
CALLS = Turn("Let me look.", calls=(("call_1", "weather", {"city": "Zürich"}), ("call_2", "clock", {})))


class Stage:
    """A server with a model of each kind, and the clients of two SDKs."""

    def __init__(self, server: Gatewright, speakers: dict[str, Speaker]) -> None:
        self.server = server
        self.speakers = speakers
        self.openai = OpenAI(base_url=f"{server.url}/v1", api_key=MASTER_KEY, max_retries=0)
        self.anthropic = Anthropic(base_url=server.url, api_key=MASTER_KEY, max_retries=0)

    def close(self) -> None:
        self.openai.close()
        self.anthropic.close()


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("responses")
    speakers: dict[str, Speaker] = {"oracle": Oracle(), "gpt": Gpt(), "claude": Claude()}
    bases = {name: speaker.base for name, speaker in speakers.items()}
    bases["claude"] = bases["claude"].removesuffix("/v1")  # LiteLLM's address of Anthropic has none
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(**bases))
    with gatewright(folder / "data", config=config, workers=1) as server:
        found = Stage(server, speakers)
        yield found
        found.close()
    for speaker in speakers.values():
        speaker.close()


@pytest.fixture
def stage(everything: Stage) -> Iterator[Stage]:
    """No request may be one that the provider's own library would not send."""
    yield everything
    for speaker in everything.speakers.values():
        assert speaker.wrong == []


@pytest.fixture(params=["oracle", "gpt", "claude"])
def model(request: pytest.FixtureRequest) -> str:
    """Behind the first one bytes pass through, behind the others conversations are translated."""
    return str(request.param)


def asked(stage: Stage, streamed: bool, **given: Any) -> Response:
    """The response, made of events when it is streamed."""
    if not streamed:
        whole: Response = stage.openai.responses.create(**given)
        return whole
    with stage.openai.responses.stream(**given) as stream:
        return stream.get_final_response()


both = pytest.mark.parametrize("streamed", [False, True])


def test_a_question(stage: Stage, model: str) -> None:
    speaker = stage.speakers[model]
    speaker.says(Turn("Grüezi"))
    raw = stage.openai.responses.with_raw_response.create(
        model=model, input="Hello", instructions="Be brief.", max_output_tokens=100
    )
    found = raw.parse()
    assert (found.output_text, found.status, found.object) == ("Grüezi", "completed", "response")
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.total_tokens) == (12, 9, 21)
    assert raw.headers["x-request-id"].startswith("req-")
    (sent,) = speaker.requests
    assert sent.get("max_output_tokens") or sent["max_tokens"] == 100
    if model == "oracle":
        assert sent == {"model": "gpt-6", "input": "Hello", "instructions": "Be brief.", "max_output_tokens": 100}
        assert raw.headers["x-litellm-response-cost"] == "0.00003"
        assert (found.id, found.model) == ("resp_9", "some-model-2026")
    else:
        assert (found.model, found.instructions) == (model, "Be brief.")
        assert found.id == f"resp_{raw.headers['x-request-id'].removeprefix('req-')}"


def test_a_stream_event_by_event(stage: Stage, model: str) -> None:
    stage.speakers[model].says(Turn("Good morning."))
    with stage.openai.responses.create(model=model, input="Hello", stream=True) as stream:
        events = list(stream)
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(texts) == "Good morning."


@both
def test_a_conversation_with_tools(stage: Stage, model: str, streamed: bool) -> None:
    speaker = stage.speakers[model]
    speaker.says(CALLS, Turn("Rain, at noon."))
    talk: list[Any] = [{"role": "user", "content": "The weather in Zürich, and the time?"}]
    given: Any = {"model": model, "tools": TOOLS, "store": False, "max_output_tokens": 1000}
    first = asked(stage, streamed, input=talk, tool_choice="auto", parallel_tool_calls=True, **given)
    calls = [item for item in first.output if item.type == "function_call"]
    assert [(call.call_id, call.name, json.loads(call.arguments)) for call in calls] == list(CALLS.calls)
    assert first.output_text == "Let me look."
    talk += [item.to_dict() for item in first.output]
    talk += [
        {"type": "function_call_output", "call_id": "call_1", "output": "Rain."},
        {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "Noon."}]},
    ]
    second = asked(stage, streamed, input=talk, **given)
    assert second.output_text == "Rain, at noon."
    sent = json.dumps(speaker.requests[1], ensure_ascii=False)
    assert all(word in sent for word in ("Let me look.", "Zürich", "Rain.", "Noon."))


class City(BaseModel):
    name: str
    people: int


@both
def test_structured_output(stage: Stage, model: str, streamed: bool) -> None:
    speaker = stage.speakers[model]
    speaker.says(Turn('{"name": "Zürich", "people": 450000}'))
    given: Any = {"model": model, "input": "A city.", "max_output_tokens": 500}
    if streamed:
        with stage.openai.responses.stream(**given, text_format=City) as stream:
            found = stream.get_final_response().output_parsed
    else:
        found = stage.openai.responses.parse(**given, text_format=City).output_parsed
    assert found == City(name="Zürich", people=450_000)
    assert '"people"' in json.dumps(speaker.requests[0])


@both
@pytest.mark.parametrize("name", ["oracle", "claude"])
def test_sealed_thoughts_go_back_to_whoever_thought_them(stage: Stage, name: str, streamed: bool) -> None:
    speaker = stage.speakers[name]
    speaker.says(Turn("Four.", thought="Two and two.", signature="c2VhbA==", calls=CALLS.calls), Turn("Still four."))
    talk: list[Any] = [{"role": "user", "content": "Two and two?"}]
    given: Any = {
        "model": name,
        "tools": TOOLS,
        "max_output_tokens": 20_000,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    first = asked(stage, streamed, input=talk, **given)
    (thought,) = [item for item in first.output if item.type == "reasoning"]
    assert [part.text for part in thought.summary] == ["Two and two."]
    talk += [item.to_dict() for item in first.output]
    talk += [{"type": "function_call_output", "call_id": at, "output": "x"} for at, _, _ in CALLS.calls]
    assert asked(stage, streamed, input=talk, **given).output_text == "Still four."
    sent = speaker.requests[1]
    if name == "oracle":
        (sealed,) = [item for item in sent["input"] if item.get("type") == "reasoning"]
        assert sealed["encrypted_content"] == "c2VhbA=="
    else:
        (turn,) = [message for message in sent["messages"] if message["role"] == "assistant"]
        assert turn["content"][0] == {"type": "thinking", "thinking": "Two and two.", "signature": "c2VhbA=="}


def test_a_conversation_may_change_its_model(stage: Stage) -> None:
    """What one provider sealed is not sent to another."""
    speaker = stage.speakers["oracle"]
    stage.speakers["claude"].says(Turn("Four.", thought="Two and two.", signature="c2VhbA=="))
    talk: list[Any] = [{"role": "user", "content": "Two and two?"}]
    given: Any = {"reasoning": {"effort": "low"}, "max_output_tokens": 20_000}
    talk += [item.to_dict() for item in stage.openai.responses.create(model="claude", input=talk, **given).output]
    talk.append({"role": "user", "content": "Sure?"})
    speaker.says(Turn("Yes.", thought="Hm.", signature="gAAA"))
    second = stage.openai.responses.create(model="oracle", input=talk, **given)
    assert [item.get("type") for item in speaker.requests[0]["input"]] == [None, "message", None]
    talk += [item.to_dict() for item in second.output]
    talk.append({"role": "user", "content": "Really?"})
    stage.speakers["claude"].says(Turn("Yes."))
    assert stage.openai.responses.create(model="claude", input=talk, **given).output_text == "Yes."
    assert "gAAA" not in json.dumps(stage.speakers["claude"].requests)


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (Failure(400, "invalid_request_error", "Too many words."), openai.BadRequestError),
        (Failure(429, "rate_limit_error", "Slow down.", (("retry-after", "7"),)), openai.RateLimitError),
        (Failure(500, "api_error", "Oh."), openai.InternalServerError),
    ],
)
def test_errors_of_a_provider(stage: Stage, model: str, failure: Failure, raised: type[openai.APIStatusError]) -> None:
    stage.speakers[model].says(failure)
    with pytest.raises(raised) as caught:
        stage.openai.responses.create(model=model, input="Hello", max_output_tokens=100)
    assert failure.message in caught.value.message
    assert caught.value.response.headers.get("retry-after") == ("7" if failure.status == 429 else None)


def test_a_stream_that_fails_in_the_middle(stage: Stage, model: str) -> None:
    stage.speakers[model].says(Breaking("Half", "Overloaded."))
    seen = []

    def read() -> None:
        with stage.openai.responses.create(model=model, input="Hello", max_output_tokens=100, stream=True) as stream:
            for event in stream:
                seen.append(event)
                stage.speakers[model].hold.set()

    if model == "oracle":  # its own words, which the SDK takes for an event
        read()
        last = seen[-1]
        assert last.type == "error"
        assert last.message == "Overloaded."
    else:
        with pytest.raises(openai.APIError, match="Overloaded"):
            read()
    assert "Half" in "".join(event.delta for event in seen if event.type == "response.output_text.delta")


def test_what_is_not_here(stage: Stage) -> None:
    speaker = stage.speakers["oracle"]
    with pytest.raises(openai.NotFoundError, match="not stored"):
        stage.openai.responses.retrieve("resp_1")
    with pytest.raises(openai.NotFoundError) as missing:
        stage.openai.responses.create(model="nobody", input="Hello")
    assert missing.value.code == "model_not_found"
    for model in ("gpt", "claude"):
        with pytest.raises(openai.BadRequestError) as refused:
            stage.openai.responses.create(model=model, input="And?", previous_response_id="resp_1")
        assert (refused.value.code, refused.value.param) == ("previous_response_not_found", "previous_response_id")
        with pytest.raises(openai.BadRequestError, match="runs at OpenAI") as tool:
            stage.openai.responses.create(model=model, input="And?", tools=[{"type": "web_search"}])
        assert (tool.value.code, tool.value.param) == ("unsupported_parameter", "tools.web_search")
    speaker.says(Turn("Yes."))
    stage.openai.responses.create(
        model="oracle", input="And?", previous_response_id="resp_1", tools=[{"type": "web_search"}]
    )
    assert speaker.requests[0]["previous_response_id"] == "resp_1"


@both
def test_chat_completions_of_a_provider_of_responses(stage: Stage, streamed: bool) -> None:
    """Its thoughts survive a turn through the chat dialect, where clients send `thinking_blocks` back."""
    speaker = stage.speakers["oracle"]
    speaker.says(Turn("Look.", thought="Hm.", signature="gAAA", calls=CALLS.calls), Turn("Noon."))
    talk: list[Any] = [{"role": "user", "content": "The time?"}]
    tools: list[Any] = [
        {"type": "function", "function": {key: tool[key] for key in ("name", "parameters")}} for tool in TOOLS
    ]
    given: Any = {"model": "oracle", "tools": tools, "reasoning_effort": "low", "max_completion_tokens": 99}
    if streamed:
        with stage.openai.chat.completions.stream(messages=talk, **given) as stream:
            message = stream.get_final_completion().choices[0].message
    else:
        message = stage.openai.chat.completions.create(messages=talk, **given).choices[0].message
    assert message.tool_calls is not None
    assert [call.id for call in message.tool_calls] == ["call_1", "call_2"]
    talk.append({name: value for name, value in message.to_dict().items() if name != "parsed"})
    talk += [{"role": "tool", "tool_call_id": at, "content": "x"} for at, _, _ in CALLS.calls]
    again = stage.openai.chat.completions.create(messages=talk, **given)
    assert again.choices[0].message.content == "Noon."
    first, second = speaker.requests
    assert (first["store"], first["include"]) == (False, ["reasoning.encrypted_content"])
    assert (first["reasoning"], first["max_output_tokens"]) == ({"effort": "low"}, 99)
    assert [item["type"] for item in second["input"]] == [
        *("message", "reasoning", "message", "function_call", "function_call"),
        *("function_call_output", "function_call_output"),
    ]
    assert second["input"][1]["encrypted_content"] == "gAAA"


@both
def test_messages_of_a_provider_of_responses(stage: Stage, streamed: bool) -> None:
    """Its thoughts survive a turn through Anthropic's dialect."""
    speaker = stage.speakers["oracle"]
    speaker.says(Turn("Look.", thought="Hm.", signature="gAAA", calls=CALLS.calls), Turn("Noon."))
    talk: list[Any] = [{"role": "user", "content": "The time?"}]
    tools: list[Any] = [{"name": tool["name"], "input_schema": tool["parameters"]} for tool in TOOLS]
    given: Any = {
        "model": "oracle",
        "tools": tools,
        "max_tokens": 20_000,
        "thinking": {"type": "enabled", "budget_tokens": 10_000},
    }

    def ask() -> anthropic.types.Message:
        if not streamed:
            whole: anthropic.types.Message = stage.anthropic.messages.create(messages=talk, **given)
            return whole
        with stage.anthropic.messages.stream(messages=talk, **given) as stream:
            return stream.get_final_message()

    first = ask()
    assert first.content[0].type == "thinking"
    assert first.content[0].thinking == "Hm."
    talk.append(first.to_param())
    results = [{"type": "tool_result", "tool_use_id": at, "content": "x"} for at, _, _ in CALLS.calls]
    talk.append({"role": "user", "content": results})
    second = ask()
    assert [block.text for block in second.content if block.type == "text"] == ["Noon."]
    asked_first, asked_again = speaker.requests
    assert asked_first["reasoning"] == {"effort": "high", "summary": "auto"}
    (sealed,) = [item for item in asked_again["input"] if item["type"] == "reasoning"]
    assert sealed["encrypted_content"] == "gAAA"
