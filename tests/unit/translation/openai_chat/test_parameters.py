"""Every parameter of the API: carried with its effect, left out as a hint, or refused by its name."""

from typing import Any

import pytest
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsBase,
    CompletionCreateParamsStreaming,
)
from tests.unit.translation.openai_chat.bodies import HELLO, TOOLS, read, sent

from gatewright.domain.errors import BadInput
from gatewright.translation.carriage import CannotCarry
from gatewright.translation.model import Request

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
NAMED = {"type": "function", "function": {"name": "look"}}
STRICT = {
    "type": "function",
    "function": {"name": "look", "description": "Looks.", "parameters": SCHEMA, "strict": True},
}

# The parameter, its value, who is asked (provider, model), and what that is sent. Without the parameter it is not sent.
CARRIED: list[tuple[str, Any, str, str, dict[str, Any]]] = [
    ("temperature", 0.3, "openai", "gpt-4o", {"temperature": 0.3}),
    ("temperature", 0, "openai", "gpt-4o", {"temperature": 0}),
    ("top_p", 0.9, "openai", "gpt-4o", {"top_p": 0.9}),
    ("top_k", 40, "hosted_vllm", "qwen", {"top_k": 40}),
    ("seed", 7, "openai", "gpt-4o", {"seed": 7}),
    ("seed", 7, "mistral", "mistral-large", {"random_seed": 7}),
    ("presence_penalty", 0.5, "openai", "gpt-4o", {"presence_penalty": 0.5}),
    ("frequency_penalty", -0.5, "openai", "gpt-4o", {"frequency_penalty": -0.5}),
    ("logit_bias", {"50256": -100}, "openai", "gpt-4o", {"logit_bias": {"50256": -100}}),
    ("logprobs", True, "openai", "gpt-4o", {"logprobs": True}),
    ("top_logprobs", 3, "openai", "gpt-4o", {"top_logprobs": 3}),
    ("verbosity", "low", "openai", "gpt-5", {"verbosity": "low"}),
    ("service_tier", "flex", "openai", "gpt-5", {"service_tier": "flex"}),
    ("user", "u1", "openai", "gpt-4o", {"user": "u1"}),
    ("max_tokens", 10, "openai", "gpt-4o", {"max_tokens": 10}),
    ("max_tokens", 10, "openai", "o3-mini", {"max_completion_tokens": 10}),
    ("max_tokens", 10, "openrouter", "openai/gpt-5.1", {"max_completion_tokens": 10}),
    ("max_tokens", 10, "azure", "our-deployment", {"max_completion_tokens": 10}),
    ("max_completion_tokens", 10, "deepseek", "deepseek-chat", {"max_tokens": 10}),
    ("max_completion_tokens", 10, "hosted_vllm", "gpt-oss-120b", {"max_tokens": 10}),
    ("stop", "END", "openai", "gpt-4o", {"stop": ["END"]}),
    ("stop", ["a", "b"], "openai", "gpt-4o", {"stop": ["a", "b"]}),
    ("response_format", {"type": "json_object"}, "openai", "gpt-4o", {"response_format": {"type": "json_object"}}),
    (
        "response_format",
        {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True, "description": "d"}},
        "openai",
        "gpt-4o",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": SCHEMA, "strict": True, "description": "d"},
            }
        },
    ),
    ("reasoning_effort", "high", "openai", "gpt-5", {"reasoning_effort": "high"}),
    ("reasoning_effort", "none", "openai", "gpt-5.1", {"reasoning_effort": "none"}),
    ("reasoning_effort", "low", "openrouter", "x", {"reasoning": {"effort": "low"}}),
    ("thinking", {"type": "enabled", "budget_tokens": 2000}, "openai", "gpt-5", {"reasoning_effort": "low"}),
    ("thinking", {"type": "enabled", "budget_tokens": 2000}, "openrouter", "x", {"reasoning": {"max_tokens": 2000}}),
    ("thinking", {"type": "disabled"}, "openrouter", "x", {"reasoning": {"enabled": False}}),
    (
        "reasoning",
        {"effort": "high", "exclude": True},
        "openrouter",
        "x",
        {"reasoning": {"effort": "high", "exclude": True}},
    ),
    ("reasoning", {"max_tokens": 900}, "openrouter", "x", {"reasoning": {"max_tokens": 900}}),
    ("reasoning", {"enabled": True}, "openai", "gpt-5", {"reasoning_effort": "medium"}),
    ("reasoning", {"enabled": False}, "openai", "gpt-5.1", {"reasoning_effort": "none"}),
    ("tools", [STRICT], "openai", "gpt-4o", {"tools": [STRICT]}),
    ("stream", True, "openai", "gpt-4o", {"stream": True, "stream_options": {"include_usage": True}}),
    ("prompt_cache_key", "k", "openai", "gpt-4o", {"prompt_cache_key": "k"}),
    ("prompt_cache_retention", "24h", "openai", "gpt-4o", {"prompt_cache_retention": "24h"}),
    ("safety_identifier", "s", "azure", "d", {"safety_identifier": "s"}),
]

