"""Azure OpenAI behind a real server, asked by the SDKs of OpenAI and Anthropic, with a key and with Entra ID."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import anthropic
import openai
import pytest
from tests.servers import MASTER_KEY, Gatewright, Upstream, gatewright, send_json, write_chunk

HELLO: Any = [{"role": "user", "content": "Hello"}]
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
SAFE = {"hate": {"filtered": False, "severity": "safe"}, "violence": {"filtered": False, "severity": "safe"}}
PROMPT = [{"prompt_index": 0, "content_filter_results": SAFE}]
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": SAFE},
    }
}
MISSING = {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}}
FIRST = b'data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":' + (
    json.dumps(PROMPT).encode() + b"}\n\n"
)


def completion(message: dict[str, Any], finish: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "refusal": None, **message}, "finish_reason": finish}
    return {
        "id": "chatcmpl-azure",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4.1-2025-04-14",
        "prompt_filter_results": PROMPT,
        "choices": [{**choice, "content_filter_results": SAFE, "logprobs": None}],
        "usage": USAGE,
        "system_fingerprint": "fp_1",
    }


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "content_filter_results": SAFE, "logprobs": None}
    body = {"id": "chatcmpl-azure", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4.1"}
    return b"data: " + json.dumps({**body, "choices": [choice]}).encode() + b"\n\n"


CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def stream_of(body: dict[str, Any]) -> list[bytes]:
    deltas = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Hel"}), chunk({"content": "lo"})]
    if "tools" in body:
        deltas += [chunk({"tool_calls": [CALL]}), chunk({}, "tool_calls")]
    else:
        deltas += [chunk({}, "stop")]
    used = {"id": "", "object": "chat.completion.chunk", "created": 1, "model": "", "choices": [], "usage": USAGE}
    asked = (body.get("stream_options") or {}).get("include_usage")
    last = [b"data: " + json.dumps(used).encode() + b"\n\n"] if asked else []
    return [FIRST, *deltas, *last, b"data: [DONE]\n\n"]


def send_stream(handler: Any, events: list[bytes]) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream; charset=utf-8")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for one in events:
        write_chunk(handler, one)
    write_chunk(handler, b"")


RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-4.1",
    "status": "completed",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
        }
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "content_filters": [{"blocked": False}],
    "usage": {
        "input_tokens": 9,
        "output_tokens": 3,
        "total_tokens": 12,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}


def provide(handler: Any, body: dict[str, Any]) -> None:
    """What Azure would answer."""
    path = handler.path.partition("?")[0]
    if "/deployments/gone/" in path:
        send_json(handler, 404, MISSING)
    elif "blocked" in json.dumps(body):
        send_json(handler, 400, FILTERED)
    elif path.endswith("/responses"):
        send_json(handler, 200, RESPONSE)
    elif path.endswith("/embeddings"):
        vector = {"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}
        send_json(handler, 200, {"object": "list", "data": [vector], "model": "e", "usage": {"prompt_tokens": 2}})
    elif body.get("stream"):
        send_stream(handler, stream_of(body))
    elif "tools" in body:
        call = {name: value for name, value in CALL.items() if name != "index"}
        send_json(handler, 200, completion({"content": None, "tool_calls": [call]}, "tool_calls"))
    else:
        send_json(handler, 200, completion({"content": "Hello"}, "stop"))


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    found = Upstream()
    yield found
    found.close()


class Entra(Upstream):
    """The token endpoint, whose requests are forms."""

    def __init__(self) -> None:
        super().__init__()
        handler: Any = self.server.RequestHandlerClass
        entra = self

        def post(this: Any) -> None:
            raw = this.rfile.read(int(this.headers["content-length"]))
            entra.paths.append(this.path)
            entra.bodies.append(raw)
            send_json(this, 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "eyJ.journey.token"})

        handler.do_POST = post


@pytest.fixture(scope="module")
def entra() -> Iterator[Entra]:
    found = Entra()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def fresh(upstream: Upstream) -> None:
    upstream.forget()
    upstream.answer = provide


@pytest.fixture(scope="module")
def server(upstream: Upstream, entra: Entra, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    folder = tmp_path_factory.mktemp("azure")
    config = folder / "config.yaml"
    root, authority = upstream.base.removesuffix("/v1"), entra.base.removesuffix("/v1")
    app = "tenant_id: contoso.onmicrosoft.com, client_id: app-1, client_secret: app-secret-1"
    config.write_text(f"""
model_list:
  - model_name: gpt
    litellm_params: {{model: azure/my-gpt, api_base: "{root}", api_key: azure-key, api_version: 2025-04-01-preview}}
  - model_name: gpt-v1
    litellm_params: {{model: azure/my-gpt, api_base: "{root}/openai/v1/", api_key: azure-key}}
  - model_name: gpt-entra
    litellm_params: {{model: azure/my-gpt, api_base: "{root}", azure_authority_host: "{authority}", {app}}}
  - model_name: gone
    litellm_params: {{model: azure/gone, api_base: "{root}", api_key: azure-key}}
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


