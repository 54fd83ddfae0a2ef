"""Models of Amazon Bedrock behind a real server, asked by the SDKs of OpenAI and Anthropic and judged by botocore."""

import datetime
import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import anthropic
import botocore.auth
import botocore.config
import botocore.session
import openai
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests import botocore_judge
from tests.bedrock import event, exception
from tests.servers import MASTER_KEY, Gatewright, Upstream, eventually, gatewright, send_json, write_chunk

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456"
ACCESS, SECRET, TOKEN = "AKIDJOURNEY", "journey/secret+key", "session/token=="
API_KEY = "bedrock-api-key-journey"
USAGE = {
    "inputTokens": 10,
    "outputTokens": 5,
    "totalTokens": 30,
    "cacheReadInputTokens": 8,
    "cacheWriteInputTokens": 7,
    "cacheDetails": [{"ttl": "5m", "inputTokens": 7}],
}
CALL = {"toolUseId": "tooluse_1", "name": "weather"}
THOUGHT = {"text": "Let me think.", "signature": "c2VhbA=="}
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
HELLO: Any = [{"role": "user", "content": "Hello"}]


def whole(content: list[Any], stop: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"output": {"message": message}, "stopReason": stop, "usage": USAGE, "metrics": {"latencyMs": 5}}


def frames(body: dict[str, Any]) -> Iterator[bytes]:
    """What ConverseStream would send, its frames cut across the chunks of the transfer."""
    with_tool = "toolConfig" in body
    yield event("messageStart", {"role": "assistant"})
    yield delta(0, {"text": "Hel"})
    yield delta(0, {"text": "lo"})
    yield event("contentBlockStop", {"contentBlockIndex": 0})
    if "broken" in json.dumps(body):
        yield exception("throttlingException", "Too many tokens, please wait.")
        return
    if with_tool:
        yield event("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": CALL}})
        yield delta(1, {"toolUse": {"input": '{"city":'}})
        yield delta(1, {"toolUse": {"input": ' "Bonn"}'}})
        yield event("contentBlockStop", {"contentBlockIndex": 1})
    yield event("messageStop", {"stopReason": "tool_use" if with_tool else "end_turn"})
    yield event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 5}})


def delta(index: int, kind: dict[str, Any]) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": kind, "p": "abcd"})


def provide(handler: Any, body: dict[str, Any]) -> None:
    """What Amazon Bedrock would answer."""
    if "refused" in json.dumps(body):
        raw = b'{"message":"The model returned the following errors: Input is too long for requested model."}'
        handler.send_response(400)
        handler.send_header("x-amzn-errortype", "ValidationException:http://internal.amazon.com/coral/")
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)
    elif handler.path.endswith("/converse-stream"):
        stream = b"".join(frames(body))
        if "broken" not in json.dumps(body):
            botocore_judge.events(stream)
        handler.send_response(200)
        handler.send_header("content-type", "application/vnd.amazon.eventstream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for at in range(0, len(stream), 150):
            write_chunk(handler, stream[at : at + 150])
        write_chunk(handler, b"")
    elif "toolConfig" in body and "toolResult" not in json.dumps(body):
        send_json(
            handler, 200, whole([{"text": "Hello"}, {"toolUse": {**CALL, "input": {"city": "Bonn"}}}], "tool_use")
        )
    else:
        thought = [{"reasoningContent": {"reasoningText": THOUGHT}}] if "thinking" in json.dumps(body) else []
        send_json(handler, 200, whole([*thought, {"text": "Hello"}], "end_turn"))


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    found = Upstream()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def fresh(upstream: Upstream) -> None:
    upstream.forget()
    upstream.answer = provide


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    folder = tmp_path_factory.mktemp("bedrock")
    config = folder / "config.yaml"
    root = upstream.base.removesuffix("/v1")
    keys = f'aws_access_key_id: {ACCESS}, aws_secret_access_key: "{SECRET}", aws_session_token: "{TOKEN}"'
    config.write_text(f"""
model_list:
  - model_name: claude
    litellm_params: {{model: bedrock/us-east-1/{CLAUDE}, aws_bedrock_runtime_endpoint: "{root}", {keys}}}
    model_info: {{input_cost_per_token: 0.000003, output_cost_per_token: 0.000015}}
  - model_name: profile
    litellm_params: {{model: "bedrock/converse/{PROFILE}", api_base: "{root}", api_key: {API_KEY}, temperature: 0.25}}
    model_info: {{base_model: {CLAUDE}}}
""")
    with gatewright(folder / "data", config=config, workers=1) as found:
        yield found


@pytest.fixture
def client(server: Gatewright) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=MASTER_KEY, max_retries=0) as found:
        yield found


