"""Every refusal in OpenAI's shape, with the status and code that fit, and nothing told that is not the caller's."""

import base64
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.unit.upstreams.server import Talk, Upstream
from tests.unit.web.model_api.harness import (
    ANSWER,
    ASK,
    DONE,
    FIRST,
    STREAM_HEAD,
    Gateway,
    Got,
    Provider,
    answer,
    chunk,
    gateway,
    model,
)

from gatewright.domain.errors import Unavailable
from gatewright.storage.database import Database
from gatewright.translation import sse
from gatewright.translation.openai_chat.tail import UsageChunkFilter

NOBODY = 9  # the discard port: nothing listens there


@asynccontextmanager
async def behind(db: Database, tmp_path: Path, *answers: bytes, **changes: Any) -> AsyncIterator[Gateway]:
    """A gateway with the model `chat` behind a provider that gives these answers."""
    provider = Provider(*(answers or (answer(),)))
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), **changes) as made:
        yield made


async def test_every_answer_carries_the_request_id(db: Database, tmp_path: Path) -> None:
    async with behind(db, tmp_path) as made:
        good, bad = await made.chat(), await made.chat(b"{")
        none = await made.chat(headers={})
        listed = await made.call("GET", "/v1/models")
        wrong = await made.call("PUT", "/v1/models")
    answers = [good, bad, none, listed, wrong]
    ids = [got.headers["x-request-id"] for got in answers]
    assert ids == [got.headers["x-litellm-call-id"] for got in answers]
    assert len(set(ids)) == 5


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer KEY"},
        {"authorization": "bearer KEY"},
        {"authorization": "Basic " + base64.b64encode(b"user:KEY").decode()},
        {"x-litellm-api-key": "KEY", "authorization": "Bearer sk-wrong"},
        {"x-litellm-api-key": "Bearer KEY"},
        {"authorization": "Bearer KEY", "x-api-key": "sk-wrong"},
        {"api-key": "KEY", "x-api-key": "sk-wrong"},
        {"x-goog-api-key": "sk-wrong", "x-api-key": "KEY"},
        {"ocp-apim-subscription-key": "KEY"},
    ],
    ids=str,
)
async def test_where_a_key_may_stand(db: Database, tmp_path: Path, headers: dict[str, str]) -> None:
    async with behind(db, tmp_path) as made:
        secret = await made.new_key()
        basic = base64.b64encode(f"user:{secret}".encode()).decode()
        sent = {
            name: f"Basic {basic}" if value.startswith("Basic") else value.replace("KEY", secret)
            for name, value in headers.items()
        }
        assert (await made.chat(headers=sent)).status == 200
        assert (await made.call("GET", "/v1/models", headers=sent)).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "invalid_api_key"),
        ({"cookie": "gatewright_session=x"}, "invalid_api_key"),
        ({"authorization": "Bearer sk-wrong"}, "invalid_api_key"),
        ({"authorization": "Bearer "}, "invalid_api_key"),
        ({"authorization": "Basic %%%"}, "invalid_api_key"),
        ({"authorization": "Bearer Bearer KEY"}, "invalid_api_key"),
    ],
    ids=str,
)
async def test_without_a_good_key(db: Database, tmp_path: Path, headers: dict[str, str], code: str) -> None:
    async with behind(db, tmp_path) as made:
        sent = {name: value.replace("KEY", made.key) for name, value in headers.items()}
        for got in (await made.chat(headers=sent), await made.call("GET", "/v1/models", headers=sent)):
            assert (got.status, got.error["type"], got.error["code"]) == (401, "authentication_error", code)
            assert got.headers["www-authenticate"].startswith("Bearer")
        assert await made.records() == []