def test_a_deployment_is_asked_and_what_azure_adds_passes_through(client: openai.OpenAI, upstream: Upstream) -> None:
    answer = client.chat.completions.with_raw_response.create(model="gpt", messages=HELLO)
    assert upstream.paths == ["/openai/deployments/my-gpt/chat/completions?api-version=2025-04-01-preview"]
    assert upstream.headers[0]["api-key"] == "azure-key"
    assert "authorization" not in upstream.headers[0]
    assert upstream.requests[0]["model"] == "my-gpt"
    assert answer.http_response.json() == completion({"content": "Hello"}, "stop")


def test_a_stream_passes_through_with_its_first_chunk(server: Gatewright, upstream: Upstream) -> None:
    ask = {"model": "gpt", "messages": HELLO, "stream": True}
    with server.admin() as http:
        raw = http.post("/v1/chat/completions", json=ask).content
    assert upstream.requests[0]["stream_options"] == {"include_usage": True}
    # All but the usage, which only the gateway asked for.
    assert raw == b"".join(stream_of({}))


def test_a_stream_with_tools_and_usage_for_the_official_client(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="gpt", messages=HELLO, tools=[TOOL], stream_options={"include_usage": True}
    ) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].finish_reason == "tool_calls"
    assert final.choices[0].message.content == "Hello"
    assert final.usage is not None
    assert final.usage.prompt_tokens == 9


@pytest.mark.parametrize("tools", [[], [{"name": "weather", "input_schema": {"type": "object"}}]])
def test_what_azure_adds_does_no_harm_when_it_is_translated(claude: anthropic.Anthropic, tools: Any) -> None:
    ask: Any = {"model": "gpt", "max_tokens": 50, "messages": HELLO, "tools": tools}
    whole = claude.messages.create(**ask)
    with claude.messages.stream(**ask) as stream:
        final = stream.get_final_message()
    stop = "tool_use" if tools else "end_turn"
    assert (whole.stop_reason, final.stop_reason) == (stop, stop)
    assert [block.type for block in final.content] == (["text", "tool_use"] if tools else ["text"])
    assert final.content[0].type == "text"
    assert final.content[0].text == "Hello"
    assert (final.usage.input_tokens, final.usage.output_tokens) == (9, 3)


def test_v1(client: openai.OpenAI, upstream: Upstream) -> None:
    client.chat.completions.create(model="gpt-v1", messages=HELLO)
    assert client.responses.create(model="gpt-v1", input="Hello").output_text == "Hello"
    assert client.embeddings.create(model="gpt-v1", input="x", encoding_format="float").data[0].embedding == [0.5, -1.0]
    assert upstream.paths == ["/openai/v1/chat/completions", "/openai/v1/responses", "/openai/v1/embeddings"]
    assert {sent["model"] for sent in upstream.requests} == {"my-gpt"}


def test_the_responses_api_of_a_dated_version(client: openai.OpenAI, upstream: Upstream) -> None:
    raw = client.responses.with_raw_response.create(model="gpt", input="Hello")
    assert raw.http_response.json() == RESPONSE
    assert upstream.paths == ["/openai/responses?api-version=2025-04-01-preview"]


def test_entra_id(client: openai.OpenAI, upstream: Upstream, entra: Entra) -> None:
    for _ in range(2):
        client.chat.completions.create(model="gpt-entra", messages=HELLO)
    assert entra.paths == ["/contoso.onmicrosoft.com/oauth2/v2.0/token"]
    assert parse_qs(entra.bodies[0].decode())["client_secret"] == ["app-secret-1"]
    assert [headers["authorization"] for headers in upstream.headers] == ["Bearer eyJ.journey.token"] * 2
    assert "api-key" not in upstream.headers[0]
    assert upstream.paths[0].endswith("?api-version=2025-02-01-preview")


def repeat(handler: Any, body: dict[str, Any]) -> None:
    """An error with the credential in it: as an answer, in a good answer, and in the middle of a stream."""
    words = json.dumps(body["messages"])
    said = {"error": {"message": f"Sent: {handler.headers['authorization']}", "code": handler.headers["authorization"]}}
    if body.get("stream"):
        events = stream_of(body)
        send_stream(handler, [*events[:2], b"data: " + json.dumps(said).encode() + b"\n\n"])
    else:
        send_json(handler, 200 if "well" in words else 418, said)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("text", ["well", "ill"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_fetched_token_that_is_repeated_reaches_nobody(
    server: Gatewright, upstream: Upstream, path: str, text: str, stream: bool
) -> None:
    upstream.answer = repeat
    messages = [{"role": "user", "content": text}]
    with server.admin() as http:
        asked = {"model": "gpt-entra", "max_tokens": 9, "messages": messages, "stream": stream}
        got = http.post(path, json=asked)
    assert "eyJ.journey.token" not in got.text
    assert not any("eyJ.journey.token" in value for value in got.headers.values())
    assert "Sent: Bearer ***" in got.text or got.json()["error"]["type"] == "api_error"


def test_a_prompt_that_is_filtered(client: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    messages: Any = [{"role": "user", "content": "blocked"}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="gpt", messages=messages)
    assert caught.value.code == "content_filter"
    with pytest.raises(anthropic.BadRequestError, match="content management policy"):
        claude.messages.create(model="gpt", max_tokens=5, messages=messages)


def test_a_deployment_that_is_not_there(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model="gone", messages=HELLO)
