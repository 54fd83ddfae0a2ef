"""Which limits a request falls under, how they are said, and what happens without Valkey."""

import asyncio
import json

import pytest
from tests.servers import free_port
from tests.unit.gateway.limits.conftest import ManualClock

from gatewright.domain.identity import Role
from gatewright.domain.keys import Principal
from gatewright.domain.limits import Holder, Limits, ModelLimits
from gatewright.gateway.limits.estimate import DEFAULT_OUTPUT, TOKENS_PER_FILE, estimate
from gatewright.gateway.limits.limiter import Admission, Limiter, LimitReached
from gatewright.gateway.limits.memory import MemoryCounters
from gatewright.gateway.limits.valkey import ValkeyCounters
from gatewright.outbound.valkey import Valkey
from gatewright.upstreams.body import Prepared, prepare
from gatewright.upstreams.endpoints import CHAT, COUNT_TOKENS, EMBEDDINGS, Endpoint
from gatewright.upstreams.form import Form


def caller(*holders: Holder) -> Principal:
    return Principal(kind="key", role=Role.INTERNAL_USER, user_pk=2, user_id="ada", credential_id=1, holders=holders)


def guess(asked: Prepared, endpoint: Endpoint = CHAT) -> int:
    return estimate(asked, asked.body, endpoint)


def key(**limits: object) -> Holder:
    return Holder("api_key", "1", Limits(**limits))  # type: ignore[arg-type]


def ask(model: str = "chat", **members: object) -> Prepared:
    return prepare(json.dumps({"model": model, "messages": [], **members}).encode())


@pytest.fixture
def limiter(clock: ManualClock) -> Limiter:
    return Limiter(MemoryCounters(clock), clock)


async def admit(
    limiter: Limiter, who: Principal, asked: Prepared | None = None, slot: str = "s", meant: str | None = None
) -> Admission:
    body = asked or ask()
    return await limiter.admit(who, body, body.body, CHAT, slot, meant or body.model)


async def refusal(
    limiter: Limiter, who: Principal, asked: Prepared | None = None, meant: str | None = None
) -> LimitReached:
    with pytest.raises(LimitReached) as caught:
        await admit(limiter, who, asked, meant=meant)
    return caught.value


def test_a_caller_without_limits_is_of_no_concern(limiter: Limiter, clock: ManualClock) -> None:
    assert not limiter.concerns(caller())
    assert limiter.concerns(caller(key(rpm=1)))
    assert Limiter(MemoryCounters(clock), clock, overall=1).concerns(caller())


