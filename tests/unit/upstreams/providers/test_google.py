"""Where Google's models are asked, and as whom: the paths that Google's and Anthropic's own libraries use."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import msgspec
import pytest
from anthropic import AnthropicVertex
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from tests.servers import Upstream, send_json, write_chunk

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.body import prepare
from gatewright.upstreams.call import Opening, Way
from gatewright.upstreams.dispatch import open_call
from gatewright.upstreams.endpoints import CHAT, COUNT_TOKENS, EMBEDDINGS, MESSAGES, RESPONSES
from gatewright.upstreams.providers.registry import ways_of
from gatewright.upstreams.target import Target

POLICY = AddressPolicy(operator=True)
ANSWER = {"candidates": [{"content": {"parts": [{"text": "Hi"}], "role": "model"}, "finishReason": "STOP"}]}


class Token:
    """A signer whose credential names a project."""

    project = "key-project"

    async def headers(self, _target: Target, _body: bytes) -> bytes:
        return b"authorization: Bearer t\r\n"


def account(provider: str, model: str, **changes: Any) -> Account:
    bases = {
        "gemini": "https://generativelanguage.googleapis.com/v1beta",
        "vertex_ai": "https://aiplatform.googleapis.com",
    }
    return Account(**{"provider": provider, "model": model, "api_base": bases[provider], "policy": POLICY, **changes})


def vertex(model: str, **params: Any) -> dict[str, Way]:
    return ways_of(account("vertex_ai", model, signer=Token(), params={"vertex_project": "p-1", **params}))


def at(target: Target | None) -> str:
    assert target is not None
    return f"{target.origin}{target.path}"


@pytest.fixture
def google() -> Iterator[Upstream]:
    upstream = Upstream()

    def answer(handler: Any, _body: Any) -> None:
        if "stream" not in handler.path:
            return send_json(handler, 200, {**ANSWER, "embeddings": [], "predictions": []})
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        write_chunk(handler, b"data: " + json.dumps(ANSWER).encode() + b"\r\n\r\n")
        return write_chunk(handler, b"")

    upstream.answer = answer
    yield upstream
    upstream.close()


def test_gemini_is_asked_where_googles_library_asks_it(google: Upstream) -> None:
    base = google.base.removesuffix("/v1")
    library = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=base, api_version="v1beta"))
    library.models.generate_content(model="gemini-2.5-flash", contents="Hi")
    list(library.models.generate_content_stream(model="gemini-2.5-flash", contents="Hi"))
    library.models.embed_content(model="gemini-2.5-flash", contents="Hi")
    ways = ways_of(account("gemini", "gemini-2.5-flash", api_key="k", api_base=f"{base}/v1beta"))
    way = ways[CHAT.path]
    assert [way.target.path, way.address(stream=True).path, ways[EMBEDDINGS.path].target.path] == google.paths
    assert way is ways[RESPONSES.path] is ways[MESSAGES.path]
    assert b"x-goog-api-key: k\r\n" in way.target.head
    assert google.headers[0]["x-goog-api-key"] == "k"


def test_gemini_on_vertex_is_asked_where_googles_library_asks_it(google: Upstream) -> None:
    base = google.base.removesuffix("/v1")
    library = genai.Client(
        vertexai=True,
        project="p-1",
        location="europe-west4",
        credentials=Credentials(token="t"),  # type: ignore[no-untyped-call]  # the library has no types
        http_options=types.HttpOptions(base_url=base, api_version="v1beta1"),
    )
    ours: list[str] = []
    for model in ("gemini-2.5-flash", "text-embedding-005", "gemini-embedding-001", "gemini-embedding-2"):
        library.models.generate_content(model=model, contents="Hi")
        list(library.models.generate_content_stream(model=model, contents="Hi"))
        library.models.embed_content(model=model, contents=[types.Content(parts=[types.Part(text="a")])] * 2)
        ways = vertex(model, vertex_location="europe-west4")
        chat = ways[CHAT.path]
        ours += [chat.target.path, chat.address(stream=True).path, ways[EMBEDDINGS.path].target.path]
    assert ours == google.paths


@pytest.mark.parametrize(
    ("location", "host"),
    [
        (None, "https://aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("us-east5", "https://us-east5-aiplatform.googleapis.com"),
        ("us", "https://aiplatform.us.rep.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_a_locations_host_is_the_one_that_both_libraries_know(location: str | None, host: str) -> None:
    params = {} if location is None else {"vertex_location": location}
    gemini, claude = vertex("gemini-2.5-pro", **params)[CHAT.path], vertex("claude-opus-4-5", **params)[CHAT.path]
    place = f"projects/p-1/locations/{location or 'global'}/publishers"
    assert at(gemini.target) == f"{host}/v1beta1/{place}/google/models/gemini-2.5-pro:generateContent"
    assert at(claude.target) == f"{host}/v1/{place}/anthropic/models/claude-opus-4-5:rawPredict"
    google_says = genai.Client(
        vertexai=True,
        project="p-1",
        location=location or "global",
        credentials=Credentials(token="t"),  # type: ignore[no-untyped-call]  # the library has no types
    )
    assert str(google_says._api_client._http_options.base_url) == f"{host}/"
    anthropic_says = AnthropicVertex(region=location or "global", project_id="p-1", access_token="t")
    assert str(anthropic_says.base_url) == f"{host}/v1/"


def test_claude_on_vertex_is_asked_what_anthropics_library_asks_it() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={})

    library = AnthropicVertex(
        region="us-east5",
        project_id="p-1",
        access_token="t",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )
    model = "claude-sonnet-4-5@20250929"
    ask: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    library.messages.create(**ask, max_tokens=9)
    library.messages.create(**ask, max_tokens=9, stream=True)
    library.messages.count_tokens(**ask)
    ways = vertex(model, vertex_location="us-east5")
    version = json.loads(seen[0].content)["anthropic_version"].encode()
    for request, endpoint, more in (
        (seen[0], MESSAGES, {"max_tokens": 9}),
        (seen[1], MESSAGES, {"max_tokens": 9, "stream": True}),
        (seen[2], COUNT_TOKENS, {}),
    ):
        asked = prepare(json.dumps({**ask, "model": "public", **more}).encode())
        opening = Opening(endpoint, "r", 1, [(b"anthropic-version", version), (b"anthropic-beta", b"b-1")])
        call_ = open_call(ways[endpoint.path], asked, opening)
        assert at(call_.target) == str(request.url).replace("%40", "@")
        assert json.loads(call_.body) == json.loads(request.content)
        assert b"anthropic-beta: b-1\r\n" in call_.headers


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ([], "vertex-2023-10-16"),
        ([(b"anthropic-version", b"2023-06-01")], "vertex-2023-10-16"),
        ([(b"anthropic-version", b"2026-10-21")], "2026-10-21"),
        ([(b"anthropic-version", b'x","model":"evil')], 'x","model":"evil'),
    ],
)
def test_claude_on_vertex_speaks_the_version_that_its_caller_names(
    headers: list[tuple[bytes, bytes]], version: str
) -> None:
    asked = prepare(b'{"model":"public","messages":[],"max_tokens":9,"anthropic_version":"mine"}')
    body = json.loads(open_call(vertex("claude-x")[MESSAGES.path], asked, Opening(MESSAGES, "r", 1, headers)).body)
    assert body == {"messages": [], "max_tokens": 9, "anthropic_version": version}


def test_claude_on_vertex_answers_other_dialects_through_its_own() -> None:
    way = vertex("claude-sonnet-4-5@20250929")[CHAT.path]
    assert way.dialect is Dialect.MESSAGES
    asked = prepare(b'{"model":"public","messages":[{"role":"user","content":"Hi"}],"max_tokens":9}')
    body = json.loads(open_call(way, asked, Opening(CHAT, "r", 1)).body)
    assert body["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in body


def test_an_api_key_goes_without_a_project() -> None:
    """Google's express mode."""
    way = ways_of(account("vertex_ai", "gemini-2.5-flash", api_key="k"))[CHAT.path]
    assert at(way.target) == (
        "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent"
    )
    assert b"x-goog-api-key: k\r\n" in way.target.head


