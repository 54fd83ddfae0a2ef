"""A client that hangs up: the provider's call ends at once, and the request is recorded all the same."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.servers import eventually_async
from tests.unit.upstreams.server import Talk, Upstream
from tests.unit.web.model_api.harness import ASK, FIRST, STREAM_HEAD, USED, Gateway, Got, chunk, gateway, model

from gatewright.gateway.exchange import ClientGone
from gatewright.storage.database import Database
from gatewright.web.model_api.hang_up import UntilHangUp

STREAM_ASK = {**ASK, "stream": True}


class Slow:
    """Begins an answer, or not even that, and waits until the gateway leaves."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, talk: Talk) -> None:
        await talk.request()
        for part in self.parts:
            await talk.say(part)
        self.asked.set()
        await talk.gone()
        self.left.set()


async def hang_up(made: Gateway, slow: Slow, ask: Any, *, after: str) -> Got:
    """Calls, hangs up once the provider was `asked` or the answer `began`, and waits for the provider to notice."""
    got = Got()
    call = asyncio.create_task(made.chat(ask, got=got))
    await (slow.asked.wait() if after == "asked" else got.began.wait())
    got.gone.set()
    await call
    async with asyncio.timeout(5):
        await slow.left.wait()
    await eventually_async(
        lambda: not [task for task in asyncio.all_tasks() if "UntilHangUp" in repr(task)], "the watching ends too"
    )
    return got


async def test_while_waiting_for_a_plain_answer(db: Database, tmp_path: Path) -> None:
    slow = Slow()
    async with Upstream(slow) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await hang_up(made, slow, ASK, after="asked")
        record = await made.record()
        assert made.client.open_connections == 0
    assert got.status == 0
    assert (record["outcome"], record["status"], record["metered"], record["cost"]) == ("client_gone", 499, False, None)


async def test_while_a_plain_answer_arrives(db: Database, tmp_path: Path) -> None:
    slow = Slow(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{")
    async with Upstream(slow) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await hang_up(made, slow, ASK, after="asked")
        record = await made.record()
    assert (got.status, record["outcome"]) == (0, "client_gone")


async def test_in_the_middle_of_a_stream(db: Database, tmp_path: Path) -> None:
    slow = Slow(STREAM_HEAD + chunk(FIRST))
    async with Upstream(slow) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await hang_up(made, slow, STREAM_ASK, after="began")
        record = await made.record()
        assert made.client.open_connections == 0
    assert (got.body, got.ended) == (FIRST, False)
    assert (record["outcome"], record["status"], record["metered"], record["cost"]) == ("client_gone", 200, False, None)


async def test_usage_that_was_seen_before_counts(db: Database, tmp_path: Path) -> None:
    slow = Slow(STREAM_HEAD + chunk(FIRST) + chunk(USED))
    async with Upstream(slow) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        await hang_up(made, slow, {**STREAM_ASK, "stream_options": {"include_usage": True}}, after="asked")
        record = await made.record()
    assert (record["outcome"], record["cost"]) == ("client_gone", 42_000)


async def test_a_send_that_fails_counts_as_hanging_up(db: Database, tmp_path: Path) -> None:
    async def broken(_: Any) -> None:
        raise BrokenPipeError

    slow = Slow(STREAM_HEAD + chunk(FIRST))
    async with Upstream(slow) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        handler = made.api.route("POST", "/v1/chat/completions")
        assert handler is not None
        body = b'{"model":"chat","messages":[],"stream":true}'
        headers = [(b"authorization", f"Bearer {made.key}".encode())]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        await handler({"type": "http", "headers": headers, "client": None}, receive, broken)
        record = await made.record()
        async with asyncio.timeout(5):
            await slow.left.wait()
    assert (record["outcome"], record["address"]) == ("client_gone", None)


async def test_before_the_body_is_there(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path) as made:
        handler = made.api.route("POST", "/v1/chat/completions")
        assert handler is not None
        headers = [(b"authorization", f"Bearer {made.key}".encode())]
        for first in ([], [{"type": "http.request", "body": b"{", "more_body": True}]):
            messages = iter([*first, {"type": "http.disconnect"}])
            sent: list[Any] = []

            async def receive(messages: Any = messages) -> Any:
                return next(messages)

            async def send(message: Any, sent: list[Any] = sent) -> None:
                sent.append(message)

            await handler({"type": "http", "headers": headers, "client": None}, receive, send)
            assert sent == []
        assert await made.records() == []


async def test_a_shutdown_is_recorded_and_stays_a_cancellation(db: Database, tmp_path: Path) -> None:
    slow = Slow()
    async with Upstream(slow) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        call = asyncio.create_task(made.chat())
        await slow.asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        record = await made.record()
    assert (record["outcome"], record["error_code"], record["status"]) == ("upstream_error", "shutting_down", 503)


async def test_a_slow_client_holds_back_the_provider(db: Database, tmp_path: Path) -> None:
    """What the client does not take is not piled up: the provider cannot say all of 80 MB."""
    piece = b"data: " + b"x" * 80_000 + b"\n\n"
    said = 0

    async def eager(talk: Talk) -> None:
        nonlocal said
        await talk.request()
        await talk.say(STREAM_HEAD)
        for _ in range(1000):
            await talk.say(chunk(piece))
            said += 1

    async with Upstream(eager) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got, may_take = Got(), asyncio.Event()
        call = asyncio.create_task(made.chat(STREAM_ASK, got=got, take=may_take.wait))
        held = -1
        while held != said:  # until nothing moves any more
            held = said
            for _ in range(500):
                await asyncio.sleep(0)
        assert said < 300
        assert made.client.open_connections == 1
        got.gone.set()
        await call


async def test_the_block_tells_a_hang_up_from_another_cancellation() -> None:
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def wait() -> None:
        with UntilHangUp(receive):
            await asyncio.Event().wait()

    first = asyncio.create_task(wait())
    gone.set()
    with pytest.raises(ClientGone):
        await first
    assert not first.cancelled()

    gone.clear()
    second = asyncio.create_task(wait())
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