@pytest.fixture
def claude(server: Gatewright) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url, api_key=MASTER_KEY, max_retries=0) as found:
        yield found


def judge(upstream: Upstream, model: str = CLAUDE) -> dict[str, Any]:
    """The one request that the provider got: legal, where botocore would send it, and signed as botocore would."""
    (path,), (body,), (headers,) = upstream.paths, upstream.bodies, upstream.headers
    operation = "ConverseStream" if path.endswith("-stream") else "Converse"
    assert path == botocore_judge.check(body, model, operation)
    if model == CLAUDE:
        request = AWSRequest("POST", f"http://{headers['host']}{path}", data=body)
        request.headers["content-type"] = headers["content-type"]
        when = datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        auth = botocore.auth.SigV4Auth(Credentials(ACCESS, SECRET, TOKEN), "bedrock", "us-east-1")
        with mock.patch.object(botocore.auth, "get_current_datetime", return_value=when):
            auth.add_auth(request)
        assert headers["authorization"] == request.headers["Authorization"]
        assert headers["x-amz-security-token"] == TOKEN
    found: dict[str, Any] = json.loads(body)
    return found


def test_the_request_is_the_one_that_botocores_client_sends(client: openai.OpenAI, upstream: Upstream) -> None:
    made = botocore.session.get_session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=upstream.base.removesuffix("/v1"),
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        aws_session_token=TOKEN,
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )
    asked = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}], "inferenceConfig": {"maxTokens": 50}}
    fields = ["/stop_sequence", "/delta/stop_sequence", "/usage/output_tokens_details"]
    theirs = made.converse(modelId=CLAUDE, **asked, additionalModelResponseFieldPaths=fields)
    made.close()
    ours = client.chat.completions.create(model="claude", messages=HELLO, max_tokens=50)
    assert upstream.paths[0] == upstream.paths[1]
    assert upstream.requests[0] == upstream.requests[1]
    assert upstream.headers[1]["content-type"] == upstream.headers[0]["content-type"]
    assert theirs["output"]["message"]["content"][0]["text"] == ours.choices[0].message.content


def test_a_plain_answer_and_its_cost(client: openai.OpenAI, upstream: Upstream, server: Gatewright) -> None:
    answer = client.chat.completions.with_raw_response.create(model="claude", messages=HELLO)
    judge(upstream)
    found = answer.parse()
    assert found.choices[0].message.content == "Hello"
    assert found.choices[0].finish_reason == "stop"
    assert found.model == "claude"
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (25, 5)
    assert found.usage.prompt_tokens_details is not None
    assert found.usage.prompt_tokens_details.cached_tokens == 8
    assert answer.headers["x-litellm-response-cost"] == "0.00015"
    with server.admin() as http:
        eventually(lambda: http.get("/api/v1/overview").json()["requests"] >= 1, "the request in the ledger")


