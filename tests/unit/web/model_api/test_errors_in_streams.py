"""Errors that come in an answer of the status 200 count as what they are: for who is asked next, and for the client."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests import bedrock
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.harness import (
    ASK,
    DONE,
    FIRST,
    SECOND,
    STREAM_HEAD,
    Gateway,
    Got,
    Provider,
    answer,
    chunk,
    gateway,
    model,
)

from gatewright.settings.router import Router
from gatewright.storage.database import Database

END = b"0\r\n\r\n"


def event(body: Any, name: str = "") -> bytes:
    lead = b"event: %b\n" % name.encode() if name else b""
    return lead + b"data: " + json.dumps(body).encode() + b"\n\n"


class Kind(NamedTuple):
    """A provider: how its stream begins, and how it says an error."""

    provider: str
    upstream_model: str
    begun: bytes
    params: dict[str, Any]

    def error(self, kind: str, code: int | None = None) -> bytes:
        if self.provider == "gemini":
            said = {"status": kind, "message": "Oh no.", **({"code": code} if code else {})}
            return event({"error": said})
        if self.provider == "bedrock":
            return bedrock.exception(kind, "Oh no.")
        if self.provider == "anthropic":
            return event({"type": "error", "error": {"type": kind, "message": "Oh no."}}, "error")
        return event({"error": {"message": "Oh no.", "type": kind, "code": code}})


START = {"id": "m1", "type": "message", "role": "assistant", "model": "c", "content": [], "usage": {"input_tokens": 1}}
GEMINI = Kind(
    "gemini", "gemini-3-flash", event({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}}]}), {}
)
BEDROCK = Kind(
    "bedrock",
    "us-east-1/anthropic.claude-x",
    bedrock.event("messageStart", {"role": "assistant"})
    + bedrock.event("contentBlockDelta", {"delta": {"text": "Hi"}, "contentBlockIndex": 0}),
    {},
)
ANTHROPIC = Kind(
    "anthropic",
    "claude-x",
    event({"type": "message_start", "message": START}, "message_start")
    + event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, "x")
    + event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}, "x"),
    {},
)
OPENAI = Kind("openai", "gpt-x", FIRST, {})

SAID: list[tuple[Kind, str, int | None, int]] = [
    (GEMINI, "RESOURCE_EXHAUSTED", 429, 429),
    (GEMINI, "RESOURCE_EXHAUSTED", None, 429),
    (GEMINI, "UNAVAILABLE", 503, 503),
    (GEMINI, "UNAVAILABLE", None, 503),
    (GEMINI, "DEADLINE_EXCEEDED", None, 504),
    (GEMINI, "INTERNAL", 500, 500),
    (GEMINI, "INTERNAL", None, 500),
    (GEMINI, "INVALID_ARGUMENT", 400, 400),
    (GEMINI, "FAILED_PRECONDITION", None, 400),
    (GEMINI, "NOT_FOUND", None, 404),
    (GEMINI, "PERMISSION_DENIED", 403, 502),
    (GEMINI, "UNAUTHENTICATED", None, 502),
    (GEMINI, "SOMETHING_NEW", None, 500),
    (BEDROCK, "throttlingException", None, 429),
    (BEDROCK, "ThrottlingException", None, 429),
    (BEDROCK, "modelStreamErrorException", None, 424),
    (BEDROCK, "modelTimeoutException", None, 408),
    (BEDROCK, "serviceUnavailableException", None, 503),
    (BEDROCK, "internalServerException", None, 500),
    (BEDROCK, "validationException", None, 400),
    (BEDROCK, "AccessDeniedException", None, 502),
    (ANTHROPIC, "overloaded_error", None, 529),
    (ANTHROPIC, "rate_limit_error", None, 429),
    (ANTHROPIC, "api_error", None, 500),
    (ANTHROPIC, "invalid_request_error", None, 400),
    (ANTHROPIC, "authentication_error", None, 502),
    (OPENAI, "server_error", None, 500),
    (OPENAI, "insufficient_quota", None, 429),
    (OPENAI, "x", 503, 503),
    (OPENAI, "UNAVAILABLE", None, 503),
]
RESTS = ("NOT_FOUND", "UNAUTHENTICATED", "authentication_error")
"""Besides too many requests, what every other request would get too."""

said = pytest.mark.parametrize(
    ("kind", "name", "code", "status"), SAID, ids=[f"{one[0].provider}-{one[1]}-{one[2]}" for one in SAID]
)


def stream(kind: Kind, *pieces: bytes) -> bytes:
    if kind is not BEDROCK:
        return STREAM_HEAD + b"".join(chunk(piece) for piece in pieces) + END
    return answer(b"".join(pieces), content_type="application/vnd.amazon.eventstream")


@asynccontextmanager
async def behind(db: Database, tmp_path: Path, kind: Kind, given: bytes, spare: Provider) -> AsyncIterator[Gateway]:
    """`chat` is such a provider, and behind it another one that answers."""
    async with Upstream(Provider(given)) as ill, Upstream(spare) as well:
        base = {"upstream_model": kind.upstream_model, "provider": kind.provider}
        entries = [
            model(
                ill.port, id="ill", api_base=f"http://127.0.0.1:{ill.port}", params={"order": 1, **kind.params}, **base
            ),
            model(well.port, id="well", params={"order": 2}),
        ]
        async with gateway(db, tmp_path, *entries, router=Router()) as made:
            yield made


def well() -> Provider:
    return Provider(STREAM_HEAD + chunk(FIRST, SECOND, DONE) + END)


async def ask(made: Gateway, **more: Any) -> Got:
    return await made.chat({**ASK, "stream": True, "max_tokens": 9, **more})


@said
async def test_an_error_at_the_beginning_is_the_failure_that_it_says(
    db: Database, tmp_path: Path, kind: Kind, name: str, code: int | None, status: int
) -> None:
    spare = well()
    async with behind(db, tmp_path, kind, stream(kind, kind.error(name, code)), spare) as made:
        got = await ask(made)
        alone = await ask(made, disable_fallbacks=True, num_retries=0)
    if status != 400:
        assert (got.status, got.headers["x-litellm-model-id"]) == (200, "well")
    else:
        assert (got.status, spare.bodies) == (status, [])
        assert got.error["code"] == "upstream_refused"
        assert "Oh no." in got.error["message"]
    if status == 429:
        assert alone.headers["x-litellm-model-id"] == "well"  # the first one rests at once


@said
async def test_an_error_in_the_middle_is_what_it_says_for_the_client_and_the_next_request(
    db: Database, tmp_path: Path, kind: Kind, name: str, code: int | None, status: int
) -> None:
    spare = well()
    async with behind(db, tmp_path, kind, stream(kind, kind.begun, kind.error(name, code)), spare) as made:
        got = await ask(made)
        after = await ask(made)
        records = await made.records()
    assert (got.status, records[0]["outcome"]) == (200, "cut")
    last = json.loads(got.body.rpartition(b"data: ")[2])["error"]
    if kind is not OPENAI:  # there the provider's own words pass
        types = {400: "invalid_request_error", 404: "invalid_request_error", 429: "rate_limit_error"}
        assert last["code"] == "upstream_broke_off"
        assert (last["type"] == types.get(status, "server_error")) or status in (408, 424)
        assert ("Oh no." in last["message"]) == (status != 502)
    assert after.headers["x-litellm-model-id"] == ("well" if status == 429 or name in RESTS else "ill")


async def test_anthropics_clients_are_told_in_their_words(db: Database, tmp_path: Path) -> None:
    """Claude Code waits and asks again for one type, and gives up at another."""
    types = {}
    for kind, name in ((GEMINI, "RESOURCE_EXHAUSTED"), (BEDROCK, "validationException"), (OPENAI, "overloaded_error")):
        async with behind(db, tmp_path, kind, stream(kind, kind.begun, kind.error(name)), well()) as made:
            body = {**ASK, "stream": True, "max_tokens": 9}
            got = await made.call("POST", "/v1/messages", json.dumps(body).encode())
        types[name] = json.loads(got.body.rpartition(b"data: ")[2])["error"]["type"]
    assert types == {
        "RESOURCE_EXHAUSTED": "rate_limit_error",
        "validationException": "invalid_request_error",
        "overloaded_error": "overloaded_error",
    }


async def test_a_whole_answer_of_googles_that_is_an_error(db: Database, tmp_path: Path) -> None:
    spare = Provider(answer())
    body = json.dumps({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Oh no."}}).encode()
    async with behind(db, tmp_path, GEMINI, answer(body), spare) as made:
        got = await made.chat()
        again = await made.chat()
    assert [one.headers["x-litellm-model-id"] for one in (got, again)] == ["well", "well"]
    assert (got.headers["x-litellm-attempted-retries"], again.headers["x-litellm-attempted-retries"]) == ("1", "0")
