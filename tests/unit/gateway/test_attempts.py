"""Requests through real sockets to providers that fail: who is asked, what is waited for, what the client gets."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.servers import eventually_async
from tests.unit.upstreams.server import Script, Talk, Upstream
from tests.unit.web.model_api.harness import (
    ANSWER,
    ASK,
    DONE,
    FIRST,
    SECOND,
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
from gatewright.gateway.attempts import MOST_RETRIES
from gatewright.settings.router import Alias, Router
from gatewright.storage.database import Database

Params = Mapping[str, Mapping[str, Any]]
STREAM_ASK = {**ASK, "stream": True}
GOOD = answer()


def error(status: int, message: str = "no", code: str | None = None, headers: str = "") -> bytes:
    body = json.dumps({"error": {"message": message, "type": "x", "param": None, "code": code}}).encode()
    return answer(body, f"{status} Some", headers)


@asynccontextmanager
async def behind(
    db: Database,
    tmp_path: Path,
    scripts: Mapping[str, Script],
    router: Router | None = None,
    params: Params | None = None,
) -> AsyncIterator[Gateway]:
    """A gateway with a provider for each entry: `chat/1` is a deployment of model `chat`, with `params["1"]`."""
    async with AsyncExitStack() as stack:
        entries = []
        for entry, script in scripts.items():
            name, _, number = entry.rpartition("/") if entry[-1].isdigit() else (entry, "", "")
            port = (await stack.enter_async_context(Upstream(script))).port
            entries.append(model(port, name, id=entry, params=(params or {}).get(number, {})))
        made = await stack.enter_async_context(gateway(db, tmp_path, *entries, router=router or Router()))
        yield made
        assert made.client.open_connections == made.client.idle_connections


async def silent(talk: Talk) -> None:
    await talk.request()
    await talk.gone()


def told(got: Got, *names: str) -> list[str | None]:
    return [got.headers.get(f"x-litellm-{name}") for name in names]


# ---- retries


async def test_a_model_with_one_deployment_is_asked_again_after_a_pause(db: Database, tmp_path: Path) -> None:
    provider = Provider(error(503), error(500), GOOD)
    async with behind(db, tmp_path, {"chat": provider}) as made:
        got = await made.chat()
        record = await made.record()
        assert len(made.slept) == 2
        assert 0.5 <= made.slept[0] < 1.25
        assert 1.0 <= made.slept[1] < 1.75
    assert (got.status, got.body, len(provider.bodies)) == (200, ANSWER, 3)
    assert told(got, "attempted-retries", "max-retries", "attempted-fallbacks") == ["2", "2", "0"]
    assert (record["retries"], record["fallbacks"], record["outcome"]) == (2, 0, "ok")
    assert float(got.headers["x-litellm-overhead-duration-ms"]) < sum(made.slept) * 1000
    assert float(got.headers["x-litellm-response-duration-ms"]) >= sum(made.slept) * 1000


async def test_the_last_answer_of_a_provider_that_stays_ill_is_the_clients(db: Database, tmp_path: Path) -> None:
    provider = Provider(error(503, "first"), error(503, "second"), error(503, "third"))
    async with behind(db, tmp_path, {"chat": provider}) as made:
        got = await made.chat()
        record = await made.record()
    assert (got.status, got.error["message"]) == (503, "third")
    assert told(got, "attempted-retries", "model-id") == ["2", "chat"]
    assert (record["outcome"], record["retries"], record["error_code"]) == ("upstream_error", 2, "upstream_503")


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [("retry-after: 7\r\n", 7, 7.75), ("retry-after-ms: 1500\r\n", 1.5, 2.25), ("retry-after: 61\r\n", 0.5, 1.25)],
)
async def test_a_storm_of_429_waits_as_long_as_it_is_told(
    db: Database, tmp_path: Path, headers: str, least: float, most: float
) -> None:
    provider = Provider(error(429, headers=headers), GOOD)
    async with behind(db, tmp_path, {"chat": provider}) as made:
        assert (await made.chat()).status == 200
        assert len(made.slept) == 1
        assert least <= made.slept[0] < most


async def test_what_the_caller_got_wrong_is_not_sent_again(db: Database, tmp_path: Path) -> None:
    for status in (400, 404, 422):
        provider = Provider(error(status))
        async with behind(db, tmp_path, {"chat": provider}) as made:
            assert (await made.chat()).status == status
        assert len(provider.bodies) == 1


@pytest.mark.parametrize("how", ["body", "header", "model"])
async def test_who_says_how_often(db: Database, tmp_path: Path, how: str) -> None:
    provider = Provider(error(500))
    params: Params = {"": {"max_retries": 1}} if how == "model" else {}
    ask = {**ASK, "num_retries": 1} if how == "body" else ASK
    async with behind(db, tmp_path, {"chat": provider}, params=params) as made:
        headers = {"authorization": f"Bearer {made.key}"}
        if how == "header":
            headers["x-litellm-num-retries"] = "1"
        got = await made.chat(ask, headers=headers)
    assert (got.status, len(provider.bodies)) == (500, 2)
    assert b"num_retries" not in b"".join(provider.bodies)


async def test_a_retry_policy_by_class(db: Database, tmp_path: Path) -> None:
    provider = Provider(error(404), error(404), GOOD)
    router = Router(group_retry_policy={"chat": {"NotFoundErrorRetries": 2}})
    async with behind(db, tmp_path, {"chat": provider}, router) as made:
        assert (await made.chat()).status == 200


async def test_another_deployment_is_asked_at_once(db: Database, tmp_path: Path) -> None:
    bad, good = Provider(error(500)), Provider(GOOD)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": bad, "chat/2": good}, params=params) as made:
        got = await made.chat()
        assert made.slept == []
    assert told(got, "model-id", "attempted-retries") == ["chat/2", "1"]


@pytest.mark.parametrize("refusal", [error(401), error(400, code="API_KEY_INVALID")], ids=["usually", "Google"])
async def test_a_credential_that_is_refused_here_may_be_good_there(
    db: Database, tmp_path: Path, refusal: bytes
) -> None:
    bad, good = Provider(refusal), Provider(GOOD)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": bad, "chat/2": good}, params=params) as made:
        assert told(await made.chat(), "model-id") == ["chat/2"]
        assert told(await made.chat(), "model-id") == ["chat/2"]
    assert len(bad.bodies) == 1  # it rests


async def test_a_request_that_wants_no_retries_gets_none(db: Database, tmp_path: Path) -> None:
    bad, worse = Provider(error(500)), Provider(error(503))
    async with behind(db, tmp_path, {"chat/1": bad, "chat/2": worse}) as made:
        await made.chat({**ASK, "num_retries": 0})
    assert len(bad.bodies) + len(worse.bodies) == 1


@pytest.mark.parametrize("ask", [ASK, STREAM_ASK], ids=["whole", "stream"])
async def test_a_provider_that_hangs_up_before_it_answered(db: Database, tmp_path: Path, ask: Any) -> None:
    async def closing(talk: Talk) -> None:
        await talk.request()

    good = Provider(STREAM if ask is STREAM_ASK else GOOD)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": closing, "chat/2": good}, params=params) as made:
        got = await made.chat(ask)
        assert told(got, "model-id", "attempted-retries") == ["chat/2", "1"]
    assert got.status == 200


async def test_a_whole_answer_that_breaks_off_is_asked_for_again(db: Database, tmp_path: Path) -> None:
    async def half(talk: Talk) -> None:
        await talk.request()
        await talk.say(GOOD[:-5])

    good = Provider(GOOD)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": half, "chat/2": good}, params=params) as made:
        got = await made.chat()
        record = await made.record()
    assert (got.status, got.body, record["deployment"]) == (200, ANSWER, "chat/2")


@pytest.mark.parametrize(
    "begin",
    [
        STREAM_HEAD,
        STREAM_HEAD + chunk(b'data: {"error":{"message":"overloaded","code":529}}\n\n') + b"0\r\n\r\n",
        STREAM_HEAD + chunk(b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'),
        STREAM_HEAD + b"0\r\n\r\n",
        answer(b"<html>", content_type="text/html"),
    ],
    ids=["nothing", "an error", "Anthropic's error", "an empty one", "a page"],
)
async def test_a_stream_that_fails_before_its_first_byte_begins_elsewhere(
    db: Database, tmp_path: Path, begin: bytes
) -> None:
    async def failing(talk: Talk) -> None:
        await talk.request()
        await talk.say(begin)

    good = Provider(STREAM)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": failing, "chat/2": good}, params=params) as made:
        got = await made.chat(STREAM_ASK)
        record = await made.record()
    assert (got.status, got.body) == (200, FIRST + SECOND + DONE)
    assert (record["deployment"], record["retries"], record["cost"]) == ("chat/2", 1, 42_000)


async def test_a_stream_that_says_that_nothing_is_wrong_is_none_that_fails(db: Database, tmp_path: Path) -> None:
    first = FIRST.replace(b"{", b'{"error":null,', 1)
    provider = Provider(STREAM_HEAD + chunk(first, DONE) + b"0\r\n\r\n")
    async with behind(db, tmp_path, {"chat": provider}) as made:
        assert (await made.chat(STREAM_ASK)).body == first + DONE


async def test_never_a_second_provider_after_the_first_byte(db: Database, tmp_path: Path) -> None:
    async def broken(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(FIRST))

    good = Provider(STREAM)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    router = Router(fallbacks={"chat": ("other",)})
    async with behind(db, tmp_path, {"chat/1": broken, "chat/2": good, "other": good}, router, params=params) as made:
        got = await made.chat(STREAM_ASK)
        record = await made.record()
    assert got.body.startswith(FIRST)
    assert json.loads(got.body.rpartition(b"data: ")[2])["error"]["code"] == "upstream_unavailable"
    assert (good.bodies, record["outcome"], record["deployment"]) == ([], "cut", "chat/1")


async def test_the_head_of_a_stream_waits_for_its_first_byte(db: Database, tmp_path: Path) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD)
        asked.set()
        await go.wait()
        await talk.say(chunk(FIRST, USED, DONE) + b"0\r\n\r\n")

    async with behind(db, tmp_path, {"chat": slow}) as made:
        got = Got()
        call = asyncio.create_task(made.chat(STREAM_ASK, got=got))
        await asked.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert got.status == 0
        go.set()
        await call
    assert (got.status, got.body) == (200, FIRST + DONE)


async def test_a_parameter_that_one_cannot_carry_goes_to_who_can(db: Database, tmp_path: Path) -> None:
    provider = Provider(GOOD)
    async with Upstream(provider) as up:
        cannot = model(up.port, provider="cohere", id="cannot", params={"order": 1})
        can = model(up.port, id="can", params={"order": 2})
        async with gateway(db, tmp_path, cannot, can) as made:
            got = await made.call("POST", "/v1/moderations", b'{"model":"chat","input":"x"}')
            assert told(got, "model-id", "attempted-retries") == ["can", "0"]
        async with gateway(db, tmp_path, cannot) as made:
            got = await made.call("POST", "/v1/moderations", b'{"model":"chat","input":"x"}')
            assert (got.status, got.error["code"]) == (400, "endpoint_not_supported")
    assert len(provider.bodies) == 1


async def test_hanging_up_during_a_pause_ends_it(db: Database, tmp_path: Path) -> None:
    provider = Provider(error(500))
    sleeping = asyncio.Event()
    async with behind(db, tmp_path, {"chat": provider}) as made:

        async def sleep(_: float) -> None:
            sleeping.set()
            await asyncio.Event().wait()

        made.sleep = sleep
        got = Got()
        call = asyncio.create_task(made.chat(got=got))
        await sleeping.wait()
        got.gone.set()
        await call
        record = await made.record()
    assert (got.status, record["outcome"], record["status"], len(provider.bodies)) == (0, "client_gone", 499, 1)


# ---- timeouts


async def test_a_deployment_that_is_too_slow(db: Database, tmp_path: Path) -> None:
    good = Provider(GOOD)
    params: Params = {"1": {"order": 1, "timeout": 0.05}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": silent, "chat/2": good}, params=params) as made:
        assert told(await made.chat(), "model-id") == ["chat/2"]


async def test_a_deployment_that_never_answers_is_not_the_quickest(db: Database, tmp_path: Path) -> None:
    good = Provider(GOOD)
    router = Router(strategy="latency-based-routing", disable_cooldowns=True)
    params: Params = {"1": {"timeout": 0.05}}
    async with behind(db, tmp_path, {"chat/1": silent, "chat/2": good}, router, params=params) as made:
        got = [await made.chat() for _ in range(6)]
    assert [told(one, "model-id") for one in got] == [["chat/2"]] * 6
    assert sum(int(one.headers["x-litellm-attempted-retries"]) for one in got) == 1


async def test_streams_have_a_timeout_of_their_own(db: Database, tmp_path: Path) -> None:
    async def stalls(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD)
        await talk.gone()

    good = Provider(STREAM)
    params: Params = {"1": {"order": 1, "timeout": 600, "stream_timeout": 0.05}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": stalls, "chat/2": good}, params=params) as made:
        assert told(await made.chat(STREAM_ASK), "model-id") == ["chat/2"]


async def test_the_routers_timeout_is_for_all(db: Database, tmp_path: Path) -> None:
    async with behind(db, tmp_path, {"chat": silent}, Router(timeout_s=0.05, num_retries=0)) as made:
        got = await made.chat()
    assert (got.status, got.error["code"]) == (504, "upstream_timeout")


@pytest.mark.parametrize(
    ("headers", "members"),
    [({"x-litellm-timeout": "0.05"}, {}), ({}, {"timeout": 0.05}), ({"x-litellm-stream-timeout": "0.05"}, {})],
)
async def test_a_request_may_be_in_a_hurry_and_blames_nobody_for_it(
    db: Database, tmp_path: Path, headers: dict[str, str], members: dict[str, Any]
) -> None:
    ask = {**STREAM_ASK, **members, "num_retries": 0}
    async with behind(db, tmp_path, {"chat/1": silent, "chat/2": silent}) as made:
        for _ in range(8):
            got = await made.chat(ask, headers={"authorization": f"Bearer {made.key}", **headers})
            assert (got.status, got.error["code"]) == (504, "upstream_timeout")
        plan = made.deployments.plan("chat", await made.ring.authenticate(made.key))
        assert all(member.health.is_free(1e9) and not member.health._bad for member in plan.members)


# ---- rests


async def test_a_failing_deployment_rests_and_comes_back_by_one_request(db: Database, tmp_path: Path) -> None:
    ill, well = Provider(error(429), GOOD), Provider(GOOD)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": ill, "chat/2": well}, params=params) as made:
        who = [told(await made.chat(), "model-id")[0] for _ in range(3)]
        assert (who, len(ill.bodies)) == (["chat/2"] * 3, 1)
        made.later += 5.1
        who = [told(await made.chat(), "model-id")[0] for _ in range(2)]
        assert (who, len(ill.bodies)) == (["chat/1"] * 2, 3)


async def test_only_one_request_finds_out(db: Database, tmp_path: Path) -> None:
    asked, go = asyncio.Event(), asyncio.Event()
    seen = 0

    async def recovering(talk: Talk) -> None:
        nonlocal seen
        while True:
            await talk.request()
            seen += 1
            if seen == 1:
                await talk.say(error(429))
                continue
            asked.set()
            await go.wait()
            await talk.say(GOOD)

    well = Provider(GOOD)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": recovering, "chat/2": well}, params=params) as made:
        await made.chat()
        made.later += 6
        trial = asyncio.create_task(made.chat())
        await asked.wait()
        assert told(await made.chat(), "model-id") == ["chat/2"]
        go.set()
        assert told(await trial, "model-id") == ["chat/1"]
        assert told(await made.chat(), "model-id") == ["chat/1"]
    assert seen == 3


async def test_nobody_puts_a_deployment_to_rest_by_naming_what_does_not_exist(db: Database, tmp_path: Path) -> None:
    body = {"error": {"message": "Prompt with id 'model' not found.", "type": "invalid_request_error", "code": None}}
    missing = Provider(answer(json.dumps(body).encode(), "404 Not Found"))
    scripts = {"chat/1": missing, "chat/2": missing}
    async with behind(db, tmp_path, scripts) as made:
        statuses = [(await made.chat()).status for _ in range(4)]
    assert (statuses, len(missing.bodies)) == ([404] * 4, 4)


async def test_a_request_does_not_cost_calls_without_end(db: Database, tmp_path: Path) -> None:
    ill = Provider(error(500))
    names = ["chat", "b", "c", "d", "e", "f"]
    async with behind(db, tmp_path, dict.fromkeys(names, ill)) as made:
        got = await made.chat({**ASK, "num_retries": 20, "fallbacks": names[1:]})
    assert got.status == 500
    assert len(ill.bodies) == MOST_RETRIES + len(names)


async def test_a_provider_says_how_long_it_rests(db: Database, tmp_path: Path) -> None:
    ill, well = Provider(error(429, headers="retry-after: 40\r\n"), GOOD), Provider(GOOD)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": ill, "chat/2": well}, params=params) as made:
        await made.chat()
        made.later += 39
        assert told(await made.chat(), "model-id") == ["chat/2"]
        made.later += 2
        assert told(await made.chat(), "model-id") == ["chat/1"]


async def test_when_all_rest_the_client_is_told_when_to_come_again(db: Database, tmp_path: Path) -> None:
    busy = Provider(error(429, "slow down"))
    async with behind(db, tmp_path, {"chat/1": busy, "chat/2": busy}) as made:
        first = await made.chat()
        second = await made.chat()
        records = await made.records()
    assert (first.status, first.error["message"]) == (429, "slow down")
    assert (second.status, second.error["code"]) == (429, "no_deployments_available")
    assert second.error["type"] == "rate_limit_error"
    assert second.headers["retry-after"] == "5"
    assert len(busy.bodies) == 2
    assert [(row["status"], row["outcome"]) for row in records] == [(429, "upstream_error"), (429, "refused")]


async def test_a_deployment_without_company_never_rests(db: Database, tmp_path: Path) -> None:
    provider = Provider(*[error(401)] * 9, GOOD)
    async with behind(db, tmp_path, {"chat": provider}) as made:
        assert [(await made.chat()).status for _ in range(10)] == [502] * 9 + [200]


async def test_without_cooldowns_nobody_rests(db: Database, tmp_path: Path) -> None:
    ill, well = Provider(error(401)), Provider(GOOD)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(
        db, tmp_path, {"chat/1": ill, "chat/2": well}, Router(disable_cooldowns=True), params=params
    ) as made:
        for _ in range(3):
            assert told(await made.chat(), "model-id") == ["chat/2"]
    assert len(ill.bodies) == 3


async def test_a_stream_that_breaks_off_speaks_against_a_deployment(db: Database, tmp_path: Path) -> None:
    async def broken(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(FIRST))

    well = Provider(STREAM)
    params: Params = {"1": {"order": 1}, "2": {"order": 2}}
    async with behind(db, tmp_path, {"chat/1": broken, "chat/2": well}, params=params) as made:
        who = [told(await made.chat(STREAM_ASK), "model-id")[0] for _ in range(7)]
    assert who == ["chat/1"] * 5 + ["chat/2"] * 2


async def test_a_model_that_is_missing_says_nothing_of_a_pattern(db: Database, tmp_path: Path) -> None:
    provider = Provider(error(404), error(404), GOOD)
    async with behind(db, tmp_path, {"openai/*/1": provider, "openai/*/2": provider}) as made:
        answers = [await made.chat({**ASK, "model": f"openai/{name}"}) for name in ("a", "b", "c")]
    assert [got.status for got in answers] == [404, 404, 200]


# ---- limits of a deployment


async def test_a_deployment_has_its_requests_a_minute(db: Database, tmp_path: Path) -> None:
    first, second = Provider(GOOD), Provider(GOOD)
    params: Params = {"1": {"order": 1, "rpm": 2}, "2": {"order": 2, "rpm": 1}}
    async with behind(db, tmp_path, {"chat/1": first, "chat/2": second}, params=params) as made:
        made.later = -(asyncio.get_running_loop().time() % 60)  # a minute begins
        who = [told(await made.chat(), "model-id")[0] for _ in range(3)]
        full = await made.chat()
        made.later += 60
        assert told(await made.chat(), "model-id") == ["chat/1"]
    assert who == ["chat/1", "chat/1", "chat/2"]
    assert (full.status, full.error["code"]) == (429, "no_deployments_available")
    assert "rpm" in full.error["message"]
    assert 50 < int(full.headers["retry-after"]) <= 60


async def test_a_deployment_has_its_tokens_a_minute(db: Database, tmp_path: Path) -> None:
    provider = Provider(GOOD, STREAM, GOOD)  # 12 tokens each
    async with behind(db, tmp_path, {"chat": provider}, params={"": {"tpm": 20}}) as made:
        made.later = -(asyncio.get_running_loop().time() % 60)
        assert (await made.chat()).status == 200
        assert (await made.chat(STREAM_ASK)).status == 200
        full = await made.chat()
        assert full.status == 429
        assert "tpm" in full.error["message"]
        made.later += 60
        assert (await made.chat()).status == 200


# ---- fallbacks

FALLING = Router(
    fallbacks={"chat": ("second", "third")},
    context_window_fallbacks={"chat": ("long",)},
    content_policy_fallbacks={"chat": ("bold",)},
    num_retries=0,
)


@pytest.mark.parametrize(
    ("failing", "target"),
    [
        (error(500), "second"),
        (error(400), "second"),
        (error(400, "too much", "context_length_exceeded"), "long"),
        (error(400, "prompt is too long: 9 tokens > 8 maximum"), "long"),
        (error(400, "no", "content_filter"), "bold"),
    ],
    ids=["ill", "wrong", "too long by code", "too long by text", "filtered"],
)
async def test_another_model_answers_by_what_went_wrong(
    db: Database, tmp_path: Path, failing: bytes, target: str
) -> None:
    good = dict.fromkeys(("second", "third", "long", "bold"), Provider(GOOD))
    async with behind(db, tmp_path, {"chat": Provider(failing), **good}, FALLING) as made:
        got = await made.chat()
        record = await made.record()
    assert (got.status, got.body) == (200, ANSWER)
    assert told(got, "model-group", "attempted-fallbacks") == [target, "1"]
    assert (record["model"], record["deployment"], record["fallbacks"]) == ("chat", target, 1)


async def test_the_next_model_when_one_fails_too(db: Database, tmp_path: Path) -> None:
    ill = Provider(error(500))
    async with behind(db, tmp_path, {"chat": ill, "second": ill, "third": Provider(STREAM)}, FALLING) as made:
        got = await made.chat(STREAM_ASK)
    assert (got.body, told(got, "model-group", "attempted-fallbacks")) == (FIRST + SECOND + DONE, ["third", "2"])


async def test_a_model_to_fall_back_to_has_its_own(db: Database, tmp_path: Path) -> None:
    ill = Provider(error(500))
    router = Router(fallbacks={"chat": ("b", "d"), "b": ("c", "chat")}, num_retries=0)
    scripts = {"chat": ill, "b": ill, "c": Provider(GOOD), "d": Provider(GOOD)}
    async with behind(db, tmp_path, scripts, router) as made:
        assert told(await made.chat(), "model-group", "attempted-fallbacks") == ["c", "2"]


async def test_fallbacks_in_a_circle_end(db: Database, tmp_path: Path) -> None:
    ill = Provider(error(503, "all ill"))
    router = Router(fallbacks={"chat": ("b",), "b": ("chat", "b")}, num_retries=0)
    async with behind(db, tmp_path, {"chat": ill, "b": ill}, router) as made:
        got = await made.chat()
    assert (got.status, got.error["message"], len(ill.bodies)) == (503, "all ill", 2)


async def test_not_more_models_than_are_allowed(db: Database, tmp_path: Path) -> None:
    ill = Provider(error(503))
    names = ["a", "b", "c", "d"]
    router = Router(default_fallbacks=tuple(names), max_fallbacks=2, num_retries=0)
    async with behind(db, tmp_path, dict.fromkeys(["chat", *names], ill), router) as made:
        got = await made.chat()
    assert told(got, "attempted-fallbacks", "model-group") == ["2", "b"]
    assert len(ill.bodies) == 3


async def test_the_default_ones(db: Database, tmp_path: Path) -> None:
    router = Router(fallbacks={"other": ("x",)}, default_fallbacks=("last",), num_retries=0)
    async with behind(db, tmp_path, {"chat": Provider(error(500)), "last": Provider(GOOD)}, router) as made:
        assert told(await made.chat(), "model-group") == ["last"]


async def test_a_request_names_its_own(db: Database, tmp_path: Path) -> None:
    ill = Provider(error(500))
    scripts = {"chat": ill, "second": ill, "mine": Provider(GOOD)}
    async with behind(db, tmp_path, scripts, FALLING) as made:
        for own in (["mine"], [{"model": "mine"}], [{"chat": ["mine"]}]):
            got = await made.chat({**ASK, "fallbacks": own})
            assert told(got, "model-group", "attempted-fallbacks") == ["mine", "1"]
        got = await made.chat({**ASK, "disable_fallbacks": True})
        assert (got.status, told(got, "attempted-fallbacks")) == (500, ["0"])
        refused = await made.chat({**ASK, "fallbacks": [{"model": "mine", "api_key": "sk"}]})
        assert (refused.status, refused.error["param"]) == (400, "fallbacks")
    assert all(b"fallbacks" not in body for body in ill.bodies)


async def test_nobody_reaches_a_model_by_falling_back_that_they_may_not_use(db: Database, tmp_path: Path) -> None:
    good = Provider(GOOD)
    scripts = {"chat": Provider(error(500, "ill")), "second": good, "third": good}
    async with behind(db, tmp_path, scripts, FALLING) as made:
        secret = await made.new_key(models=["chat"])
        own = {"authorization": f"Bearer {secret}"}
        for ask in (ASK, {**ASK, "fallbacks": ["second", "nowhere"]}):
            got = await made.chat(ask, headers=own)
            assert (got.status, got.error["message"]) == (500, "ill")
            assert told(got, "attempted-fallbacks") == ["0"]
        wider = await made.new_key(models=["chat", "third"])
        got = await made.chat(headers={"authorization": f"Bearer {wider}"})
        assert told(got, "model-group", "attempted-fallbacks") == ["third", "1"]
    assert len(good.bodies) == 1


async def test_a_fallback_goes_round_no_limit_on_its_model(db: Database, tmp_path: Path) -> None:
    good = Provider(GOOD)
    scripts = {"chat": Provider(error(500, "ill")), "second": good, "third": good}
    async with behind(db, tmp_path, scripts, FALLING) as made:
        limits = Limits(models={"second": ModelLimits(rpm=5)})
        own = {"authorization": f"Bearer {await made.new_key(limits=limits)}"}
        got = await made.chat(headers=own)
        assert told(got, "model-group", "attempted-fallbacks") == ["third", "1"]


async def test_a_busy_model_with_a_fallback_is_not_waited_for(db: Database, tmp_path: Path) -> None:
    busy = Provider(error(429, headers="retry-after: 50\r\n"))
    router = Router(fallbacks={"chat": ("second",)})
    async with behind(db, tmp_path, {"chat": busy, "second": Provider(GOOD)}, router) as made:
        got = await made.chat()
        assert (told(got, "model-group"), made.slept) == (["second"], [])
        secret = await made.new_key(models=["chat"])
        assert (await made.chat(headers={"authorization": f"Bearer {secret}"})).status == 429
        assert len(made.slept) == 2


async def test_a_full_model_falls_back(db: Database, tmp_path: Path) -> None:
    scripts = {"chat/1": Provider(GOOD), "second/2": Provider(GOOD)}
    router = Router(fallbacks={"chat": ("second",)})
    async with behind(db, tmp_path, scripts, router, params={"1": {"rpm": 0}}) as made:
        assert told(await made.chat(), "model-group") == ["second"]


async def test_a_fallback_that_cannot_carry_the_request_does_not_hide_what_was_wrong(
    db: Database, tmp_path: Path
) -> None:
    async with Upstream(Provider(error(500, "ill"))) as up:
        entries = (model(up.port), model(up.port, "second", provider="cohere"))
        router = Router(fallbacks={"chat": ("second",)}, num_retries=0)
        async with gateway(db, tmp_path, *entries, router=router) as made:
            got = await made.call("POST", "/v1/moderations", b'{"model":"chat","input":"x"}')
    assert (got.status, got.error["message"]) == (500, "ill")


async def test_an_alias_is_served_and_falls_back_as_what_it_stands_for(db: Database, tmp_path: Path) -> None:
    router = Router(aliases={"best": Alias("chat")}, fallbacks={"chat": ("second",)}, num_retries=0)
    async with behind(db, tmp_path, {"chat": Provider(error(500), GOOD), "second": Provider(GOOD)}, router) as made:
        ask = {**ASK, "model": "best"}
        assert told(await made.chat(ask), "model-group") == ["second"]
        assert told(await made.chat(ask), "model-group") == ["chat"]


# ---- tags and strategies


async def test_tags_choose_among_deployments(db: Database, tmp_path: Path) -> None:
    scripts = {"chat/1": Provider(GOOD), "chat/2": Provider(GOOD)}
    params: Params = {"1": {"tags": ["free", "default"]}, "2": {"tags": ["paid"]}}
    async with behind(db, tmp_path, scripts, Router(tag_filtering=True), params=params) as made:
        headers = {"authorization": f"Bearer {made.key}", "x-litellm-tags": "paid"}
        for ask, sent in (
            ({**ASK, "metadata": {"tags": ["paid"]}}, None),
            ({**ASK, "tags": ["paid"]}, None),
            (ASK, headers),
        ):
            assert {told(await made.chat(ask, headers=sent), "model-id")[0] for _ in range(4)} == {"chat/2"}
        assert {told(await made.chat(), "model-id")[0] for _ in range(4)} == {"chat/1"}
        refused = await made.chat({**ASK, "tags": ["&nobody"]})
    assert (refused.status, refused.error["code"], refused.error["param"]) == (400, "no_deployment_for_tags", "tags")


async def test_the_least_busy_deployment(db: Database, tmp_path: Path) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(talk: Talk) -> None:
        while True:
            await talk.request()
            asked.set()
            await go.wait()
            await talk.say(GOOD)

    scripts = {"chat/1": slow, "chat/2": slow}
    async with behind(db, tmp_path, scripts, Router(strategy="least-busy")) as made:
        calls = []
        for _ in range(4):
            asked.clear()
            calls.append(asyncio.create_task(made.chat()))
            await asked.wait()
        go.set()
        who = [told(await call, "model-id")[0] for call in calls]
        assert sorted(map(str, who)) == ["chat/1", "chat/1", "chat/2", "chat/2"]
        plan = made.deployments.plan("chat", await made.ring.authenticate(made.key))
        assert [member.health.in_flight for member in plan.members] == [0, 0]


async def test_whoever_was_in_flight_is_not_for_ever(db: Database, tmp_path: Path) -> None:
    """Hang-ups, errors and refusals give their place back."""
    scripts: dict[str, Script] = {
        "chat": silent,
        "ill": Provider(error(400)),
        "cut": Provider(STREAM_HEAD + chunk(FIRST) + b"x"),
    }
    async with behind(db, tmp_path, scripts, Router(num_retries=0)) as made:
        got = Got()
        call = asyncio.create_task(made.chat(got=got))
        await eventually_async(lambda: made.client.open_connections == 1, "the provider is asked")
        got.gone.set()
        await call
        await made.chat({**ASK, "model": "ill"})
        await made.chat({**STREAM_ASK, "model": "cut"})
        caller = await made.ring.authenticate(made.key)
        flying = [made.deployments.plan(name, caller).members[0].health.in_flight for name in scripts]
    assert flying == [0, 0, 0]


# ---- what is told


async def test_a_providers_error_does_not_repeat_our_key(db: Database, tmp_path: Path) -> None:
    message = "Bad key sk-provider-secret."
    for status in (400, 500):
        async with behind(db, tmp_path, {"chat": Provider(error(status, message))}, Router(num_retries=0)) as made:
            got = await made.chat()
        assert (got.status, got.error["message"]) == (status, "Bad key ***.")


async def test_who_may_know_which_server_it_was_is_told(db: Database, tmp_path: Path) -> None:
    page = answer(b"<html>", "500 Oops", content_type="text/html")
    async with behind(db, tmp_path, {"chat": Provider(page)}, Router(num_retries=0)) as made:
        secret = await made.new_key()
        got, to_admin = await made.chat(headers={"authorization": f"Bearer {secret}"}), await made.chat()
    assert "openai/gpt-x" not in got.error["message"]
    assert "This was deployment chat, openai/gpt-x, with the status 500." in to_admin.error["message"]
    assert told(got, "model-id", "attempted-retries", "model-api-base") == ["chat", "0", None]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", to_admin.headers["x-litellm-model-api-base"])


async def test_provider_headers_are_repeated_for_litellms_clients(db: Database, tmp_path: Path) -> None:
    headers = "x-request-id: req_1\r\nopenai-organization: ours\r\nx-ratelimit-limit-requests: 5\r\n"
    async with behind(db, tmp_path, {"chat": Provider(answer(headers=headers))}) as made:
        got = await made.chat()
    found = {name: value for name, value in got.headers.items() if name.startswith("llm_provider-")}
    assert found == {"llm_provider-x-request-id": "req_1", "llm_provider-x-ratelimit-limit-requests": "5"}
    assert got.headers["x-ratelimit-limit-requests"] == "5"
    assert got.headers["x-request-id"] != "req_1"
