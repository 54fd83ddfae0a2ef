"""Gemini asked by the SDKs of OpenAI and Anthropic through the real server, by an API key and on Vertex AI."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import BaseModel
from tests.journeys.google import SIGNATURE, STAND_IN, Tokens, google
from tests.servers import MASTER_KEY, Gatewright, Upstream, gatewright

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER: Any = {"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": CITY}}
ASK: Any = [{"role": "user", "content": "Hi"}]


def account(token_uri: str) -> str:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    members = {"project_id": "p-1", "private_key_id": "k", "private_key": key.decode(), "token_uri": token_uri}
    return json.dumps({"type": "service_account", "client_email": "bot@p-1.iam.gserviceaccount.com", **members})


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    found = google()
    yield found
    found.close()


@pytest.fixture(scope="module")
def tokens() -> Iterator[Tokens]:
    found = Tokens()
    yield found
    found.close()


@pytest.fixture(scope="module")
def server(upstream: Upstream, tokens: Tokens, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    folder: Path = tmp_path_factory.mktemp("gemini")
    root = upstream.base.removesuffix("/v1")
    (folder / "key.json").write_text(account(tokens.uri))
    (folder / "config.yaml").write_text(f"""
model_list:
  - model_name: gemini
    litellm_params:
      model: gemini/gemini-3-flash-preview
      api_base: "{root}"
      api_key: AIza-secret
      input_cost_per_token: 0.001
      output_cost_per_token: 0.01
  - model_name: "any/*"
    litellm_params: {{model: "gemini/*", api_base: "{root}", api_key: AIza-secret}}
  - model_name: vertex
    litellm_params:
      model: vertex_ai/gemini-2.5-flash
      api_base: "{root}"
      vertex_location: europe-west4
      vertex_credentials: "{folder / "key.json"}"
  - model_name: vertex-too
    litellm_params:
      model: vertex_ai/gemini-3-flash-preview
      api_base: "{root}"
      vertex_project: p-2
      vertex_credentials: "{folder / "key.json"}"
  - model_name: claude
    litellm_params:
      model: vertex_ai/claude-opus-5-5
      api_base: "{root}"
      vertex_location: us-east5
      vertex_credentials: "{folder / "key.json"}"
  - model_name: embed
    litellm_params: {{model: gemini/gemini-embedding-001, api_base: "{root}", api_key: AIza-secret}}