# Only with tools do these mean anything.
WITH_TOOLS: list[tuple[str, Any, str, dict[str, Any]]] = [
    ("tool_choice", "auto", "openai", {"tool_choice": "auto"}),
    ("tool_choice", "none", "openai", {"tool_choice": "none"}),
    ("tool_choice", "required", "openai", {"tool_choice": "required"}),
    ("tool_choice", "required", "mistral", {"tool_choice": "any"}),
    ("tool_choice", NAMED, "openai", {"tool_choice": NAMED}),
    ("parallel_tool_calls", False, "openai", {"parallel_tool_calls": False}),
    ("parallel_tool_calls", True, "openai", {"parallel_tool_calls": True}),
]

HINTS: list[tuple[str, Any]] = [
    ("metadata", {"a": "b"}),
    ("store", False),
    ("prompt_cache_key", "k"),
    ("prompt_cache_options", {"mode": "explicit"}),
    ("prompt_cache_retention", "24h"),
    ("safety_identifier", "s"),
]

REFUSED: list[tuple[str, Any, str]] = [
    ("audio", {"voice": "alloy", "format": "mp3"}, "audio"),
    ("modalities", ["text", "audio"], "modalities"),
    ("moderation", {"model": "x"}, "moderation"),
    ("n", 2, "n"),
    ("prediction", {"type": "content", "content": "x"}, "prediction"),
    ("store", True, "store"),
    ("web_search_options", {}, "web_search_options"),
    ("an_odd_one", 1, "an_odd_one"),
    ("tools", [*TOOLS, {"type": "custom", "custom": {"name": "x"}}], "tools[1].custom"),
    (
        "tool_choice",
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}},
        "tool_choice.allowed_tools",
    ),
    ("tool_choice", {"type": "custom", "custom": {"name": "x"}}, "tool_choice.custom"),
    ("top_k", 40, "top_k"),
]

OUTDATED: list[tuple[str, Any]] = [("functions", [{"name": "f"}]), ("function_call", "auto")]

NOTHING_SAID: list[tuple[str, Any]] = [
    ("n", 1),
    ("modalities", ["text"]),
    ("response_format", {"type": "text"}),
    ("presence_penalty", 0),
    ("frequency_penalty", 0.0),
    ("logit_bias", {}),
    ("logprobs", False),
    ("stop", []),
    ("tools", []),
    ("stream", False),
    ("stream_options", {"include_obfuscation": False}),
    *((name, None) for name in ("temperature", "stop", "tools", "user", "metadata", "an_odd_one", "reasoning_effort")),
]


@pytest.mark.parametrize(("name", "value", "provider", "model", "expected"), CARRIED)
def test_it_is_carried(name: str, value: Any, provider: str, model: str, expected: dict[str, Any]) -> None:
    bare, _ = sent(read(), provider=provider, model=model)
    body, dropped = sent(read(**{name: value}), provider=provider, model=model)
    assert {key: body[key] for key in body if key not in bare} == expected
    assert {key: body[key] for key in bare} == bare
    assert dropped == []


@pytest.mark.parametrize(("name", "value", "provider", "expected"), WITH_TOOLS)
def test_it_is_carried_with_tools(name: str, value: Any, provider: str, expected: dict[str, Any]) -> None:
    bare, _ = sent(read(tools=TOOLS), provider=provider)
    body, _ = sent(read(tools=TOOLS, **{name: value}), provider=provider)
    assert {key: body[key] for key in body if key not in bare} == expected
    alone, _ = sent(read(**{name: value}), provider=provider)
    assert name not in alone


@pytest.mark.parametrize(("name", "value"), HINTS)
def test_a_hint_may_be_left_out_and_is_noted(name: str, value: Any) -> None:
    body, dropped = sent(read(**{name: value}), provider="groq")
    assert name not in body
    assert dropped == [name]


@pytest.mark.parametrize(("name", "value", "param"), REFUSED)
def test_it_is_refused_by_its_name(name: str, value: Any, param: str) -> None:
    request = read(**{name: value})
    with pytest.raises(CannotCarry) as caught:
        sent(request)
    assert caught.value.param == param
    body, dropped = sent(request, drop=True)
    assert dropped == [param]
    assert value not in body.values()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("top_k", 40),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("logit_bias", {"1": 5}),
        ("verbosity", "low"),
        ("service_tier", "flex"),
    ],
)
def test_what_mistral_lacks_is_refused(name: str, value: Any) -> None:
    with pytest.raises(CannotCarry) as caught:
        sent(read(**{name: value}), provider="mistral")
    assert caught.value.param == name
    body, dropped = sent(read(**{name: value}), provider="mistral", drop=True)
    assert (name in body, dropped) == (False, [name])


