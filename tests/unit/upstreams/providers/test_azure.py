"""Where Azure's models are asked, beside where OpenAI's own client for Azure asks them."""

import io
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Way
from gatewright.upstreams.providers.registry import ways_of
from gatewright.upstreams.target import Target

BASE = "https://mine.openai.azure.com"
OPERATOR = AddressPolicy(operator=True)
Asking = Callable[[Any], object]
PARAMS = ("api_version", "mode", "defaults")
CHAT: dict[str, Any] = {"model": "my deployment", "messages": []}

ASKED: dict[str, Asking] = {
    "/chat/completions": lambda client: client.chat.completions.create(**CHAT),
    "/responses": lambda client: client.responses.create(model="my deployment", input="x"),
    "/responses/compact": lambda client: client.responses.compact(model="my deployment", input="x"),
    "/responses/input_tokens": lambda client: client.responses.input_tokens.count(model="my deployment", input="x"),
    "/completions": lambda client: client.completions.create(model="my deployment", prompt="x"),
    "/embeddings": lambda client: client.embeddings.create(model="my deployment", input="x"),
    "/images/generations": lambda client: client.images.generate(model="my deployment", prompt="x"),
    "/images/edits": lambda client: client.images.edit(model="my deployment", prompt="x", image=io.BytesIO(b"x")),
    "/audio/speech": lambda client: client.audio.speech.create(model="my deployment", input="x", voice="alloy"),
    "/audio/transcriptions": lambda client: client.audio.transcriptions.create(
        model="my deployment", file=io.BytesIO(b"x")
    ),
    "/audio/translations": lambda client: client.audio.translations.create(
        model="my deployment", file=io.BytesIO(b"x")
    ),
}


class Signer:
    secrets = ()

    async def headers(self, _target: Target, _body: bytes) -> bytes:
        return b""


def ways(api_base: str = BASE, model: str = "my deployment", provider: str = "azure", **changes: Any) -> dict[str, Way]:
    params: dict[str, Any] = {name: changes.pop(name) for name in PARAMS if name in changes}
    fields = {"api_key": "sk-azure", **changes}
    return ways_of(Account(provider=provider, model=model, api_base=api_base, policy=OPERATOR, params=params, **fields))


def url(way: Way) -> str:
    return f"{way.target.origin}{way.target.path}"


