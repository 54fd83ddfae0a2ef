"""A chat completion request into the request model.

Source: OpenAI API reference, "Create chat completion"; LiteLLM's `thinking`, OpenRouter's `reasoning`, and `top_k`,
which most compatible servers have.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.model import Request
from gatewright.translation.openai_chat import option_readers as options
from gatewright.translation.openai_chat.message_reader import read_messages
from gatewright.translation.openai_chat.option_readers import Asked, decoder
from gatewright.translation.openai_chat.wire import member

HINTS = frozenset(
    {
        *("metadata", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier"),
        *("tags", "litellm_session_id", "litellm_trace_id"),
    }
)
"""Parameters that change nothing in the answer."""

_NULL = msgspec.Raw(b"null")
_any = msgspec.json.Decoder().decode


class _Options(msgspec.Struct):
    include_usage: bool | None = None


class _Plain(NamedTuple):
    """A parameter whose value goes into the model as it is. `default` is a value that changes nothing; `usual` one that
    is sent where there is a place for it, and asks for what happens without it.
    """

    member: str
    decode: Callable[[msgspec.Raw], Any]
    default: object = None
    usual: object = None


_number, _whole, _text, _flag = decoder(float), decoder(int), decoder(str), decoder(bool)

_PLAIN = {
    "temperature": _Plain("temperature", _number),
    "top_p": _Plain("top_p", _number),
    "top_k": _Plain("top_k", _whole),
    "seed": _Plain("seed", _whole),
    "presence_penalty": _Plain("presence_penalty", _number, 0),
    "frequency_penalty": _Plain("frequency_penalty", _number, 0),
    "logit_bias": _Plain("logit_bias", decoder(dict[str, float]), {}),
    "logprobs": _Plain("logprobs", _flag, False),
    "top_logprobs": _Plain("top_logprobs", _whole, 0),
    "parallel_tool_calls": _Plain("parallel_tools", _flag, usual=True),
    "verbosity": _Plain("verbosity", _text, usual="medium"),
}


def read(members: Mapping[str, msgspec.Raw]) -> Request:
    """The request. Raises BadInput naming the member that is wrong."""
    asked = Asked()
    for name, raw in members.items():
        if raw == _NULL:
            continue
        if (plain := _PLAIN.get(name)) is not None:
            value = member(plain.decode, name, raw)
            if value != plain.default:
                asked.values[plain.member] = value
                if value != plain.usual:
                    asked.asked_as[plain.member] = name
        elif (reader := _READERS.get(name)) is not None:
            reader(raw, asked)
        else:
            asked.unknown[name] = member(_any, name, raw)
            if name in HINTS:
                asked.hints.add(name)
    if "messages" not in asked.values:
        raise BadInput("`messages` is missing.", param="messages")
    return Request(**asked.values, asked_as=asked.asked_as, unknown=asked.unknown, hints=frozenset(asked.hints))


def _messages(raw: msgspec.Raw, asked: Asked) -> None:
    asked.values["system"], asked.values["messages"] = read_messages(raw)


def _nothing(_raw: msgspec.Raw, _into: Asked) -> None:
    """`model` is the gateway's."""


def _stream(raw: msgspec.Raw, asked: Asked) -> None:
    asked.values["stream"] = member(_flag, "stream", raw)


def _stream_options(raw: msgspec.Raw, asked: Asked) -> None:
    """The others than `include_usage` only say how OpenAI pads its chunks."""
    asked.values["include_usage"] = member(_options, "stream_options", raw).include_usage is True


def _max_tokens(name: str) -> Callable[[msgspec.Raw, Asked], None]:
    def read_it(raw: msgspec.Raw, asked: Asked) -> None:
        value = member(_whole, name, raw)
        if value < 1:
            raise BadInput(f"`{name}` must be at least 1.", param=name)
        if name == "max_completion_tokens" or "max_tokens" not in asked.values:
            asked.put("max_tokens", name, value)

    return read_it


def _n(raw: msgspec.Raw, asked: Asked) -> None:
    value = member(_whole, "n", raw)
    if value != 1:
        asked.unknown["n"] = value


def _stop(raw: msgspec.Raw, asked: Asked) -> None:
    value = member(_texts, "stop", raw)
    found = (value,) if isinstance(value, str) else tuple(value)
    if found:
        asked.put("stop", "stop", found)


def _service_tier(raw: msgspec.Raw, asked: Asked) -> None:
    value = member(_text, "service_tier", raw)
    asked.put("service_tier", "service_tier", value)
    if value in ("auto", "default"):
        asked.hints.add("service_tier")


def _user(raw: msgspec.Raw, asked: Asked) -> None:
    asked.put("user", "user", member(_text, "user", raw))
    asked.hints.add("user")


def _store(raw: msgspec.Raw, asked: Asked) -> None:
    asked.unknown["store"] = value = member(_flag, "store", raw)
    if not value:
        asked.hints.add("store")


def _modalities(raw: msgspec.Raw, asked: Asked) -> None:
    value = member(_list, "modalities", raw)
    if value not in (["text"], []):
        asked.unknown["modalities"] = value


def _refused(name: str, instead: str) -> Callable[[msgspec.Raw, Asked], None]:
    def refuse(_raw: msgspec.Raw, _into: Asked) -> None:
        raise BadInput(f"`{name}` is outdated and cannot be sent to this model.", param=name, hint=f"Send `{instead}`.")

    return refuse


_options, _texts, _list = decoder(_Options), decoder(list[str] | str), decoder(list[str])

_READERS: dict[str, Callable[[msgspec.Raw, Asked], None]] = {
    "model": _nothing,
    "messages": _messages,
    "stream": _stream,
    "stream_options": _stream_options,
    "max_tokens": _max_tokens("max_tokens"),
    "max_completion_tokens": _max_tokens("max_completion_tokens"),
    "n": _n,
    "stop": _stop,
    "service_tier": _service_tier,
    "user": _user,
    "store": _store,
    "modalities": _modalities,
    "tools": options.read_tools,
    "tool_choice": options.read_tool_choice,
    "response_format": options.read_response_format,
    "reasoning_effort": options.read_effort,
    "thinking": options.read_thinking,
    "reasoning": options.read_reasoning,
    "functions": _refused("functions", "tools"),
    "function_call": _refused("function_call", "tool_choice"),
}