async def test_which_limit_it_was(limiter: Limiter, clock: ManualClock) -> None:
    cases = (
        (key(rpm=1), "requests", "this API key is reached: 1 requests a minute. Try again in 61 seconds."),
        (key(tpm=600), "tokens", "this API key is reached: 600 tokens a minute."),
        (
            key(parallel=1),
            "max_parallel_requests",
            "this API key is reached: 1 requests at once. Try again in 1 second.",
        ),
        (Holder("user", "7", Limits(rpm=1)), "requests", "the owner of this API key is reached"),
        (Holder("team", "red", Limits(rpm=1)), "requests", "the team of this API key is reached"),
        (key(models={"chat": ModelLimits(rpm=1)}), "requests", "this model is reached"),
        (key(models={"chat": ModelLimits(tpm=600)}), "tokens", "this model is reached"),
    )
    for number, (holder, kind, words) in enumerate(cases):
        who = caller(Holder(holder.kind, f"{holder.ref}-{number}", holder.limits))
        await admit(limiter, who)
        error = await refusal(limiter, who)
        assert (error.status, error.error_code, error.limit_kind) == (429, "rate_limit_exceeded", kind)
        assert words in error.message
        assert error.resets_at is not None
        assert error.retry_after == -(-(error.resets_at - clock.now) // 1000) > 0


async def test_users_and_teams_share_over_their_keys(limiter: Limiter) -> None:
    for shared in (Holder("user", "7", Limits(rpm=2)), Holder("team", "red", Limits(rpm=2))):
        for key_id in ("1", "2"):
            await admit(limiter, caller(Holder("api_key", key_id, Limits(rpm=9)), shared))
        error = await refusal(limiter, caller(Holder("api_key", "3", Limits(rpm=9)), shared))
        assert f"of {'the owner' if shared.kind == 'user' else 'the team'} of this API key" in error.message


async def test_a_users_and_a_teams_counters_of_the_same_name_are_apart(limiter: Limiter) -> None:
    for kind in ("user", "team", "api_key"):
        await admit(limiter, caller(Holder(kind, "7", Limits(rpm=1))))


async def test_limits_of_models_count_by_model(limiter: Limiter) -> None:
    who = caller(key(models={"chat": ModelLimits(rpm=1), "other": ModelLimits(rpm=1)}))
    await admit(limiter, who)
    await admit(limiter, who, ask("other"))
    await admit(limiter, who, ask("third"))
    await admit(limiter, who, ask("third"))
    await refusal(limiter, who, ask("other"))


async def test_what_was_made_for_one_caller_is_used_for_no_other(limiter: Limiter) -> None:
    who, gone = caller(key(rpm=1)), caller(key(rpm=9))
    limiter._known[id(who.holders), "chat", "chat"] = (gone.holders, [], False)
    await admit(limiter, who)
    await refusal(limiter, who)


async def test_everybody_together(clock: ManualClock) -> None:
    limiter = Limiter(MemoryCounters(clock), clock, overall=2)
    first = await admit(limiter, caller(), slot="a")
    await admit(limiter, caller(key(rpm=9)), slot="b")
    error = await refusal(limiter, caller())
    assert (error.limit_kind, error.retry_after) == ("max_parallel_requests", 1)
    assert "this gateway" in error.message
    first.settle(0)
    await admit(limiter, caller())


async def test_settling_counts_once(limiter: Limiter) -> None:
    who = caller(key(parallel=2, tpm=10_000))
    first, _ = await admit(limiter, who, slot="a"), await admit(limiter, who, slot="b")
    for _ in range(3):
        first.settle(100)
        await first.settled()
    third = await admit(limiter, who, slot="c")
    assert {(one.kind, one.left) for one in third.standings} == {
        ("max_parallel_requests", 0),
        ("tokens", 10_000 - 100 - 2 * guess(ask())),
    }
    await refusal(limiter, who)


async def test_what_remains_is_told_by_scope_and_the_least_counts(limiter: Limiter) -> None:
    who = caller(
        Holder("api_key", "1", Limits(rpm=10, models={"chat": ModelLimits(rpm=3)})),
        Holder("team", "red", Limits(rpm=20, models={"chat": ModelLimits(rpm=2)})),
    )
    admitted = await admit(limiter, who)
    assert [tuple(one) for one in admitted.standings] == [
        ("api_key", "requests", 10, 9, None),
        ("model", "requests", 2, 1, None),
        ("team", "requests", 20, 19, None),
        ("api_key", "requests", 3, 2, "chat"),
    ]


async def test_without_valkey_limits_are_kept_in_memory_and_with_it_again_there(
    valkey: Valkey, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = ValkeyCounters(valkey, "limiter-fallback", clock)
    limiter = Limiter(MemoryCounters(clock), clock, shared=shared)
    who = caller(key(rpm=2, parallel=2))
    there = await admit(limiter, who, slot="a")
    down = Valkey(f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(shared, "_valkey", down)
    here = [await admit(limiter, who, slot=slot) for slot in ("b", "c")]
    assert (await refusal(limiter, who)).limit_kind in ("requests", "max_parallel_requests")
    for admission in here:
        admission.settle(0)
        await admission.settled()
    monkeypatch.setattr(shared, "_valkey", valkey)
    there.settle(0)
    await there.settled()
    assert (await admit(limiter, who, slot="d")).standings[0].left == 0
    await limiter.stop()
    await down.close()


async def test_settling_while_valkey_is_down_hurts_nobody(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = ValkeyCounters(valkey, "limiter-settling")
    limiter = Limiter(MemoryCounters(lambda: 0), lambda: 0, shared=shared)
    admission = await admit(limiter, caller(key(parallel=1)))
    down = Valkey(f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(shared, "_valkey", down)
    admission.settle(None)
    await admission.settled()
    await shared.keep()
    await down.close()


async def test_slots_are_kept_in_the_background(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = asyncio.Event()
    shared = ValkeyCounters(valkey, "limiter-keeping")

    async def keep() -> None:
        kept.set()

    monkeypatch.setattr(shared, "keep", keep)
    monkeypatch.setattr("gatewright.gateway.limits.limiter.KEEP_EVERY_S", 0.0)
    limiter = Limiter(MemoryCounters(lambda: 0), lambda: 0, shared=shared)
    job = asyncio.create_task(limiter.run())
    await asyncio.wait_for(kept.wait(), 5)
    job.cancel()
    await Limiter(MemoryCounters(lambda: 0), lambda: 0).run()


def test_the_estimate_is_of_input_and_longest_output() -> None:
    assert guess(ask(max_tokens=100, n=3)) == len(ask(max_tokens=100, n=3).body) // 4 + 300
    assert guess(ask()) == len(ask().body) // 4 + DEFAULT_OUTPUT
    assert guess(ask(max_tokens=2**62, n=2**62)) == 10**12
    embedding = prepare(b'{"model":"e","input":"' + b"a b " * 100 + b'"}', content="input")
    assert guess(embedding, EMBEDDINGS) == len(embedding.body) // 4


def test_files_in_a_body_count_as_such() -> None:
    text = "words and more words " * 1000
    image = "iVBORw0KGgo" * 20_000
    content = [
        {"type": "text", "text": text},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
        {"type": "file", "data": image},
    ]
    found = guess(ask(max_tokens=1, messages=[{"role": "user", "content": content}]))
    assert len(text) // 4 + 2 * TOKENS_PER_FILE <= found < len(text) // 4 + 2 * TOKENS_PER_FILE + 200


@pytest.mark.parametrize("endpoint", [CHAT, COUNT_TOKENS])
def test_forms_and_counting_use_no_tokens(endpoint: Endpoint) -> None:
    form = Form(boundary=b"b", parts=(), model="whisper", stream=False)
    assert estimate(form if endpoint is CHAT else ask(), b"x" * 9000, endpoint) == 0


@pytest.mark.parametrize("limited", ["gpt-5", "openai/gpt-5"])
async def test_a_limit_on_a_model_holds_for_every_spelling_and_alias_of_it(limiter: Limiter, limited: str) -> None:
    who = caller(key(models={limited: ModelLimits(rpm=1)}))
    await admit(limiter, who, ask("gpt-5"), meant="openai/gpt-5")
    for name in ("openai/gpt-5", "gpt-5", "an-alias"):
        assert (await refusal(limiter, who, ask(name), meant="openai/gpt-5")).limit_kind == "requests"
    await admit(limiter, who, ask("gpt-5-mini"), meant="openai/gpt-5-mini")