def sent(client_of: Callable[[httpx2.Client], Any], ask: Asking) -> httpx2.Request:
    """What the official client sends."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(400, json={"error": {"message": "no"}})

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http, pytest.raises(openai.BadRequestError):
        ask(client_of(http))
    return seen[0]


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the client says so of translations
@pytest.mark.parametrize("path", ASKED)
def test_deployments_are_where_the_official_client_finds_them(path: str) -> None:
    def client(http: httpx2.Client) -> openai.AzureOpenAI:
        return openai.AzureOpenAI(
            azure_endpoint=BASE, api_version="2025-04-01-preview", api_key="sk-azure", http_client=http, max_retries=0
        )

    request = sent(client, ASKED[path])
    found = ways(api_version="2025-04-01-preview")[path]
    assert url(found) == str(request.url)
    assert b"api-key: sk-azure\r\n" in found.target.head
    assert request.headers["api-key"] == "sk-azure"
    assert b"authorization" not in found.target.head.lower()
    # A form brings its own kind along.
    assert (b"content-type" in found.target.head) == request.headers["content-type"].startswith("application/json")


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the client says so of translations
@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("base", [f"{BASE}/openai/v1", f"{BASE}/openai/v1/"])
def test_v1_is_where_the_official_client_finds_it(path: str, base: str) -> None:
    def client(http: httpx2.Client) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{BASE}/openai/v1/", api_key="sk-azure", http_client=http, max_retries=0)

    assert url(ways(base)[path]) == str(sent(client, ASKED[path]).url)
    assert url(ways(api_version="v1")[path]) == url(ways(api_version="latest")[path]) == url(ways(base)[path])
    assert url(ways(f"{BASE}/openai", api_version="preview")[path]) == url(ways(base)[path]) + "?api-version=preview"


def test_conversations_in_other_dialects_go_through_chat_or_responses() -> None:
    found = ways(api_version="2025-04-01-preview")
    assert found["/messages"] is found["/chat/completions"]
    assert found["/chat/completions"].dialect is Dialect.CHAT
    assert found["/responses"].dialect is Dialect.RESPONSES
    asked = ways(api_version="v1", mode="responses")
    assert asked["/chat/completions"] is asked["/messages"] is asked["/responses"]
    assert asked["/responses"].dialect is Dialect.RESPONSES
    assert "/moderations" not in found
    assert "/rerank" not in found


def test_versions() -> None:
    usual = ways()
    assert url(usual["/embeddings"]).endswith(
        "/openai/deployments/my%20deployment/embeddings?api-version=2025-02-01-preview"
    )
    assert url(usual["/responses"]) == f"{BASE}/openai/v1/responses"
    old = ways(api_version="2024-10-21")
    assert old["/responses"] is old["/chat/completions"]
    for version in ("2024?x=1", "", "a b", 7, "v1&x"):
        with pytest.raises(BadInput) as caught:
            ways(api_version=version)
        assert caught.value.param == "api_version"


@pytest.mark.parametrize(
    ("base", "model"),
    [
        (BASE, "o_series/gpt"),
        (BASE, "gpt5_series/gpt"),
        (f"{BASE}/openai", "gpt"),
        (f"{BASE}/openai/deployments/gpt", "whatever"),
        (f"{BASE}/openai/deployments/gpt/chat/completions", "whatever"),
    ],
)
def test_addresses_as_people_have_them(base: str, model: str) -> None:
    found = ways(base, model)["/chat/completions"]
    assert found.model == "gpt"
    assert url(found) == f"{BASE}/openai/deployments/gpt/chat/completions?api-version=2025-02-01-preview"


def test_a_deployments_name_is_one_segment_of_the_path() -> None:
    assert url(ways(model="../../evil?x=#")["/embeddings"]).startswith(
        f"{BASE}/openai/deployments/..%2F..%2Fevil%3Fx%3D%23/"
    )


def test_a_signer_stands_for_the_key() -> None:
    signer = Signer()
    found = ways(api_key=None, signer=signer)["/chat/completions"]
    assert found.signer is signer
    assert b"api-key" not in found.target.head
    with pytest.raises(BadInput) as caught:
        ways(api_key=None)
    assert caught.value.param == "api_key"


FOUNDRY = "https://mine.services.ai.azure.com"


@pytest.mark.parametrize(
    ("base", "wanted", "header"),
    [
        (FOUNDRY, f"{FOUNDRY}/models/chat/completions?api-version=2024-05-01-preview", b"api-key: sk-azure"),
        (
            f"{FOUNDRY}/models",
            f"{FOUNDRY}/models/chat/completions?api-version=2024-05-01-preview",
            b"api-key: sk-azure",
        ),
        (f"{FOUNDRY}/openai/v1", f"{FOUNDRY}/openai/v1/chat/completions", b"api-key: sk-azure"),
        (
            "https://llama.eastus2.models.ai.azure.com/v1",
            "https://llama.eastus2.models.ai.azure.com/v1/chat/completions",
            b"authorization: Bearer sk-azure",
        ),
        (
            "https://services.ai.azure.com.evil.example",
            "https://services.ai.azure.com.evil.example/chat/completions",
            b"authorization: Bearer sk-azure",
        ),
    ],
)
def test_foundry(base: str, wanted: str, header: bytes) -> None:
    found = ways(base, "Llama-4", provider="azure_ai")
    assert url(found["/chat/completions"]) == wanted
    assert header + b"\r\n" in found["/chat/completions"].target.head
    assert found["/messages"].dialect is Dialect.CHAT
    assert url(found["/embeddings"]) == wanted.replace("/chat/completions", "/embeddings")


@pytest.mark.parametrize("base", [FOUNDRY, f"{FOUNDRY}/anthropic"])
def test_claude_in_foundry_is_where_its_own_client_finds_it(base: str) -> None:
    anthropic = pytest.importorskip("anthropic")
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(400, json={"error": {"message": "no"}})

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        client = anthropic.AnthropicFoundry(resource="mine", api_key="sk-azure", http_client=http, max_retries=0)
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(model="claude-opus-4-8", max_tokens=5, messages=[{"role": "user", "content": "x"}])
    found = ways(base, "claude-opus-4-8", provider="azure_ai")
    assert url(found["/messages"]) == str(seen[0].url)
    assert seen[0].headers["anthropic-version"]
    assert [name for name, _ in found["/messages"].headers] == [b"anthropic-version"]
    assert f"x-api-key: {seen[0].headers['x-api-key']}\r\n".encode() in found["/messages"].target.head
    assert found["/chat/completions"].dialect is Dialect.MESSAGES
    optional = ways(base, "claude-opus-4-8", provider="azure_ai", defaults={"max_completion_tokens": 9})
    assert optional["/messages"].defaults == {"max_tokens": 9}
    assert (presets := optional["/chat/completions"].presets) is not None
    assert presets.max_tokens == 9
    assert url(found["/messages/count_tokens"]) == f"{FOUNDRY}/anthropic/v1/messages/count_tokens"