def test_a_stream(client: openai.OpenAI, upstream: Upstream) -> None:
    with client.chat.completions.create(
        model="claude", messages=HELLO, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    judge(upstream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hello"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == 25


def test_tools_whole_and_streamed(client: openai.OpenAI, upstream: Upstream) -> None:
    whole_answer = client.chat.completions.create(model="claude", messages=HELLO, tools=[TOOL], tool_choice="required")
    asked = judge(upstream)
    assert asked["toolConfig"]["toolChoice"] == {"any": {}}
    message = whole_answer.choices[0].message
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert call.type == "function"
    assert (call.id, json.loads(call.function.arguments)) == ("tooluse_1", {"city": "Bonn"})
    upstream.forget()
    upstream.answer = provide
    talk: Any = [*HELLO, message, {"role": "tool", "tool_call_id": call.id, "content": "Sunny"}]
    assert (
        client.chat.completions.create(model="claude", messages=talk, tools=[TOOL]).choices[0].message.content
        == "Hello"
    )
    results = judge(upstream)["messages"][2]["content"]
    assert results == [{"toolResult": {"toolUseId": "tooluse_1", "content": [{"text": "Sunny"}]}}]
    upstream.forget()
    upstream.answer = provide
    with client.chat.completions.stream(model="claude", messages=HELLO, tools=[TOOL]) as stream:
        final = stream.get_final_completion()
    judge(upstream)
    assert final.choices[0].finish_reason == "tool_calls"
    assert final.choices[0].message.tool_calls is not None
    assert json.loads(final.choices[0].message.tool_calls[0].function.arguments) == {"city": "Bonn"}


def test_an_api_key_an_arn_and_options_of_the_entry(client: openai.OpenAI, upstream: Upstream) -> None:
    client.chat.completions.create(model="profile", messages=HELLO, max_tokens=9)
    asked = judge(upstream, PROFILE)
    assert asked["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.25}
    assert upstream.headers[0]["authorization"] == f"Bearer {API_KEY}"
    assert "x-amz-date" not in upstream.headers[0]


def test_the_responses_api(client: openai.OpenAI, upstream: Upstream) -> None:
    assert client.responses.create(model="claude", input="Hello").output_text == "Hello"
    judge(upstream)
    upstream.forget()
    upstream.answer = provide
    with client.responses.stream(model="claude", input="Hello") as stream:
        final = stream.get_final_response()
    judge(upstream)
    assert final.output_text == "Hello"
    assert final.usage is not None
    assert final.usage.input_tokens == 25


def test_the_messages_api_and_thought_that_goes_back(claude: anthropic.Anthropic, upstream: Upstream) -> None:
    thinking: Any = {"type": "enabled", "budget_tokens": 2000}
    ask: Any = {"model": "claude", "max_tokens": 8000, "thinking": thinking}
    first = claude.messages.create(**ask, messages=HELLO)
    assert judge(upstream)["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 2000
    assert [block.type for block in first.content] == ["thinking", "text"]
    assert (first.stop_reason, first.usage.cache_read_input_tokens) == ("end_turn", 8)
    upstream.forget()
    upstream.answer = provide
    talk: Any = [*HELLO, {"role": "assistant", "content": first.content}, *HELLO]
    claude.messages.create(**ask, messages=talk)
    thought = judge(upstream)["messages"][1]["content"][0]["reasoningContent"]["reasoningText"]
    assert thought == THOUGHT


def test_the_messages_api_streamed_with_a_tool(claude: anthropic.Anthropic, upstream: Upstream) -> None:
    tool: Any = {"name": "weather", "input_schema": WEATHER}
    with claude.messages.stream(model="claude", max_tokens=100, messages=HELLO, tools=[tool]) as stream:
        final = stream.get_final_message()
    judge(upstream)
    assert [block.type for block in final.content] == ["text", "tool_use"]
    assert final.content[1].type == "tool_use"
    assert final.content[1].input == {"city": "Bonn"}
    assert final.stop_reason == "tool_use"


def test_an_error_is_said_in_the_clients_dialect(
    client: openai.OpenAI, claude: anthropic.Anthropic, upstream: Upstream
) -> None:
    messages: Any = [{"role": "user", "content": "refused"}]
    with pytest.raises(openai.BadRequestError, match="Input is too long for requested model"):
        client.chat.completions.create(model="claude", messages=messages)
    with pytest.raises(anthropic.BadRequestError, match="Input is too long for requested model"):
        claude.messages.create(model="claude", max_tokens=5, messages=messages)
    assert SECRET not in str(upstream.bodies)


def test_what_cannot_be_carried_never_reaches_the_provider(client: openai.OpenAI, upstream: Upstream) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="claude", messages=HELLO, seed=7)
    assert caught.value.param == "seed"
    picture: Any = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    with pytest.raises(openai.BadRequestError, match="does not fetch a URL"):
        client.chat.completions.create(model="claude", messages=[{"role": "user", "content": picture}])
    assert upstream.paths == []


def said_before_the_error(chunks: Any, said: list[str]) -> None:
    for chunk in chunks:
        said.append(chunk.choices[0].delta.content or "")  # noqa: PERF401 (the stream raises in its middle)


def test_a_stream_that_breaks_off_ends_with_the_providers_words(client: openai.OpenAI, upstream: Upstream) -> None:
    messages: Any = [{"role": "user", "content": "broken"}]
    said: list[str] = []
    stream = client.chat.completions.create(model="claude", messages=messages, stream=True)
    with stream, pytest.raises(openai.APIError, match="Too many tokens"):
        said_before_the_error(stream, said)
    assert "".join(said) == "Hello"