def test_the_credential_may_name_the_project_and_the_operator_another_address() -> None:
    found = account("vertex_ai", "gemini-2.5-flash", signer=Token(), api_base="https://proxy.example/gcp/v1")
    target = ways_of(found)[CHAT.path].target
    assert at(target) == (
        "https://proxy.example/gcp/v1/projects/key-project/locations/global"
        "/publishers/google/models/gemini-2.5-flash:generateContent"
    )


def test_a_tuned_model_is_an_endpoint_there_and_a_kind_of_its_own_here() -> None:
    assert "/endpoints/7310951467:generateContent" in at(vertex("7310951467")[CHAT.path].target)
    tuned = ways_of(account("gemini", "tunedModels/mine-1", api_key="k"))[CHAT.path]
    assert at(tuned.target).endswith("/v1beta/tunedModels/mine-1:generateContent")


@pytest.mark.parametrize(
    "model",
    [
        *("..", ".", "../../v1/projects/x", "a/b", "a:b", "a?b", "a#b", "a b", "a%2fb", "é", "", "-a", "a\r\nx: y"),
        *("models/../x", "models/", "publishers/meta/models/llama", "a" * 300),
    ],
)
def test_a_models_name_leads_nowhere_else(model: str) -> None:
    """With a pattern in the config file it comes from the caller."""
    for found in (account("gemini", model, api_key="k"), account("vertex_ai", model, signer=Token())):
        with pytest.raises(BadInput) as caught:
            ways_of(found)
        assert caught.value.param == "model"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"vertex_location": "evil.com/"}, "vertex_location"),
        ({"vertex_location": "evil.com#"}, "vertex_location"),
        ({"vertex_location": "US-EAST5"}, "vertex_location"),
        ({"vertex_location": "a" * 41}, "vertex_location"),
        ({"vertex_location": 5}, "vertex_location"),
        ({"vertex_project": "../x"}, "vertex_project"),
        ({"vertex_project": "a/b"}, "vertex_project"),
        ({"vertex_project": 5}, "vertex_project"),
    ],
)
def test_neither_does_a_project_or_a_location(params: dict[str, Any], param: str) -> None:
    with pytest.raises(BadInput) as caught:
        vertex("gemini-2.5-flash", **params)
    assert caught.value.param == param


