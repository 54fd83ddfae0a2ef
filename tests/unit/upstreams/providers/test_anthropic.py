"""Where and as whom Anthropic is asked."""

import json
from typing import Any

import msgspec
import pytest

from gatewright.domain.addresses import AddressPolicy
from gatewright.settings.providers import base_of, provider_and_model
from gatewright.upstreams.account import Account
from gatewright.upstreams.body import prepare
from gatewright.upstreams.call import Call, Opening, WireHeaders
from gatewright.upstreams.dispatch import open_call
from gatewright.upstreams.endpoints import CHAT, COUNT_TOKENS, EMBEDDINGS, MESSAGES, RESPONSES, Endpoint
from gatewright.upstreams.passing import PassThrough
from gatewright.upstreams.providers.registry import ways_of
from gatewright.upstreams.translated import Translated

ASK = {"model": "public", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}


def account(key: str | None = "sk-ant-api03-x", base: str = "https://api.anthropic.com", **params: Any) -> Account:
    return Account(
        provider="anthropic",
        model="claude-sonnet-4-5",
        api_base=base,
        api_key=key,
        policy=AddressPolicy(),
        params=params,
    )


def call(one: Account, endpoint: Endpoint = MESSAGES, ask: Any = ASK, forwarded: WireHeaders = ()) -> Call:
    asked = prepare(json.dumps(ask).encode(), content=endpoint.content)
    return open_call(ways_of(one).get(endpoint.path), asked, Opening(endpoint, "req-1", 0, forwarded))


def test_the_row() -> None:
    assert provider_and_model("anthropic/claude-sonnet-4-5") == ("anthropic", "claude-sonnet-4-5")
    assert base_of("anthropic", None) == "https://api.anthropic.com"


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("https://api.anthropic.com", "/v1/messages"),
        ("https://api.anthropic.com/", "/v1/messages"),
        ("https://api.anthropic.com/v1", "/v1/messages"),
        ("https://api.anthropic.com/v1/", "/v1/messages"),
        ("https://api.anthropic.com/v1/messages", "/v1/messages"),
        ("https://example.com/anthropic", "/anthropic/v1/messages"),
        ("https://example.com/anthropic/v1", "/anthropic/v1/messages"),
    ],
)
def test_the_address(base: str, path: str) -> None:
    for endpoint in (MESSAGES, CHAT):
        assert call(account(base=base), endpoint).target.path == path
    assert call(account(base=base), COUNT_TOKENS).target.path == f"{path}/count_tokens"


def test_the_key() -> None:
    head = call(account()).target.head
    assert b"\r\nx-api-key: sk-ant-api03-x\r\n" in head
    assert b"authorization" not in head
    person = call(account("sk-ant-oat01-x")).target.head
    assert b"\r\nauthorization: Bearer sk-ant-oat01-x\r\n" in person
    assert b"\r\nanthropic-beta: oauth-2025-04-20\r\n" in person
    assert b"x-api-key" not in person
    assert b"key" not in call(account(None)).target.head


def test_the_version_is_the_callers_or_ours() -> None:
    assert call(account()).headers == b"anthropic-version: 2023-06-01\r\n"
    given = [(b"anthropic-version", b"2024-01-01"), (b"anthropic-beta", b"a,b")]
    assert call(account(), forwarded=given).headers == b"anthropic-version: 2024-01-01\r\nanthropic-beta: a,b\r\n"
    assert call(account(), CHAT).headers == b"anthropic-version: 2023-06-01\r\n"


def test_messages_pass_and_other_conversations_are_translated() -> None:
    native = call(account(), ask={**ASK, "context_management": {"edits": []}, "x_new": 1.0})
    assert isinstance(native, PassThrough)
    assert json.loads(native.body) == {
        **ASK,
        "model": "claude-sonnet-4-5",
        "context_management": {"edits": []},
        "x_new": 1.0,
    }
    assert b'"x_new":1.0' in native.body
    translated = call(account(), CHAT)
    assert isinstance(translated, Translated)
    assert json.loads(translated.body)["messages"] == [{"role": "user", "content": "Hi"}]
    assert isinstance(call(account(), RESPONSES, {"model": "public", "input": "Hi"}), Translated)
    assert isinstance(call(account(), COUNT_TOKENS), PassThrough)
    assert EMBEDDINGS.path not in ways_of(account())


def test_options_of_an_entry() -> None:
    one = account(
        drop_params=True,
        defaults={
            "max_completion_tokens": 77,
            "stop": ["X"],
            "reasoning_effort": "low",
            "context_management": {"edits": []},
            "metadata": {"user_id": "u"},
        },
    )
    ask = {name: value for name, value in ASK.items() if name != "max_tokens"}
    common = {"context_management": {"edits": []}, "metadata": {"user_id": "u"}}
    native = json.loads(call(one, ask=ask).body)
    assert native == {**ask, **common, "model": "claude-sonnet-4-5", "max_tokens": 77, "stop_sequences": ["X"]}
    translated = json.loads(call(one, CHAT, {**ask, "max_tokens": 5000}).body)
    assert translated["max_tokens"] == 5000
    assert translated["stop_sequences"] == ["X"]
    assert translated["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert translated.items() >= common.items()
    assert "max_tokens" not in msgspec.json.decode(call(one, COUNT_TOKENS, ask).body)