router_settings: {{num_retries: 0}}
""")
    with gatewright(folder / "data", config=folder / "config.yaml", workers=1) as found:
        yield found


@pytest.fixture(autouse=True)
def forgotten(upstream: Upstream) -> None:
    for seen in (upstream.requests, upstream.headers, upstream.paths, upstream.bodies):
        seen.clear()


@pytest.fixture
def client(server: Gatewright) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=MASTER_KEY, max_retries=0) as found:
        yield found


@pytest.fixture
def claude(server: Gatewright) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url, api_key=MASTER_KEY, max_retries=0) as found:
        yield found


def signatures(upstream: Upstream) -> list[str | None]:
    contents = upstream.requests[-1]["contents"]
    return [part.get("thoughtSignature") for one in contents for part in one["parts"] if "functionCall" in part]


def test_a_chat_completion(client: openai.OpenAI, upstream: Upstream) -> None:
    raw = client.chat.completions.with_raw_response.create(model="gemini", messages=ASK, max_completion_tokens=50)
    answer = raw.parse()
    assert answer.choices[0].message.content == "Hello"
    assert (answer.choices[0].finish_reason, answer.model) == ("stop", "gemini")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (100, 50)
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens == 30
    assert float(raw.headers["x-litellm-response-cost"]) == pytest.approx(100 * 0.001 + 50 * 0.01)
    assert upstream.paths == ["/v1beta/models/gemini-3-flash-preview:generateContent"]
    assert upstream.headers[0]["x-goog-api-key"] == "AIza-secret"
    assert "authorization" not in upstream.headers[0]
    assert upstream.requests[0]["generationConfig"] == {"maxOutputTokens": 50}


def test_a_streamed_one(client: openai.OpenAI, upstream: Upstream) -> None:
    chunks = list(
        client.chat.completions.create(
            model="gemini",
            messages=ASK,
            stream=True,
            stream_options={"include_usage": True},
            reasoning_effort="low",
        )
    )
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Hello"
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "Let me think."
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 50
    assert upstream.paths == ["/v1beta/models/gemini-3-flash-preview:streamGenerateContent?alt=sse"]
    thinking = upstream.requests[0]["generationConfig"]["thinkingConfig"]
    assert thinking == {"thinkingLevel": "LOW", "includeThoughts": True}


@pytest.mark.parametrize("streamed", [False, True])
def test_tools_over_several_turns_with_their_signatures(
    client: openai.OpenAI, upstream: Upstream, streamed: bool
) -> None:
    messages: list[Any] = [{"role": "user", "content": "Rome and Oslo?"}]
    ask: dict[str, Any] = {"model": "gemini", "messages": messages, "tools": [WEATHER]}
    if streamed:
        with client.chat.completions.stream(**ask) as stream:
            choice = stream.get_final_completion().choices[0]
        message = choice.message.model_dump(exclude_none=True)
        for call in message["tool_calls"]:
            call.pop("index", None)
            call["function"].pop("parsed_arguments", None)
    else:
        choice = client.chat.completions.create(**ask).choices[0]
        message = choice.message.model_dump(exclude_none=True)
    assert choice.finish_reason == "tool_calls"
    calls = message["tool_calls"]
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Rome"}, {"city": "Oslo"}]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": f"sun {at}"} for at, call in enumerate(calls)]
    messages += [message, *results]
    answer = client.chat.completions.create(model="gemini", messages=messages, tools=[WEATHER])
    assert answer.choices[0].message.content == "get_weather says sun 0. get_weather says sun 1. "
    assert signatures(upstream) == [SIGNATURE, None]


def test_a_client_that_loses_the_signature_is_answered_all_the_same(client: openai.OpenAI, upstream: Upstream) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'}}
    messages: Any = [
        {"role": "user", "content": "Rome?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "sun"},
    ]
    answer = client.chat.completions.create(model="gemini", messages=messages, tools=[WEATHER])
    assert answer.choices[0].message.content == "get_weather says sun. "
    assert signatures(upstream) == [STAND_IN]


def test_structured_output(client: openai.OpenAI, upstream: Upstream) -> None:
    class City(BaseModel):
        city: str

    answer = client.chat.completions.parse(model="gemini", messages=ASK, response_format=City)
    assert answer.choices[0].message.parsed == City(city="Rome")
    config = upstream.requests[0]["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"]["properties"]["city"]["type"] == "string"


def test_the_responses_api(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="gemini", input="Hi", store=False)
    assert answer.output_text == "Hello"
    assert answer.usage is not None
    assert answer.usage.output_tokens == 50


def test_a_blocked_prompt_is_filtered(client: openai.OpenAI) -> None:
    blocked: Any = [{"role": "user", "content": "blocked"}]
    answer = client.chat.completions.create(model="gemini", messages=blocked)
    assert answer.choices[0].finish_reason == "content_filter"
    chunks = list(client.chat.completions.create(model="gemini", messages=blocked, stream=True))
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "content_filter"


def fails(client: openai.OpenAI, kind: str, **more: Any) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="gemini", messages=[{"role": "user", "content": f"fail {kind}"}], **more)
    return caught.value


def test_errors_are_told_in_the_clients_dialect(client: openai.OpenAI) -> None:
    wrong = fails(client, "argument")
    assert (wrong.status_code, "The argument is invalid." in wrong.message) == (400, True)
    key = fails(client, "key")
    assert key.status_code == 502
    assert "AIza" not in str(key.body)
    rate = fails(client, "rate")
    assert (rate.status_code, rate.response.headers["retry-after"]) == (429, "7")
    malformed = fails(client, "malformed")
    assert malformed.status_code >= 500
    assert "Malformed function call" in malformed.message


def test_a_stream_that_google_breaks_off_ends_with_the_error(client: openai.OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "fail malformed"}]
    with pytest.raises(openai.APIError, match="Malformed function call"):
        list(client.chat.completions.create(model="gemini", messages=messages, stream=True))


def test_what_gemini_lacks_is_refused_by_name(client: openai.OpenAI, upstream: Upstream) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="gemini", messages=ASK, logit_bias={"1": 1})
    assert caught.value.param == "logit_bias"
    assert upstream.requests == []


def test_embeddings(client: openai.OpenAI, upstream: Upstream) -> None:
    answer = client.embeddings.create(model="embed", input=["a", "b"], dimensions=2)
    assert [one.embedding for one in answer.data] == [[0.5, -1.0], [0.5, -1.0]]
    assert answer.usage.prompt_tokens == 4
    assert upstream.paths == ["/v1beta/models/gemini-embedding-001:batchEmbedContents"]


def test_the_anthropic_sdk(claude: anthropic.Anthropic, upstream: Upstream) -> None:
    answer = claude.messages.create(
        model="gemini", max_tokens=5000, messages=ASK, thinking={"type": "enabled", "budget_tokens": 2048}
    )
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert answer.content[-1].type == "text"
    assert answer.content[-1].text == "Hello"
    assert (answer.stop_reason, answer.usage.output_tokens) == ("end_turn", 50)
    with claude.messages.stream(model="gemini", max_tokens=50, messages=ASK, system="Be brief.") as stream:
        assert "".join(stream.text_stream) == "Hello"
    assert upstream.requests[-1]["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert claude.messages.count_tokens(model="gemini", messages=ASK).input_tokens == 9
    assert upstream.paths[-1] == "/v1beta/models/gemini-3-flash-preview:countTokens"
    with pytest.raises(anthropic.BadRequestError, match="The argument is invalid"):
        claude.messages.create(model="gemini", max_tokens=5, messages=[{"role": "user", "content": "fail argument"}])


@pytest.mark.parametrize("streamed", [False, True])
def test_the_anthropic_sdk_brings_signatures_back(
    claude: anthropic.Anthropic, upstream: Upstream, streamed: bool
) -> None:
    messages: list[Any] = [{"role": "user", "content": "Rome and Oslo?"}]
    tools: Any = [{"name": "get_weather", "input_schema": CITY}]
    if streamed:
        with claude.messages.stream(model="gemini", max_tokens=500, messages=messages, tools=tools) as stream:
            answer: Any = stream.get_final_message()
    else:
        answer = claude.messages.create(model="gemini", max_tokens=500, messages=messages, tools=tools)
    assert answer.stop_reason == "tool_use"
    uses = [block for block in answer.content if block.type == "tool_use"]
    assert [use.input for use in uses] == [{"city": "Rome"}, {"city": "Oslo"}]
    results: Any = [{"type": "tool_result", "tool_use_id": use.id, "content": "sun"} for use in uses]
    messages += [{"role": "assistant", "content": answer.content}, {"role": "user", "content": results}]
    answer = claude.messages.create(model="gemini", max_tokens=500, messages=messages, tools=tools)
    assert answer.content[0].text == "get_weather says sun. get_weather says sun. "
    assert signatures(upstream) == [SIGNATURE, None]


def test_vertex_is_asked_with_one_token_for_one_account(
    client: openai.OpenAI, upstream: Upstream, tokens: Tokens
) -> None:
    for model in ("vertex", "vertex-too", "vertex"):
        assert client.chat.completions.create(model=model, messages=ASK).choices[0].message.content == "Hello"
    assert upstream.paths == [
        "/v1beta1/projects/p-1/locations/europe-west4/publishers/google/models/gemini-2.5-flash:generateContent",
        "/v1beta1/projects/p-2/locations/global/publishers/google/models/gemini-3-flash-preview:generateContent",
        "/v1beta1/projects/p-1/locations/europe-west4/publishers/google/models/gemini-2.5-flash:generateContent",
    ]
    assert {headers["authorization"] for headers in upstream.headers} == {"Bearer token-1"}
    assert len(tokens.forms) == 1
    assert tokens.forms[0]["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]


def test_claude_on_vertex(claude: anthropic.Anthropic, client: openai.OpenAI, upstream: Upstream) -> None:
    ask: Any = {"model": "claude", "max_tokens": 50, "messages": ASK}
    answer = claude.messages.create(**ask)
    assert (answer.content[0].type, answer.usage.output_tokens) == ("text", 3)
    with claude.messages.stream(**ask) as stream:
        assert "".join(stream.text_stream) == "Hello"
    assert claude.messages.count_tokens(model="claude", messages=ASK).input_tokens == 9
    assert client.chat.completions.create(**ask).choices[0].message.content == "Hello"
    models = "/v1/projects/p-1/locations/us-east5/publishers/anthropic/models"
    assert upstream.paths == [
        f"{models}/claude-opus-5-5:rawPredict",
        f"{models}/claude-opus-5-5:streamRawPredict",
        f"{models}/count-tokens:rawPredict",
        f"{models}/claude-opus-5-5:rawPredict",
    ]
    assert {headers["authorization"].rpartition("-")[0] for headers in upstream.headers} == {"Bearer token"}


def test_a_model_that_a_person_adds_never_borrows_this_machines_identity(server: Gatewright) -> None:
    with server.admin() as http:
        refused = http.post("/api/v1/models", json={"name": "mine", "upstream_model": "vertex_ai/gemini-2.5-flash"})
    assert refused.status_code == 400
    assert "vertex_credentials" in refused.text


@pytest.mark.parametrize("name", ["..", "../../v1/x", "a/b", "a?key=x", "a:generateContent", "a b"])
def test_a_pattern_lets_no_name_lead_elsewhere(client: openai.OpenAI, upstream: Upstream, name: str) -> None:
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)):
        client.chat.completions.create(model=f"any/{name}", messages=ASK)
    assert upstream.paths == []


def test_a_pattern_fills_in_the_name(client: openai.OpenAI, upstream: Upstream) -> None:
    client.chat.completions.create(model="any/gemini-2.5-pro", messages=ASK)
    assert upstream.paths == ["/v1beta/models/gemini-2.5-pro:generateContent"]
