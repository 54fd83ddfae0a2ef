"""A good answer that a content filter took away: another model answers where one is configured for that."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.test_attempts import GOOD, STREAM_ASK, behind, error, told
from tests.unit.upstreams.server import Talk, Upstream
from tests.unit.web.model_api.harness import (
    ANSWER,
    ASK,
    DONE,
    FIRST,
    SECOND,
    STREAM,
    STREAM_HEAD,
    USAGE,
    Got,
    Provider,
    answer,
    chunk,
    gateway,
    model,
)

from gatewright.gateway.screening import MOST_HELD, is_undecided
from gatewright.settings.router import Router
from gatewright.storage.database import Database
from gatewright.translation.dialect import Dialect

BOLD = Router(content_policy_fallbacks={"chat": ("bold",)}, num_retries=0)
FILTERED = (
    b'{"id":"f","choices":[{"index":0,"message":{"role":"assistant","content":""},'
    b'"finish_reason": "content_filter"}],"usage":' + USAGE + b"}"
)
ROLE = b'data: {"id":"f","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
TAKEN = b'data: {"id":"f","choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}\n\n'
SAID = b'data: {"id":"f","choices":[{"index":0,"delta":{"content":"Well"}}]}\n\n'
END = b"0\r\n\r\n"
WELL = answer(b'{"id":"w","choices":[{"message":{"role":"assistant","content":"Well"},"finish_reason":"stop"}]}')
MESSAGE = {"type": "message", "id": "m", "role": "assistant", "model": "x", "content": []}
MESSAGES_ASK = {"model": "chat", "max_tokens": 9, "messages": [{"role": "user", "content": "q"}]}
USED = {"input_tokens": 10, "output_tokens": 1}


def streamed(*events: bytes) -> bytes:
    return STREAM_HEAD + b"".join(chunk(event) for event in events) + END


def events(*bodies: dict[str, Any]) -> bytes:
    return streamed(*(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in bodies))


async def test_a_filtered_answer_is_made_good_and_both_are_paid(db: Database, tmp_path: Path) -> None:
    filtered = Provider(answer(FILTERED))
    async with behind(db, tmp_path, {"chat": filtered, "bold": Provider(GOOD)}, BOLD) as made:
        got = await made.chat()
        record = await made.record()
    assert (got.status, got.body) == (200, ANSWER)
    assert told(got, "model-group", "attempted-fallbacks") == ["bold", "1"]
    once = 9 * 2000 + 3 * 8000
    assert (record["deployment"], record["fallbacks"], record["cost"]) == ("bold", 1, 2 * once)
    assert (record["prompt_tokens"], record["completion_tokens"]) == (9, 3)


@pytest.mark.parametrize(
    "router",
    [
        Router(fallbacks={"chat": ("bold",)}, default_fallbacks=("bold",)),
        Router(content_policy_fallbacks={"other": ("bold",)}),
    ],
)
async def test_without_such_a_fallback_the_answer_stands(db: Database, tmp_path: Path, router: Router) -> None:
    bold = Provider(GOOD)
    async with behind(db, tmp_path, {"chat": Provider(answer(FILTERED)), "bold": bold}, router) as made:
        got = await made.chat()
    assert (got.status, got.body, bold.bodies) == (200, FILTERED, [])


@pytest.mark.parametrize("wish", [{"disable_fallbacks": True}, {"content_policy_fallbacks": []}])
async def test_a_request_may_want_none(db: Database, tmp_path: Path, wish: dict[str, Any]) -> None:
    async with behind(db, tmp_path, {"chat": Provider(answer(FILTERED)), "bold": Provider(GOOD)}, BOLD) as made:
        assert (await made.chat({**ASK, **wish})).body == FILTERED


async def test_a_request_may_bring_its_own(db: Database, tmp_path: Path) -> None:
    own = {**ASK, "content_policy_fallbacks": [{"chat": ["bold"]}]}
    async with behind(db, tmp_path, {"chat": Provider(answer(FILTERED)), "bold": Provider(GOOD)}) as made:
        assert (await made.chat(own)).body == ANSWER


async def test_the_filtered_answer_is_better_than_none(db: Database, tmp_path: Path) -> None:
    scripts = {"chat": Provider(answer(FILTERED)), "bold": Provider(error(500))}
    async with behind(db, tmp_path, scripts, BOLD) as made:
        got = await made.chat()
        record = await made.record()
    assert (got.status, got.body, told(got, "model-id")) == (200, FILTERED, ["chat"])
    assert (record["deployment"], record["outcome"], record["cost"]) == ("chat", "ok", 42_000)


async def test_text_that_speaks_of_filters_is_an_answer(db: Database, tmp_path: Path) -> None:
    body = answer(json.dumps({"choices": [{"message": {"content": '"finish_reason":"content_filter"'}}]}).encode())
    async with behind(db, tmp_path, {"chat": Provider(body), "bold": Provider(GOOD)}, BOLD) as made:
        assert told(await made.chat(), "model-group") == ["chat"]


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (streamed(TAKEN, DONE), FIRST + SECOND + DONE),
        (streamed(ROLE, TAKEN, DONE), FIRST + SECOND + DONE),
        (streamed(ROLE), FIRST + SECOND + DONE),
        (streamed(ROLE, SAID, TAKEN, DONE), ROLE + SAID + TAKEN + DONE),
        (streamed(ROLE + SAID + TAKEN + DONE), ROLE + SAID + TAKEN + DONE),
        (streamed(ROLE, SECOND, DONE), ROLE + SECOND + DONE),
    ],
    ids=["at once", "after its head", "broken", "too late", "too late in one piece", "not filtered"],
)
async def test_a_stream_that_has_said_nothing(db: Database, tmp_path: Path, sent: bytes, body: bytes) -> None:
    router = Router(content_policy_fallbacks={"chat": ("bold",)}, fallbacks={"chat": ("bold",)}, num_retries=0)
    async with behind(db, tmp_path, {"chat": Provider(sent), "bold": Provider(STREAM)}, router) as made:
        got = await made.chat(STREAM_ASK)
        assert (got.body, got.ended) == (body, True)
        assert (await made.record())["outcome"] == "ok"


async def test_a_filtered_stream_is_better_than_none(db: Database, tmp_path: Path) -> None:
    scripts = {"chat": Provider(streamed(ROLE, TAKEN, DONE)), "bold": Provider(error(500))}
    async with behind(db, tmp_path, scripts, BOLD) as made:
        got = await made.chat(STREAM_ASK)
    assert got.body == ROLE + TAKEN + DONE


async def test_without_such_a_fallback_a_streams_head_is_not_held_back(db: Database, tmp_path: Path) -> None:
    got = Got()

    async def slowly(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(ROLE))
        await got.began.wait()
        await talk.say(chunk(TAKEN, DONE) + END)

    async with behind(db, tmp_path, {"chat": slowly}, Router(fallbacks={"chat": ("bold",)})) as made:
        assert (await made.chat(STREAM_ASK, got=got)).body == ROLE + TAKEN + DONE


REFUSAL = {**MESSAGE, "stop_reason": "refusal", "usage": USED}
BEGUN = {"type": "message_start", "message": {**MESSAGE, "stop_reason": None, "usage": USED}}
STOPPED = {"type": "message_delta", "delta": {"stop_reason": "refusal"}, "usage": {"output_tokens": 1}}
TOLD = {"type": "message_stop"}


@pytest.mark.parametrize(
    ("stream", "sent"),
    [(False, answer(json.dumps(REFUSAL).encode())), (True, events(BEGUN, STOPPED, TOLD))],
    ids=["whole", "streamed"],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
async def test_claudes_refusals_in_every_dialect(
    db: Database, tmp_path: Path, stream: bool, sent: bytes, path: str
) -> None:
    ask = {**MESSAGES_ASK, "stream": stream}
    if path == "/v1/responses":
        ask = {"model": "chat", "input": "q", "stream": stream, "max_output_tokens": 9}
    async with Upstream(Provider(sent)) as refusing, Upstream(Provider(STREAM if stream else WELL)) as other:
        entries = [model(refusing.port, provider="anthropic"), model(other.port, "bold")]
        async with gateway(db, tmp_path, *entries, router=BOLD) as made:
            got = await made.call("POST", path, json.dumps(ask).encode())
            plain = Router(fallbacks={"chat": ("bold",)})
        async with gateway(db, tmp_path, *entries, router=plain) as made:
            kept = await made.call("POST", path, json.dumps(ask).encode())
    assert (got.status, told(got, "model-group")) == (200, ["bold"])
    assert (kept.status, told(kept, "model-group")) == (200, ["chat"])


async def test_a_prompt_that_google_blocks(db: Database, tmp_path: Path) -> None:
    blocked = {"responseId": "r", "promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}}
    whole, stream = answer(json.dumps(blocked).encode()), streamed(f"data: {json.dumps(blocked)}\n\n".encode())
    async with Upstream(Provider(whole, stream)) as up, Upstream(Provider(GOOD, STREAM)) as other:
        entries = [model(up.port, provider="gemini"), model(other.port, "bold")]
        async with gateway(db, tmp_path, *entries, router=BOLD) as made:
            assert (await made.chat()).body == ANSWER
            assert (await made.chat(STREAM_ASK)).body == FIRST + SECOND + DONE


async def test_a_stream_that_ends_without_a_word_ends_once(db: Database, tmp_path: Path) -> None:
    blocked = {"responseId": "r", "promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}}
    async with (
        Upstream(Provider(streamed(f"data: {json.dumps(blocked)}\n\n".encode()))) as up,
        Upstream(Provider(error(500))) as other,
    ):
        entries = [model(up.port, provider="gemini"), model(other.port, "bold")]
        async with gateway(db, tmp_path, *entries, router=BOLD) as made:
            got = await made.chat(STREAM_ASK)
            record = await made.record()
    assert got.body.count(b"content_filter") == got.body.count(b"[DONE]") == 1
    assert (record["prompt_tokens"], record["outcome"]) == (9, "ok")


def test_no_beginning_is_held_for_ever() -> None:
    assert is_undecided(Dialect.CHAT, b"x" * (MOST_HELD - 1))
    assert not is_undecided(Dialect.CHAT, b"x" * MOST_HELD)
