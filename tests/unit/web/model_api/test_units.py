"""What is not counted in tokens, from a provider's answer to the record: a cost, or an unknown one, never nothing."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.harness import MASTER, Provider, answer, chunk, gateway, model

from gatewright.domain.money import Extras, Price
from gatewright.storage.database import Database

MILLION = 10**6
FORM = {"authorization": f"Bearer {MASTER}", "content-type": "multipart/form-data; boundary=b"}
TOKENS = Price(input=2 * MILLION, output=8 * MILLION)
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n"


def by(**rates: int) -> Price:
    extras: dict[str, Any] = {name: rate * MILLION for name, rate in rates.items()}
    return Price(0, 0, extras=Extras(by_tokens=False, **extras))


def beside(**rates: int) -> Price:
    """Tokens have a price too."""
    extras: dict[str, Any] = {name: rate * MILLION for name, rate in rates.items()}
    return msgspec.structs.replace(TOKENS, extras=Extras(**extras))


def asked(**members: Any) -> bytes:
    return json.dumps({"model": "chat", **members}).encode()


def form(name: bytes) -> bytes:
    part = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
    return part % (b"model", b"", b"chat") + part % (name, b'; filename="a.bin"', b"\x00\x01") + b"--b--\r\n"


DRAWN = {"data": [{"b64_json": "AAAA"}, {"url": "https://pictures.example/1"}]}
TOLD = {**DRAWN, "usage": {"input_tokens": 10, "output_tokens": 100, "input_tokens_details": {"image_tokens": 6}}}
SEARCH = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}}
OPENED = {"type": "web_search_call", "status": "completed", "action": {"type": "open_page", "url": "u"}}
SAID = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": '"web_search_call"'}]}
RESPONSE = {
    "id": "r",
    "status": "completed",
    "output": [SEARCH, OPENED, SEARCH, SAID, {"type": "file_search_call"}],
    "usage": {"input_tokens": 10, "output_tokens": 1},
}
CLAUDE = {
    "type": "message",
    "content": [],
    "usage": {"input_tokens": 10, "output_tokens": 1, "server_tool_use": {"web_search_requests": 3}},
}
IMAGES, EDITS = "/v1/images/generations", "/v1/images/edits"
HEARD, RANK = "/v1/audio/transcriptions", "/v1/rerank"
RESPONSES, CHAT = "/v1/responses", "/v1/chat/completions"
ASK = asked(messages=[{"role": "user", "content": "q"}], input="q", prompt="a cat", query="q", documents=["a"])

WHOLE: list[tuple[str, Price, Any, int | None]] = [
    (IMAGES, by(image=30), DRAWN, 60),
    (IMAGES, TOKENS, DRAWN, None),
    (IMAGES, TOKENS, TOLD, 820),
    (IMAGES, beside(image=30, image_input=3, image_output=5), TOLD, 10 * 2 + 6 + 100 * 5),
    (EDITS, by(image=30), DRAWN, 60),
    (HEARD, by(hour=3_600_000), {"text": "t", "usage": {"type": "duration", "seconds": 3}}, 3000),
    (HEARD, by(hour=3_600_000), {"text": "t", "duration": 8.5}, 8500),
    (HEARD, by(hour=3_600_000), {"text": "t", "duration": "8.470000119209290"}, 8470),
    (HEARD, by(hour=3_600_000), {"text": "t"}, None),
    (HEARD, by(hour=3_600_000), {"text": "t", "duration": "long"}, None),
    (HEARD, by(hour=3_600_000), {"text": "t", "duration": -5}, None),
    (HEARD, TOKENS, {"text": "t", "usage": {"type": "duration", "seconds": 3}}, None),
    (HEARD, TOKENS, {"text": "t", "usage": {"input_tokens": 10, "output_tokens": 1}}, 28),
    (RANK, by(query=7), {"results": [], "meta": {"billed_units": {"search_units": 2}}}, 14),
    (RANK, by(query=7), {"results": []}, None),
    (RESPONSES, beside(search=50, file_search=9), RESPONSE, 28 + 100 + 9),
    (RESPONSES, TOKENS, RESPONSE, None),
    (RESPONSES, TOKENS, {**RESPONSE, "output": [SAID, OPENED]}, 28),
    (CHAT, beside(request=400), {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 1}}, 428),
]


@pytest.mark.parametrize(("path", "price", "told", "nanos"), WHOLE)
async def test_an_answer_costs_what_it_says_was_used(
    db: Database, tmp_path: Path, path: str, price: Price, told: Any, nanos: int | None
) -> None:
    provider = Provider(answer(json.dumps(told).encode()))
    changes: dict[str, Any] = {RESPONSES: {"params": {"mode": "responses"}}, RANK: {"provider": "hosted_vllm"}}
    async with (
        Upstream(provider) as up,
        gateway(db, tmp_path, model(up.port, price=price, **changes.get(path, {}))) as made,
    ):
        if path in (EDITS, HEARD):
            got = await made.call("POST", path, form(b"image" if path == EDITS else b"file"), headers=FORM)
        else:
            got = await made.call("POST", path, ASK)
        record = await made.record()
    assert got.status == 200, got.body
    assert (record["cost"], record["outcome"]) == (nanos, "ok")
    usage = told.get("usage", {})
    assert record["metered"] == ("input_tokens" in usage or "prompt_tokens" in usage)


async def test_claudes_searches_are_paid(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(json.dumps(CLAUDE).encode()))
    async with (
        Upstream(provider) as up,
        gateway(db, tmp_path, model(up.port, provider="anthropic", price=beside(search=50))) as made,
    ):
        await made.call("POST", "/v1/messages", asked(max_tokens=9, messages=[{"role": "user", "content": "q"}]))
        record = await made.record()
    assert (record["cost"], record["prompt_tokens"]) == (28 + 150, 10)


async def test_a_streamed_response_pays_its_searches(db: Database, tmp_path: Path) -> None:
    end = json.dumps({"type": "response.completed", "response": RESPONSE}).encode()
    event = chunk(b"event: response.completed\ndata: " + end + b"\n\n")
    provider = Provider(STREAM % b"text/event-stream" + event + b"0\r\n\r\n")
    async with (
        Upstream(provider) as up,
        gateway(
            db, tmp_path, model(up.port, price=beside(search=50, file_search=9), params={"mode": "responses"})
        ) as made,
    ):
        await made.call("POST", RESPONSES, asked(input="q", stream=True))
        record = await made.record()
    assert record["cost"] == 28 + 100 + 9


@pytest.mark.parametrize(
    ("price", "text", "nanos"),
    [(by(character=3), "größer", 18), (TOKENS, "Hi", None), (by(character=3), 5, None), (by(character=3), "", None)],
)
async def test_speech_costs_what_its_text_does(
    db: Database, tmp_path: Path, price: Price, text: Any, nanos: int | None
) -> None:
    provider = Provider(STREAM % b"audio/mpeg" + chunk(b"ID3\x00") + b"0\r\n\r\n")
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, price=price)) as made:
        got = await made.call("POST", "/v1/audio/speech", asked(input=text, voice="alloy"))
        record = await made.record()
    assert got.body == b"ID3\x00"
    assert (record["cost"], record["metered"], record["outcome"]) == (nanos, False, "ok")


async def test_speech_that_says_what_it_used_costs_that(db: Database, tmp_path: Path) -> None:
    done = (
        b'data: {"type":"speech.audio.done","usage":{"prompt_tokens":10,"completion_tokens":1,"total_tokens":11}}\n\n'
    )
    provider = Provider(STREAM % b"text/event-stream" + chunk(done) + b"0\r\n\r\n")
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, price=TOKENS)) as made:
        await made.call("POST", "/v1/audio/speech", asked(input="Hi", voice="alloy", stream_format="sse"))
        record = await made.record()
    assert (record["cost"], record["metered"]) == (28, True)
