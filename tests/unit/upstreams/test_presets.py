"""What a deployment asks for where its callers say nothing, at a provider with names of its own."""

import json
from typing import Any

import pytest

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput
from gatewright.translation.carriage import CannotCarry
from gatewright.upstreams.account import Account
from gatewright.upstreams.body import prepare
from gatewright.upstreams.call import Opening
from gatewright.upstreams.dispatch import open_call
from gatewright.upstreams.endpoints import CHAT, MESSAGES, Endpoint
from gatewright.upstreams.presets import presets_of
from gatewright.upstreams.providers.registry import ways_of

CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO = [{"role": "user", "content": "Hi"}]


def sent(defaults: dict[str, Any], endpoint: Endpoint = CHAT, **asked: Any) -> dict[str, Any]:
    account = Account(
        provider="bedrock",
        model=CLAUDE,
        api_base="http://127.0.0.1:9",
        policy=AddressPolicy(operator=True),
        params={"defaults": defaults},
    )
    body = json.dumps({"model": "m", "messages": HELLO, **asked}).encode()
    way = ways_of(account)[endpoint.path]
    call = open_call(way, prepare(body), Opening(endpoint, "r", 1))
    found: dict[str, Any] = json.loads(call.body)
    return found


def test_they_stand_behind_what_the_caller_says() -> None:
    defaults = {"temperature": 0.2, "max_completion_tokens": 5000, "stop": ["END"], "top_k": 3}
    found = sent(defaults)
    assert found["inferenceConfig"] == {"temperature": 0.2, "maxTokens": 5000, "stopSequences": ["END"]}
    assert found["additionalModelRequestFields"] == {"top_k": 3}
    assert found["messages"] == [{"role": "user", "content": [{"text": "Hi"}]}]
    found = sent(defaults, temperature=0.9, max_tokens=7, stop="X", top_k=4)
    assert found["inferenceConfig"] == {"temperature": 0.9, "maxTokens": 7, "stopSequences": ["X"]}
    assert found["additionalModelRequestFields"] == {"top_k": 4}


def test_a_caller_that_says_the_usual_has_said_something() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert "additionalModelRequestFields" in sent({"parallel_tool_calls": False}, tools=tools)
    assert "additionalModelRequestFields" not in sent(
        {"parallel_tool_calls": False}, tools=tools, parallel_tool_calls=True
    )


def test_they_count_for_callers_of_every_dialect() -> None:
    found = sent({"temperature": 0.2, "top_k": 5}, MESSAGES, max_tokens=7)
    assert found["inferenceConfig"] == {"temperature": 0.2, "maxTokens": 7}
    assert found["additionalModelRequestFields"] == {"top_k": 5}


def test_the_providers_own_names_are_known_too() -> None:
    guard = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
    assert sent({"guardrailConfig": guard})["guardrailConfig"] == guard


def test_what_cannot_be_carried_is_refused_by_its_name() -> None:
    with pytest.raises(CannotCarry) as caught:
        sent({"seed": 5})
    assert caught.value.param == "seed"


def test_a_wrong_one_is_named_when_it_is_loaded() -> None:
    with pytest.raises(BadInput) as caught:
        presets_of({"max_tokens": "many"})
    assert caught.value.param == "max_tokens"
    assert presets_of({}) is None