async def test_a_refused_caller_does_not_get_to_send_a_body(db: Database, tmp_path: Path) -> None:
    async with behind(db, tmp_path, max_request_bytes=10) as made:
        got = await made.chat(headers={"authorization": "Bearer sk-wrong"})
    assert got.status == 401


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"{", "invalid_json", None),
        (b"", "invalid_json", None),
        (b"\xff", "invalid_json", None),
        (b"[1]", "invalid_request", None),
        (b'{"messages":[]}', "invalid_request", "model"),
        (b'{"model":"chat"}', "invalid_request", "messages"),
        (b'{"model":"chat","messages":[],"stream":"yes"}', "invalid_request", "stream"),
    ],
    ids=str,
)
async def test_a_body_that_is_wrong(db: Database, tmp_path: Path, body: bytes, code: str, param: str | None) -> None:
    async with behind(db, tmp_path) as made:
        got = await made.chat(body)
        assert (got.status, got.error["type"]) == (400, "invalid_request_error")
        assert (got.error["code"], got.error["param"]) == (code, param)
        assert await made.records() == []


async def test_a_body_over_the_limit(db: Database, tmp_path: Path) -> None:
    body = json.dumps(ASK).encode()
    async with behind(db, tmp_path, max_request_bytes=len(body) - 1) as made:
        known = {"authorization": f"Bearer {made.key}", "content-length": str(len(body))}
        for got in (await made.chat(body, headers=known), await made.chat(body), await made.chat(body, parts=9)):
            assert (got.status, got.error["code"]) == (413, "request_too_large")
            assert got.error["type"] == "invalid_request_error"
    async with behind(db, tmp_path, max_request_bytes=len(body)) as made:
        assert (await made.chat(body, parts=9)).status == 200


async def test_a_model_that_is_not_there(db: Database, tmp_path: Path) -> None:
    async with behind(db, tmp_path) as made:
        got = await made.chat({**ASK, "model": "nope"})
        shown = await made.call("GET", "/v1/models/nope")
        assert await made.records() == []
    for one in (got, shown):
        assert (one.status, one.error["code"], one.error["param"]) == (404, "model_not_found", "model")
        assert "/v1/models" in one.error["message"]


async def test_a_model_that_the_key_may_not_use(db: Database, tmp_path: Path) -> None:
    async with behind(db, tmp_path) as made:
        secret = await made.new_key(models=["allowed-one"])
        headers = {"authorization": f"Bearer {secret}"}
        there, not_there = [await made.chat({**ASK, "model": name}, headers=headers) for name in ("chat", "nope")]
        listed = await made.call("GET", "/v1/models", headers=headers)
        assert (await made.call("GET", "/v1/models/chat", headers=headers)).status == 404
    for got in (there, not_there):
        assert (got.status, got.error["type"]) == (403, "permission_error")
        assert got.error["code"] == "key_model_access_denied"
        assert "allowed-one" not in got.error["message"]
    assert there.error["message"].replace("chat", "nope") == not_there.error["message"]
    assert json.loads(listed.body) == {"object": "list", "data": []}


async def test_the_wrong_method(db: Database, tmp_path: Path) -> None:
    async with behind(db, tmp_path) as made:
        posted = await made.call("POST", "/v1/models")
        read = await made.call("GET", "/v1/chat/completions")
    assert (posted.status, posted.headers["allow"], posted.error["code"]) == (405, "GET, HEAD", "method_not_allowed")
    assert (read.status, read.headers["allow"]) == (405, "POST")


