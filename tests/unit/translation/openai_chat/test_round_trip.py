"""Whatever a request of this dialect says is the same after it was written for a provider that takes everything."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translation.conformance.openai_chat import judge_request

from gatewright.translation.carriage import Carriage
from gatewright.translation.model import Request
from gatewright.translation.openai_chat.client import CLIENT
from gatewright.translation.openai_chat.provider import PROVIDER

decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
encode = msgspec.json.Encoder().encode

WORDS = st.text(min_size=1, max_size=12)
MARKS = st.none() | st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}])
BASE64 = st.sampled_from(["AAAA", "/9j/", "JVBERg=="])


def marked(wire: dict[str, Any], mark: dict[str, str] | None) -> dict[str, Any]:
    return wire if mark is None else {**wire, "cache_control": mark}


TEXTS = st.builds(marked, st.builds(lambda text: {"type": "text", "text": text}, WORDS), MARKS)
IMAGES = st.builds(
    lambda url, detail: {"type": "image_url", "image_url": {"url": url} | ({"detail": detail} if detail else {})},
    BASE64.map(lambda data: f"data:image/png;base64,{data}") | st.just("https://a.example/x.png"),
    st.none() | st.sampled_from(["low", "high"]),
)
SOUNDS = st.builds(
    lambda data, kind: {"type": "input_audio", "input_audio": {"data": data, "format": kind}},
    BASE64,
    st.sampled_from(["wav", "mp3"]),
)
FILES = st.builds(
    lambda data, name: {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{data}", "filename": name}},
    BASE64,
    WORDS,
) | st.just({"type": "file", "file": {"file_id": "file-1"}})
NAMES = st.sampled_from([{}, {"name": "ann"}])


def said(role: str, content: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.builds(lambda text, name: [{"role": role, "content": text, **name}], content, NAMES)


def turn(text: str | None, ids: list[str], thoughts: dict[str, Any], results: list[Any]) -> list[dict[str, Any]]:
    """A message of the assistant, with the results of its calls."""
    calls = [{"id": one, "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}} for one in ids]
    message: dict[str, Any] = {"role": "assistant", "content": text, **thoughts}
    if calls:
        message["tool_calls"] = calls
    answers = [
        {"role": "tool", "tool_call_id": one, "content": results[at % len(results)]} for at, one in enumerate(ids)
    ]
    return [message, *answers]


THOUGHTS = st.sampled_from([{}, {"reasoning_content": "Hm"}])
TURNS = st.builds(
    turn,
    WORDS | st.none(),
    st.lists(st.sampled_from(["c1", "c2", "c3"]), unique=True),
    THOUGHTS,
    st.lists(WORDS | st.lists(TEXTS, min_size=1, max_size=2), min_size=1, max_size=3),
)
MESSAGES = st.lists(
    said("user", WORDS)
    | said("user", st.lists(TEXTS | IMAGES | SOUNDS | FILES, min_size=1, max_size=4))
    | said("system", WORDS)
    | TURNS,
    min_size=1,
    max_size=6,
).map(lambda turns: [message for one in turns for message in one])

SCHEMAS = st.sampled_from([{}, {"type": "object", "properties": {"a": {"type": "integer"}}}])
TOOLS = st.lists(
    st.builds(
        lambda name, schema, strict, mark: marked(
            {"type": "function", "function": {"name": name, "parameters": schema, **strict}}, mark
        ),
        WORDS,
        SCHEMAS,
        st.sampled_from([{}, {"strict": True}, {"description": "Looks."}]),
        MARKS,
    ),
    min_size=1,
    max_size=3,
)
MORE = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0, 1),
        "top_k": st.integers(1, 500),
        "seed": st.integers(-(2**60), 2**60),
        "presence_penalty": st.floats(-2, 2),
        "frequency_penalty": st.floats(-2, 2),
        "logit_bias": st.dictionaries(st.sampled_from(["1", "2"]), st.integers(-100, 100)),
        "logprobs": st.booleans(),
        "top_logprobs": st.integers(0, 20),
        "max_tokens": st.integers(1, 10**6),
        "stop": WORDS | st.lists(WORDS, max_size=4),
        "verbosity": st.sampled_from(["low", "high"]),
        "service_tier": st.sampled_from(["auto", "flex"]),
        "user": WORDS,
        "reasoning_effort": st.sampled_from(["minimal", "low", "high", "max"]),
        "response_format": st.sampled_from(
            [
                {"type": "text"},
                {"type": "json_object"},
                {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": True}},
            ]
        ),
        "stream": st.booleans(),
        "prompt_cache_key": WORDS,
    },
)
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "tool_choice": st.sampled_from(
            ["auto", "none", "required", {"type": "function", "function": {"name": "look"}}]
        ),
        "parallel_tool_calls": st.booleans(),
    },
)


def read(body: dict[str, Any]) -> Request:
    return CLIENT.read(decode(encode(body)))


def lasting(request: Request) -> dict[str, Any]:
    """Without what a gateway decides anew: streams always report what they used."""
    found = msgspec.structs.asdict(request)
    del found["include_usage"]
    return found


@given(messages=MESSAGES, more=MORE, tools=st.none() | st.tuples(TOOLS, CHOICES))
def test_a_request_is_the_same_after_it_was_written(
    messages: list[Any], more: dict[str, Any], tools: tuple[list[Any], dict[str, Any]] | None
) -> None:
    body = {"model": "m", "messages": messages, **more}
    if tools is not None:
        body |= {"tools": tools[0], **tools[1]}
    first = read(body)
    carriage = Carriage(first, drop=False, where="it", provider="litellm_proxy")
    written = PROVIDER.write(first, "m", carriage)
    assert carriage.dropped == []
    assert lasting(read(written)) == lasting(first)
    judge_request(written)
