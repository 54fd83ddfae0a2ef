"""Servers of OpenAI's dialect: what each is sent for a client of another dialect, and what it refuses."""

import json
from typing import Any

import pytest

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput
from gatewright.settings.providers import PROVIDERS
from gatewright.translation.openai_chat.servers import SERVERS
from gatewright.upstreams.account import Account
from gatewright.upstreams.body import prepare
from gatewright.upstreams.call import Call, Opening
from gatewright.upstreams.dispatch import open_call
from gatewright.upstreams.endpoints import CHAT, MESSAGES, Endpoint
from gatewright.upstreams.providers.registry import ways_of

OPERATOR = AddressPolicy(operator=True)
THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "c2ln"}
ASKED: dict[str, Any] = {
    "model": "public/name",
    "max_tokens": 500,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "Hi"}]},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ],
}


def call(provider: str, endpoint: Endpoint, body: dict[str, Any], *, model: str = "m", drop: bool = False) -> Call:
    account = Account(
        provider=provider,
        model=model,
        api_base="https://models.example/v1",
        policy=OPERATOR,
        params={"drop_params": drop},
    )
    return open_call(ways_of(account)[endpoint.path], prepare(json.dumps(body).encode()), Opening(endpoint, "r1", 1))


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "gpt-5", {"max_completion_tokens": 500}),
        ("openai", "gpt-4o", {"max_tokens": 500}),
        ("deepseek", "deepseek-chat", {"max_tokens": 500}),
        ("groq", "llama", {"max_completion_tokens": 500}),
    ],
)
def test_each_server_is_sent_what_it_takes(provider: str, model: str, expected: dict[str, Any]) -> None:
    body = json.loads(call(provider, MESSAGES, ASKED, model=model).body)
    assert {name: value for name, value in body.items() if name not in ("model", "messages")} == expected


def test_thoughts_and_marks_go_only_to_servers_that_take_them() -> None:
    plain = call("openai", MESSAGES, ASKED)
    assert [message.keys() for message in json.loads(plain.body)["messages"]] == [{"role", "content"}] * 4
    assert set(plain.dropped) == {"cache_control", "reasoning"}
    marked = call("openrouter", MESSAGES, ASKED)
    system, _, answer, _ = json.loads(marked.body)["messages"]
    assert system["content"] == [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    assert answer == {"role": "assistant", "content": "Hi", "reasoning": "Hm"}
    assert list(marked.dropped) == []
    flat = json.loads(call("deepseek", MESSAGES, ASKED).body)["messages"]
    assert [message["content"] for message in flat] == ["Be brief.", "Hello", "Hi", "a\nb"]
    assert flat[2]["reasoning_content"] == "Hm"


@pytest.mark.parametrize("asked", [{}, {"stream_options": {"include_usage": True}}])
def test_mistral_is_not_asked_for_the_usage_of_a_stream(asked: dict[str, Any]) -> None:
    """It refuses to be asked, and says it all the same."""
    body = {"model": "public/name", "messages": [{"role": "user", "content": "Hi"}], "stream": True, **asked}
    for endpoint in (CHAT, MESSAGES):
        asked_there = body if endpoint is CHAT else {**ASKED, "stream": True}
        sent = json.loads(call("mistral", endpoint, asked_there).body)
        assert sent["stream"] is True
        assert "stream_options" not in sent
    assert json.loads(call("groq", CHAT, body).body)["stream_options"] == {"include_usage": True}


def test_what_differs_is_written_down_for_every_server() -> None:
    unknown = {"custom_openai"}
    assert {name for name, row in PROVIDERS.items() if row.speaks in ("openai", "azure")} - unknown == SERVERS.keys()


@pytest.mark.parametrize("endpoint", [CHAT, MESSAGES])
def test_nobody_chooses_another_model_behind_the_gateways_back(endpoint: Endpoint) -> None:
    """OpenRouter would ask the next of `models`, whatever the key may use, and we would count the first one's price."""
    asked = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}], "models": ["dear/one"]}
    with pytest.raises(BadInput) as caught:
        call("openrouter", endpoint, asked)
    assert caught.value.param == "models"


def test_the_config_may_name_other_models() -> None:
    account = Account(
        provider="openrouter",
        model="m",
        api_base="https://models.example/v1",
        policy=OPERATOR,
        params={"defaults": {"models": ["a/b"]}},
    )
    asked = prepare(b'{"model":"m","messages":[]}')
    body = open_call(ways_of(account)[CHAT.path], asked, Opening(CHAT, "r1", 1)).body
    assert json.loads(body)["models"] == ["a/b"]
