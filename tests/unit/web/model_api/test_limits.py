"""Limits as the callers of the model API meet them: 429 in their dialect, headers, and slots that always come back."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.servers import eventually_async
from tests.unit.upstreams.server import Talk, Upstream
from tests.unit.web.model_api.harness import (
    ASK,
    DONE,
    FIRST,
    STREAM,
    STREAM_HEAD,
    USED,
    Gateway,
    Got,
    Provider,
    answer,
    chunk,
    gateway,
    model,
)

from gatewright.domain.limits import Limits, ModelLimits
from gatewright.storage.database import Database

STREAM_ASK = {**ASK, "stream": True}


class Held:
    """A provider that answers `parts` and then waits until the gateway leaves, or until `free`."""

    def __init__(self, *parts: bytes, after: bytes = b"") -> None:
        self.parts, self.after = parts, after
        self.asked = asyncio.Event()
        self.free = asyncio.Event()

    async def __call__(self, talk: Talk) -> None:
        await talk.request()
        for part in self.parts:
            await talk.say(part)
        self.asked.set()
        await self.free.wait()
        if self.after:
            await talk.say(self.after)


async def limited(made: Gateway, **limits: Any) -> dict[str, str]:
    """The headers of a caller with these limits on its key."""
    return {"authorization": f"Bearer {await made.new_key(limits=Limits(**limits))}"}


async def test_the_refusal_says_which_limit_and_until_when(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer())
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, rpm=2)
        for left in ("1", "0"):
            got = await made.chat(headers=caller)
            assert got.status == 200
            assert got.headers["x-ratelimit-api_key-limit-requests"] == "2"
            assert got.headers["x-ratelimit-api_key-remaining-requests"] == left
        refused = await made.chat(headers=caller)
        records = await made.records()
    assert (refused.status, refused.error["code"]) == (429, "rate_limit_exceeded")
    assert "The limit of this API key is reached: 2 requests a minute." in refused.error["message"]
    assert 0 < int(refused.headers["retry-after"]) <= 61
    assert refused.headers["rate_limit_type"] == "requests"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", refused.headers["reset_at"])
    assert len(provider.bodies) == len(records) == 2


async def test_the_refusal_is_in_the_dialect_of_the_endpoint(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path, model(1)) as made:
        caller = await limited(made, rpm=0)
        body = json.dumps({**ASK, "max_tokens": 5}).encode()
        got = await made.call("POST", "/v1/messages", body, headers=caller)
    assert (got.status, got.headers["rate_limit_type"]) == (429, "requests")
    said = json.loads(got.body)
    assert (said["type"], said["error"]["type"]) == ("error", "rate_limit_error")


async def test_who_has_no_limits_is_told_none(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await made.chat()
    assert not [name for name in got.headers if name.startswith(("x-ratelimit", "x-litellm-key"))]


async def test_a_key_is_told_its_limits_in_litellms_words(db: Database, tmp_path: Path) -> None:
    name = "org/chat: big"
    limits = {"rpm": 9, "tpm": 5000, "parallel": 3, "models": {name: ModelLimits(rpm=4), "other": ModelLimits(rpm=1)}}
    async with Upstream(Provider(answer())) as upstream, gateway(db, tmp_path, model(upstream.port, name)) as made:
        got = await made.chat({**ASK, "model": name}, headers=await limited(made, **limits))
        plain = await made.chat({**ASK, "model": name}, headers=await limited(made, rpm=9))
    told = {name: value for name, value in got.headers.items() if name.startswith("x-litellm-key")}
    assert told == {
        "x-litellm-key-rpm-limit": "9",
        "x-litellm-key-tpm-limit": "5000",
        "x-litellm-key-remaining-requests-org-chat--big": "3",
    }
    assert got.headers["x-ratelimit-api_key-remaining-requests"] == "8"
    assert "x-litellm-key-tpm-limit" not in plain.headers


async def test_tokens_that_were_used_count(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer(), STREAM)) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, tpm=2000)
        ask = {**ASK, "max_tokens": 100}
        claimed = len(json.dumps(ask)) // 4 + 100
        first = await made.chat(ask, headers=caller)
        second = await made.chat({**STREAM_ASK, "max_tokens": 100}, headers=caller)
        third = await made.chat(ask, headers=caller)
    lefts = [int(got.headers["x-ratelimit-api_key-remaining-tokens"]) for got in (first, second, third)]
    # Each answer used 9 + 3 tokens, far fewer than were claimed.
    assert lefts[0] == 2000 - claimed
    assert lefts[1] == 2000 - 12 - (len(json.dumps({**STREAM_ASK, "max_tokens": 100})) // 4 + 100)
    assert lefts[2] == 2000 - 24 - claimed


async def test_a_request_that_nobody_answered_uses_no_tokens(db: Database, tmp_path: Path) -> None:
    error = answer(b'{"error":{"message":"no"}}', status="400 Bad Request")
    async with Upstream(Provider(error, answer())) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, tpm=1000)
        ask = {**ASK, "max_tokens": 900}
        assert (await made.chat(ask, headers=caller)).status == 400
        assert (await made.chat(ask, headers=caller)).status == 200


async def test_an_answer_that_does_not_say_what_it_used_counts_as_claimed(db: Database, tmp_path: Path) -> None:
    silent = answer(b'{"id":"c","choices":[]}')
    async with Upstream(Provider(silent)) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, tpm=1000)
        ask = {**ASK, "max_tokens": 900}
        assert (await made.chat(ask, headers=caller)).status == 200
        refused = await made.chat(ask, headers=caller)
    assert (refused.status, refused.headers["rate_limit_type"]) == (429, "tokens")


async def test_limits_of_one_model(db: Database, tmp_path: Path) -> None:
    async with (
        Upstream(Provider(answer())) as upstream,
        gateway(db, tmp_path, model(upstream.port), model(upstream.port, "other")) as made,
    ):
        caller = await limited(made, models={"chat": ModelLimits(rpm=1)})
        first = await made.chat(headers=caller)
        assert first.headers["x-ratelimit-model-remaining-requests"] == "0"
        refused = await made.chat(headers=caller)
        other = await made.chat({**ASK, "model": "other"}, headers=caller)
    assert (refused.status, "The limit of this model" in refused.error["message"]) == (429, True)
    assert other.status == 200
    assert "x-ratelimit-model-limit-requests" not in other.headers


async def test_a_model_that_is_not_allowed_takes_nothing(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, rpm=1)
        for ask, status in (({**ASK, "model": "none"}, 404), (b"{", 400), (ASK, 200), (ASK, 429)):
            assert (await made.chat(ask, headers=caller)).status == status


async def running(made: Gateway, held: Held, ask: Any, caller: dict[str, str]) -> tuple[Got, "asyncio.Task[Got]"]:
    """A call whose answer the provider holds back."""
    got = Got()
    task = asyncio.create_task(made.chat(ask, got=got, headers=caller))
    async with asyncio.timeout(5):
        await held.asked.wait()
    held.asked.clear()
    return got, task


@pytest.mark.parametrize("ask", [ASK, STREAM_ASK], ids=["plain", "stream"])
async def test_a_slot_is_held_while_a_request_runs_and_free_afterwards(
    db: Database, tmp_path: Path, ask: dict[str, Any]
) -> None:
    held = Held(after=STREAM if "stream" in ask else answer())
    async with Upstream(held) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, parallel=1)
        got, task = await running(made, held, ask, caller)
        refused = await made.chat(ask, headers=caller)
        assert (refused.status, refused.headers["retry-after"]) == (429, "1")
        assert refused.headers["rate_limit_type"] == "max_parallel_requests"
        held.free.set()
        await task
        assert got.status == 200
        assert (await made.chat(ask, headers=caller)).status == 200


@pytest.mark.parametrize(
    ("ask", "parts"),
    [(ASK, ()), (STREAM_ASK, ()), (STREAM_ASK, (STREAM_HEAD, chunk(FIRST)))],
    ids=["plain", "before a stream", "in a stream"],
)
async def test_a_slot_comes_back_once_when_the_client_hangs_up(
    db: Database, tmp_path: Path, ask: dict[str, Any], parts: tuple[bytes, ...]
) -> None:
    held = Held(*parts)
    async with Upstream(held) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, parallel=2)
        first, task = await running(made, held, ask, caller)
        if parts:
            await first.began.wait()
        first.gone.set()
        await task
        slots = made.limiter._memory._slots
        assert slots == {}
        others = [await running(made, held, ask, caller) for _ in range(2)]
        assert list(slots.values()) == [2]
        assert (await made.chat(ask, headers=caller)).status == 429
        for got, task in others:
            got.gone.set()
            await task
        assert slots == {}


async def test_a_slot_is_free_when_the_client_sees_the_end_of_its_stream(db: Database, tmp_path: Path) -> None:
    held = Held(STREAM_HEAD, chunk(FIRST), chunk(USED, DONE))
    async with Upstream(held) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, parallel=1)
        got, task = await running(made, held, STREAM_ASK, caller)
        await eventually_async(lambda: got.body.endswith(DONE), "the end of the stream")
        assert made.limiter._memory._slots == {}
        got.gone.set()
        await task


async def test_slots_come_back_after_every_kind_of_failure(db: Database, tmp_path: Path) -> None:
    broken = [
        answer(b"not json"),
        answer(b'{"error":{"message":"no"}}', status="400 Bad Request"),
        answer(b"{}", status="500 Internal Server Error"),
        STREAM_HEAD + chunk(FIRST) + chunk(b'data: {"error":{"message":"broke"}}\n\n') + b"0\r\n\r\n",
    ]
    async with Upstream(Provider(*broken)) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, parallel=1)
        for ask in (ASK, ASK, ASK, STREAM_ASK, {**ASK, "num_retries": 0}):
            got = await made.chat(ask, headers=caller)
            assert got.status != 429
            assert made.limiter._memory._slots == {}


async def test_two_hundred_at_once_against_a_limit_of_five(db: Database, tmp_path: Path) -> None:
    most, now = 0, 0

    async def provider(talk: Talk) -> None:
        nonlocal most, now
        while True:
            await talk.request()
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            await talk.say(answer())

    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        caller = await limited(made, parallel=5)
        await made.chat(headers=caller)
        found = await asyncio.gather(*(made.chat(headers=caller) for _ in range(200)))
        statuses = [got.status for got in found]
        assert (await made.chat(headers=caller)).status == 200
        assert made.limiter._memory._slots == {}
    assert set(statuses) == {200, 429}
    assert 5 <= statuses.count(200) < 200
    assert most <= 5


async def test_everybody_together(db: Database, tmp_path: Path) -> None:
    held = Held(after=answer())
    async with (
        Upstream(held) as upstream,
        gateway(db, tmp_path, model(upstream.port), max_parallel_requests=1) as made,
    ):
        _, task = await running(made, held, ASK, {"authorization": f"Bearer {made.key}"})
        refused = await made.chat()
        assert (refused.status, "this gateway" in refused.error["message"]) == (429, True)
        held.free.set()
        await task
        assert (await made.chat()).status == 200


async def test_sessions_are_recorded_and_not_sent_on(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer())
    key = {}
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        key = {"authorization": f"Bearer {made.key}"}
        for name in ("x-litellm-session-id", "x-claude-code-session-id", "session_id"):
            await made.chat(headers={**key, name: f"by {name}"})
        await made.chat({**ASK, "litellm_session_id": "in the body\x00" + "x" * 300})
        await made.chat()
        wrong = await made.chat({**ASK, "litellm_session_id": 7})
        records = await made.records()
    assert [record["session_id"] for record in records] == [
        *("by x-litellm-session-id", "by x-claude-code-session-id", "by session_id"),
        *("in the body" + "x" * 188, None),
    ]
    assert (wrong.status, wrong.error["param"]) == (400, "litellm_session_id")
    assert b"session" not in b"".join(provider.bodies) + b"".join(provider.heads)


async def test_more_of_the_usage_is_recorded(db: Database, tmp_path: Path) -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 10, "audio_tokens": 7},
        "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 3},
    }
    body = json.dumps({"id": "c", "choices": [], "usage": usage}).encode()
    async with Upstream(Provider(answer(body))) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        await made.chat()
        record = await made.record()
    assert (record["audio_prompt_tokens"], record["audio_completion_tokens"]) == (7, 3)
    assert (record["retries"], record["fallbacks"], record["cache_hit"], record["team_id"]) == (0, 0, False, None)