def test_options_of_an_entry_reach_claude_by_its_names() -> None:
    found = account("vertex_ai", "claude-x", signer=Token(), params={"defaults": {"stop": ["X"], "max_tokens": 5}})
    ways = ways_of(found)
    assert ways[MESSAGES.path].defaults == {"stop_sequences": ["X"], "max_tokens": 5}
    asked = prepare(b'{"model":"public","messages":[{"role":"user","content":"Hi"}]}')
    body = json.loads(open_call(ways[CHAT.path], asked, Opening(CHAT, "r", 1)).body)
    assert (body["stop_sequences"], body["max_tokens"]) == (["X"], 5)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(BadInput) as caught:
        ways_of(account("vertex_ai", "gemini-2.5-flash"))
    assert caught.value.param == "vertex_credentials"
    nameless = Token()
    nameless.project = ""
    with pytest.raises(BadInput) as caught:
        ways_of(account("vertex_ai", "gemini-2.5-flash", signer=nameless))
    assert caught.value.param == "vertex_project"


def test_a_deployments_own_settings_stand_behind_the_callers() -> None:
    options = {"temperature": 0.1, "top_k": 5, "safety_settings": [{"category": "c", "threshold": "OFF"}]}
    way = ways_of(account("gemini", "gemini-2.5-flash", api_key="k", params={"defaults": options}))[CHAT.path]
    asked = prepare(b'{"model":"public","messages":[{"role":"user","content":"Hi"}],"temperature":0.9}')
    body = msgspec.json.decode(open_call(way, asked, Opening(CHAT, "r", 1)).body)
    assert body["generationConfig"] == {"temperature": 0.9, "topK": 5}
    assert body["safetySettings"] == options["safety_settings"]