async def test_other_paths_are_not_ours(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path) as made:
        for path in ("/", "/v1", "/v1/chat", "/ui", "/api/v1/models", "/v1/modelsx", "/v1/chat/completions/"):
            assert made.api.route("GET", path) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("400 Bad Request", b'{"error":{"message":"no","type":"invalid_request_error","param":"x","code":null}}'),
        ("404 Not Found", b'{"detail": "odd but theirs"}'),
        ("429 Too Many Requests", b'{"error":{"message":"slow down"}}'),
        ("500 Internal Server Error", b' {"error":{"message":"oops"}}'),
        ("529 Overloaded", b'{"error":{}}'),
    ],
    ids=str,
)
async def test_the_providers_own_error_passes_unchanged(db: Database, tmp_path: Path, status: str, body: bytes) -> None:
    number = int(status[:3])
    async with behind(db, tmp_path, answer(body, status, headers="retry-after: 9\r\n")) as made:
        for got in (await made.chat(), await made.chat({**ASK, "stream": True})):
            assert (got.status, got.body) == (number, body)
            assert got.headers["retry-after"] == "9"
        for record in await made.records():
            assert (record["outcome"], record["status"]) == ("upstream_error", number)
            assert (record["error_code"], record["cost"], record["metered"]) == (f"upstream_{number}", None, False)


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (answer(b'{"error":{"message":"sk-provider"}}', "401 Unauthorized"), 502, "upstream_auth_failed"),
        (answer(b'{"error":{"message":"sk-provider"}}', "403 Forbidden"), 502, "upstream_auth_failed"),
        (answer(b"<html>sk-provider", "404 Not Found", content_type="text/html"), 502, "upstream_bad_answer"),
        (answer(b"<html>sk-provider", "503 Unavailable", content_type="text/html"), 502, "upstream_bad_answer"),
        (answer(b"", "302 Found", headers="location: http://10.0.0.1/\r\n"), 502, "upstream_bad_answer"),
        (b"sk-provider is no HTTP\r\n\r\n", 502, "upstream_unavailable"),
    ],
    ids=["401", "403", "html 404", "html 503", "redirect", "no HTTP"],
)
async def test_what_a_provider_says_that_is_not_for_the_client(
    db: Database, tmp_path: Path, given: bytes, status: int, code: str
) -> None:
    async with behind(db, tmp_path, given) as made:
        got = await made.chat()
        record = await made.record()
    assert (got.status, got.error["code"], got.error["type"]) == (status, code, "server_error")
    assert b"sk-provider" not in got.body
    assert b"10.0.0.1" not in got.body
    assert (record["outcome"], record["status"], record["error_code"]) == ("upstream_error", status, code)


async def test_a_fixed_token_that_the_provider_repeats_is_not_passed_on(db: Database, tmp_path: Path) -> None:
    said = answer(b'{"error":{"message":"no: Bearer eyJ-a-secret-token"}}', "400 Bad Request")
    async with Upstream(Provider(said)) as up:
        params = {"azure_ad_token": "eyJ-a-secret-token"}
        base = f"http://127.0.0.1:{up.port}"
        entry = model(up.port, provider="azure", api_base=base, params=params)
        async with gateway(db, tmp_path, entry) as made:
            got = await made.chat()
    assert (got.status, json.loads(got.body)["error"]["message"]) == (400, "no: Bearer ***")


@pytest.mark.parametrize("code", ["\u00b2", "0500", "400" + "0" * 5000, "\u0665\u0660\u0660"])
async def test_a_code_that_only_looks_like_a_status_is_none(db: Database, tmp_path: Path, code: str) -> None:
    event = b'data: {"error":{"message":"oh","code":"%b"}}\n\n' % code.encode()
    given = answer(event, content_type="text/event-stream")
    async with behind(db, tmp_path, given) as made:
        got = await made.chat({**ASK, "stream": True})
    assert (got.status, got.error["code"]) == (500, "upstream_refused")
    assert got.error["message"].startswith("oh")