def test_who_asks_and_what_is_usual_may_be_left_out() -> None:
    body, dropped = sent(read(user="u1", service_tier="auto"), provider="mistral")
    assert (set(body), dropped) == ({"model", "messages"}, ["user", "service_tier"])


@pytest.mark.parametrize(("name", "value"), OUTDATED)
def test_outdated_parameters_say_what_to_send_instead(name: str, value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        read(**{name: value})
    assert caught.value.param == name
    assert caught.value.hint


@pytest.mark.parametrize(("name", "value"), NOTHING_SAID)
def test_a_default_says_nothing(name: str, value: Any) -> None:
    assert read(**{name: value}) == read()


def test_every_parameter_of_the_api_is_in_a_table() -> None:
    known = {*CompletionCreateParamsBase.__annotations__, *CompletionCreateParamsStreaming.__annotations__}
    tested = {
        *(row[0] for row in CARRIED),
        *(row[0] for row in WITH_TOOLS),
        *(row[0] for row in HINTS),
        *(row[0] for row in REFUSED),
        *(row[0] for row in OUTDATED),
    }
    assert known - tested == {"model", "messages", "stream_options"}


WRONG: list[tuple[str, Any, str]] = [
    ("temperature", "hot", "temperature"),
    ("temperature", True, "temperature"),
    ("max_tokens", 0, "max_tokens"),
    ("max_tokens", 1.5, "max_tokens"),
    ("max_completion_tokens", -1, "max_completion_tokens"),
    ("stop", [1], "stop[0]"),
    ("stream", "yes", "stream"),
    ("stream_options", [], "stream_options"),
    ("tool_choice", "maybe", "tool_choice"),
    ("tool_choice", {"type": "function"}, "tool_choice.function"),
    ("tools", [{"type": "function"}], "tools[0].function"),
    ("tools", [{"function": {"name": "x", "parameters": "y"}}], "tools[0].function.parameters"),
    ("tools", [{"function": {"name": "x"}, "cache_control": {"type": "forever"}}], "tools[0].cache_control"),
    ("tools", {}, "tools"),
    ("response_format", {"type": "xml"}, "response_format.type"),
    ("response_format", {"type": "json_schema"}, "response_format.json_schema"),
    ("thinking", {"type": "hard"}, "thinking.type"),
    ("reasoning_effort", 5, "reasoning_effort"),
    ("n", "1", "n"),
    ("user", 5, "user"),
    ("messages", None, "messages"),
    ("messages", "Hello", "messages"),
]


@pytest.mark.parametrize(("name", "value", "param"), WRONG)
def test_what_is_wrong_is_named(name: str, value: Any, param: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(**{name: value})
    assert caught.value.param == param
    assert f"`{param}`" in caught.value.message


def test_what_the_caller_wrote_is_known_by_its_name() -> None:
    request = read(
        max_tokens=5, max_completion_tokens=9, response_format={"type": "json_object"}, parallel_tool_calls=False
    )
    assert request.max_tokens == 9
    assert read(max_completion_tokens=9, max_tokens=5).max_tokens == 9
    assert request.asked_as == {
        "max_tokens": "max_completion_tokens",
        "format": "response_format",
        "parallel_tools": "parallel_tool_calls",
    }
    assert read().asked_as == {}


def test_effort_and_budget_may_both_be_said() -> None:
    ask = read(reasoning_effort={"effort": "high", "summary": "auto"}, thinking={"type": "adaptive"}).reasoning
    assert ask is not None
    assert (ask.effort, ask.summary, ask.adaptive) == ("high", "auto", True)
    _, dropped = sent(read(reasoning_effort={"effort": "high", "summary": "auto"}))
    assert dropped == ["reasoning.summary"]
    _, dropped = sent(read(reasoning={"exclude": True}))
    assert dropped == ["reasoning.exclude"]


def test_whether_usage_is_shown_is_the_clients_and_asking_for_it_is_ours() -> None:
    assert read(stream=True, stream_options={"include_usage": True}).include_usage
    assert not read(stream=True).include_usage
    assert sent(read(stream=True))[0]["stream_options"] == {"include_usage": True}


def test_tiers_of_other_dialects_are_named_anew_or_refused() -> None:
    def asked_for(tier: str) -> Request:
        return Request(messages=read().messages, service_tier=tier, asked_as={"service_tier": "service_tier"})

    assert sent(asked_for("standard_only"))[0]["service_tier"] == "default"
    with pytest.raises(CannotCarry, match="reserved"):
        sent(asked_for("reserved"))


def test_the_model_that_is_asked_is_the_providers() -> None:
    body, _ = sent(read(messages=HELLO), model="gpt-4o")
    assert (body["model"], body["messages"]) == ("gpt-4o", HELLO)