async def test_a_stream_of_nothing_but_calls_is_ended(db: Database, tmp_path: Path) -> None:
    """Writers look through all calls: a provider could hold a worker up for hours."""
    call = '{"index":%d,"id":"1","function":{"name":"f","arguments":"{}"}}'
    events = [f'data: {{"choices":[{{"index":0,"delta":{{"tool_calls":[{call % n}]}}}}]}}\n\n' for n in range(3000)]
    given = answer("".join(events).encode(), content_type="text/event-stream")
    asked = {"model": "chat", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    async with behind(db, tmp_path, given) as made:
        got = await made.call("POST", "/v1/messages", json.dumps(asked).encode())
        record = await made.record()
    assert b"too many tool calls" in got.body
    assert got.body.count(b"event: content_block_start") <= 1000
    assert record["outcome"] in ("cut", "upstream_error")


async def test_a_rate_limit_that_is_not_json_stays_one(db: Database, tmp_path: Path) -> None:
    given = answer(b"slow down", "429 Too Many Requests", headers="retry-after: 7\r\n", content_type="text/plain")
    async with behind(db, tmp_path, given) as made:
        got = await made.chat()
    assert (got.status, got.error["type"], got.error["code"]) == (429, "rate_limit_error", "upstream_rate_limited")
    assert got.headers["retry-after"] == "7"


async def test_a_provider_that_is_down(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path, model(NOBODY)) as made:
        secret = await made.new_key()
        got = await made.chat(headers={"authorization": f"Bearer {secret}"})
        to_admin = await made.chat()
        records = await made.records()
    assert (got.status, got.error["code"]) == (502, "upstream_unavailable")
    assert "127.0.0.1" not in got.error["message"]
    assert "127.0.0.1:9" in to_admin.error["message"]
    assert {(r["outcome"], r["status"], r["error_code"]) for r in records} == {
        ("upstream_error", 502, "upstream_unavailable")
    }


async def test_a_provider_that_is_slow(db: Database, tmp_path: Path) -> None:
    async def silent(talk: Talk) -> None:
        await talk.request()
        await talk.gone()

    async with Upstream(silent) as upstream:
        entry = model(upstream.port, timeout_s=0.05)
        async with gateway(db, tmp_path, entry) as made:
            got = await made.chat()
            record = await made.record()
    assert (got.status, got.error["code"]) == (504, "upstream_timeout")
    assert (record["outcome"], record["status"]) == ("upstream_error", 504)


async def test_a_forbidden_address_is_not_called(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path, model(80, api_base="http://169.254.169.254/v1")) as made:
        got = await made.chat()
    assert (got.status, got.error["code"]) == (502, "upstream_address_refused")


async def test_a_stream_that_breaks_off_ends_with_an_error_event(db: Database, tmp_path: Path) -> None:
    async def broken(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(FIRST, b'data: {"half'))

    async with Upstream(broken) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await made.chat({**ASK, "stream": True})
        record = await made.record()
    assert (got.status, got.ended) == (200, True)
    assert got.body.startswith(FIRST)
    last = got.body.rpartition(b"\n\ndata: ")[2]
    assert json.loads(last)["error"]["code"] == "upstream_unavailable"
    assert b"[DONE]" not in got.body
    assert (record["outcome"], record["status"], record["error_code"]) == ("cut", 200, "upstream_unavailable")
    assert (record["metered"], record["cost"]) == (False, None)


async def test_an_answer_that_breaks_off_is_an_error(db: Database, tmp_path: Path) -> None:
    async def broken(talk: Talk) -> None:
        await talk.request()
        await talk.say(answer()[:-5])

    async with Upstream(broken) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await made.chat()
    assert (got.status, got.error["code"]) == (502, "upstream_unavailable")


async def test_the_next_deployment_answers_for_one_that_does_not(db: Database, tmp_path: Path) -> None:
    busy = Provider(answer(b'{"error":{}}', "429 Too Many Requests"))
    good = Provider(answer())
    async with Upstream(busy) as first, Upstream(good) as second:
        ports = (first.port, NOBODY, second.port)
        models = [model(port, params={"order": order}) for order, port in enumerate(ports)]
        async with gateway(db, tmp_path, *models) as made:
            for _ in range(6):
                got = await made.chat()
                assert (got.status, got.body) == (200, ANSWER)
                assert got.headers["x-litellm-model-id"] == f"chat-{second.port}"
            records = await made.records()
        assert made.slept == []
    # One that says that it is busy is left alone for a while.
    assert (len(busy.bodies), len(good.bodies)) == (1, 6)
    assert {record["deployment"] for record in records} == {f"chat-{second.port}"}
    assert [record["retries"] for record in records] == [2, 1, 1, 1, 1, 0]


async def test_a_request_that_is_wrong_is_not_tried_elsewhere(db: Database, tmp_path: Path) -> None:
    first, second = Provider(answer(b'{"error":{}}', "400 Bad")), Provider(answer(b'{"error":{}}', "400 Bad"))
    async with (
        Upstream(first) as one,
        Upstream(second) as other,
        gateway(db, tmp_path, model(one.port), model(other.port)) as made,
    ):
        assert (await made.chat()).status == 400
    assert len(first.bodies) + len(second.bodies) == 1


async def test_the_last_deployments_answer_is_the_clients(db: Database, tmp_path: Path) -> None:
    body = b'{"error":{"message":"all busy"}}'
    busy = answer(body, "503 Busy")
    async with (
        Upstream(Provider(busy)) as one,
        Upstream(Provider(busy)) as two,
        gateway(db, tmp_path, model(one.port), model(two.port)) as made,
    ):
        got = await made.chat()
        assert (got.status, got.body) == (503, body)
        assert len(await made.records()) == 1


async def test_with_the_database_away_nobody_is_told_that_their_key_is_wrong(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise Unavailable("The database is not available.", code="database_unavailable")

    async with behind(db, tmp_path) as made:
        secret = await made.new_key()
        headers = {"authorization": f"Bearer {secret}"}
        with monkeypatch.context() as patched:
            patched.setattr(db, "read", away)
            unknown = await made.chat(headers=headers)
        assert (unknown.status, unknown.error["type"]) == (503, "server_error")
        assert unknown.error["code"] == "database_unavailable"
        await made.chat(headers=headers)
        with monkeypatch.context() as patched:
            patched.setattr(db, "read", away)
            patched.setattr(db, "write", away)
            assert (await made.chat(headers=headers)).status == 200
            assert made.ledger.backlog == 2
        assert len(await made.records()) == 2


async def test_an_unexpected_error_is_logged_and_not_shown(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("sk-secret detail")

    async with behind(db, tmp_path) as made:
        monkeypatch.setattr(made.client, "send", broken)
        with caplog.at_level(logging.ERROR):
            got = await made.chat()
        record = await made.record()
    assert (got.status, got.error["type"], got.error["code"]) == (500, "server_error", "internal_error")
    assert b"sk-secret" not in got.body
    assert got.headers["x-request-id"] in caplog.text
    assert (record["outcome"], record["error_code"], record["status"]) == ("gateway_error", "internal_error", 500)


async def test_an_unexpected_error_inside_a_stream_ends_it(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = UsageChunkFilter.feed

    def broken(self: UsageChunkFilter, data: bytes) -> bytes:
        if data == FIRST:
            return feed(self, data)
        raise ZeroDivisionError

    async def in_two_pieces(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(FIRST))
        await got.began.wait()
        await talk.say(chunk(DONE) + b"0\r\n\r\n")

    got = Got()
    async with Upstream(in_two_pieces) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        monkeypatch.setattr(UsageChunkFilter, "feed", broken)
        await made.chat({**ASK, "stream": True}, got=got)
        record = await made.record()
    assert json.loads(got.body.removeprefix(FIRST + b"\n\ndata: "))["error"]["code"] == "internal_error"
    assert got.ended
    assert (record["outcome"], record["error_code"], record["status"]) == ("cut", "internal_error", 200)


async def test_a_stream_of_nothing_but_line_ends_costs_nothing(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would cost a microsecond if it were taken for an event."""
    looked_at: list[bytes] = []
    monkeypatch.setattr(sse, "_fields", looked_at.append)
    text = b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}'
    given = answer(b"\n" * 500_000 + text + b"\r\n" * 500_000 + b"data: [DONE]\n\n", content_type="text/event-stream")
    asked = {"model": "chat", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    async with behind(db, tmp_path, given) as made:
        got = await made.call("POST", "/v1/messages", json.dumps(asked).encode())
    assert b'"text":"Hi"' in got.body
    assert b"event: message_stop" in got.body
    assert len(looked_at) <= 2
