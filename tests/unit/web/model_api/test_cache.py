"""The response cache as callers of the model API meet it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.harness import (
    ANSWER,
    ASK,
    DONE,
    FIRST,
    MASTER,
    SECOND,
    STREAM,
    STREAM_HEAD,
    USAGE,
    USED,
    Got,
    Provider,
    answer,
    chunk,
    gateway,
    model,
)

from gatewright.accounts.teams import NewTeam, Teams
from gatewright.domain.limits import Limits
from gatewright.domain.people import Origin
from gatewright.settings.caching import Caching
from gatewright.settings.router import Router
from gatewright.storage.database import Database

TOLD = b'{"id":"c1","object":"chat.completion","model":"gpt-x","choices":[{"index":0,"finish_reason":"stop",' + (
    b'"message":{"role":"assistant","content":"Hello"}}],"usage":' + USAGE + b"}"
)
"""An answer that can be told in another dialect."""

ON = Caching(enabled=True)
STREAM_ASK = {**ASK, "stream": True}


def numbered(count: int) -> list[bytes]:
    """So many answers, each another one."""
    return [answer(ANSWER.replace(b'"c1"', b'"c%d"' % number)) for number in range(count)]


def asked(**cache: Any) -> dict[str, Any]:
    return {**ASK, "cache": cache}


def is_hit(got: Got) -> bool:
    return "x-litellm-cache-key" in got.headers


async def test_the_same_request_gets_the_same_answer_for_nothing(db: Database, tmp_path: Path) -> None:
    provider = Provider(*numbered(2))
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        first, second = await made.chat(), await made.chat()
        records = await made.records()
    assert (first.status, second.status, second.body) == (200, 200, first.body)
    assert (is_hit(first), is_hit(second)) == (False, True)
    assert len(second.headers["x-litellm-cache-key"]) == 64
    assert second.headers["content-type"] == first.headers["content-type"]
    assert (first.headers["x-litellm-response-cost"], second.headers["x-litellm-response-cost"]) == ("0.000042", "0")
    assert "x-litellm-model-id" not in second.headers
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(provider.bodies) == 1
    assert [bool(record["cache_hit"]) for record in records] == [False, True]
    hit = records[1]
    assert (hit["cost"], hit["metered"], hit["prompt_tokens"], hit["outcome"]) == (0, True, 0, "ok")
    assert (hit["status"], hit["deployment"], hit["first_byte_ms"] is None) == (200, None, False)


async def test_it_is_off_by_default_and_its_member_never_sent_on(db: Database, tmp_path: Path) -> None:
    provider = Provider(*numbered(4))
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        for ask in (ASK, asked(**{"use-cache": True}), asked(**{"use-cache": True})):
            assert not is_hit(await made.chat(ask))
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        await made.chat(asked(ttl=1))
    assert len(provider.bodies) == 4
    assert b'"cache"' not in b"".join(provider.bodies)


async def test_a_stream_is_replayed_as_it_was(db: Database, tmp_path: Path) -> None:
    provider = Provider(STREAM)
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        first, second = await made.chat(STREAM_ASK), await made.chat(STREAM_ASK)
        with_usage = await made.chat({**STREAM_ASK, "stream_options": {"include_usage": True}})
        records = await made.records()
    assert second.body == first.body == FIRST + SECOND + DONE
    assert (is_hit(second), second.ended) == (True, True)
    for name in ("content-type", "cache-control", "x-accel-buffering"):
        assert second.headers[name] == first.headers[name]
    assert with_usage.body == FIRST + SECOND + USED + DONE
    assert [(bool(one["cache_hit"]), bool(one["stream"]), one["cost"]) for one in records] == [
        *((False, True, 42_000), (True, True, 0), (False, True, 42_000))
    ]


async def test_a_stream_and_a_whole_answer_are_apart(db: Database, tmp_path: Path) -> None:
    provider = Provider(STREAM, answer())
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        await made.chat(STREAM_ASK)
        plain = await made.chat(ASK)
        again = await made.chat(STREAM_ASK)
    assert (plain.body, is_hit(plain), is_hit(again)) == (ANSWER, False, True)


async def test_other_dialects_are_replayed_in_their_own(db: Database, tmp_path: Path) -> None:
    provider = Provider(b"")
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        for path, member in (("/v1/messages", "messages"), ("/v1/responses", "input")):
            for stream in (False, True):
                limit = "max_tokens" if member == "messages" else "max_output_tokens"
                ask = {"model": "chat", member: ASK["messages"], "stream": stream, limit: 50}
                provider.answers = [STREAM if stream else answer(TOLD)]
                first, second = [await made.call("POST", path, json.dumps(ask).encode()) for _ in range(2)]
                assert (first.status, is_hit(first), is_hit(second)) == (200, False, True), (path, first.body)
                assert (second.body, second.headers["content-type"]) == (first.body, first.headers["content-type"])


async def test_embeddings_and_completions_too(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer())
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        for path, member in (("/v1/embeddings", "input"), ("/v1/completions", "prompt"), ("/v1/moderations", "input")):
            body = json.dumps({"model": "chat", member: "x"}).encode()
            got = [await made.call("POST", path, body) for _ in range(2)]
            assert is_hit(got[1]) is (path != "/v1/moderations"), path
        # Both spellings of an address are one endpoint.
        assert is_hit(await made.call("POST", "/embeddings", json.dumps({"model": "chat", "input": "x"}).encode()))


async def test_only_configured_calls(db: Database, tmp_path: Path) -> None:
    caching = Caching(enabled=True, call_types=frozenset({"embedding"}))
    async with (
        Upstream(Provider(answer())) as upstream,
        gateway(db, tmp_path, model(upstream.port), caching=caching) as made,
    ):
        body = json.dumps({"model": "chat", "input": "x"}).encode()
        assert not is_hit(await made.chat())
        assert not is_hit(await made.chat())
        await made.call("POST", "/v1/embeddings", body)
        assert is_hit(await made.call("POST", "/v1/embeddings", body))


async def test_what_one_request_says_of_the_cache(db: Database, tmp_path: Path) -> None:
    provider = Provider(*numbered(20))
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        await made.chat(asked(**{"no-store": True}))
        kept = await made.chat()
        assert not is_hit(kept)
        assert is_hit(await made.chat(asked(**{"no-store": True})))
        anew = await made.chat(asked(**{"no-cache": True}))
        assert not is_hit(anew)
        assert (await made.chat()).body == anew.body != kept.body
        assert not is_hit(await made.chat(asked(namespace="other")))
        assert is_hit(await made.chat(asked(namespace="other")))
        assert is_hit(await made.chat(asked(namespace="")))
        assert not is_hit(await made.chat(asked(**{"use-cache": False})))
        assert is_hit(await made.chat(asked(**{"s-maxage": 3600})))
        wrong = await made.chat(asked(nonsense=1))
    assert (wrong.status, wrong.error["param"]) == (400, "cache")


async def test_answers_grow_old(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Provider(*numbered(20))
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        cache = made.cache
        assert cache is not None
        now = 1_795_219_200_000
        monkeypatch.setattr(cache, "_clock", lambda: now)
        monkeypatch.setattr(made.store, "_clock", lambda: now)
        await made.chat()
        now += 10_000
        assert is_hit(await made.chat(asked(**{"s-maxage": 10})))
        assert not is_hit(await made.chat(asked(**{"s-maxage": 9.9, "no-store": True})))
        now += 589_999
        assert is_hit(await made.chat())
        now += 1
        assert not is_hit(await made.chat(asked(ttl=5)))
        now += 4_999
        assert is_hit(await made.chat())
        now += 1
        assert not is_hit(await made.chat(asked(ttl=0)))
        assert not is_hit(await made.chat())


async def test_where_it_is_off_by_default_a_request_may_ask_for_it(db: Database, tmp_path: Path) -> None:
    caching = Caching(enabled=True, default_on=False)
    async with (
        Upstream(Provider(*numbered(9))) as upstream,
        gateway(db, tmp_path, model(upstream.port), caching=caching) as made,
    ):
        for _ in range(2):
            assert not is_hit(await made.chat())
        assert not is_hit(await made.chat(asked(**{"use-cache": True})))
        assert is_hit(await made.chat(asked(**{"use-cache": True})))
        assert not is_hit(await made.chat())


async def test_two_teams_never_see_each_others_answers(db: Database, tmp_path: Path) -> None:
    provider = Provider(*numbered(30))
    teams = Teams(db)
    for team in ("red", "blue"):
        await teams.create(NewTeam(team_id=team), actor="tests", origin=Origin())
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        red, mate, blue = [await made.new_key(team_id=team) for team in ("red", "red", "blue")]
        alone, other = await made.new_key(), await made.new_key()

        async def call(key: str, ask: Any = ASK) -> Got:
            return await made.chat(ask, headers={"authorization": f"Bearer {key}"})

        first = await call(red)
        assert (await call(mate)).body == first.body
        for key in (blue, alone, other, made.key):
            assert not is_hit(await call(key))
            assert is_hit(await call(key))
        # Whatever a client calls its namespace, it stays among its own.
        for namespace in ("red", "team:red", "team:red:", '","team:red","', "../red", "\u0000"):
            ask = asked(namespace=namespace)
            assert not is_hit(await call(red, ask))
            assert not is_hit(await call(blue, ask))
            assert is_hit(await call(mate, ask))


async def test_everybody_shares_when_the_operator_says_so(db: Database, tmp_path: Path) -> None:
    caching = Caching(enabled=True, across_teams=True)
    async with (
        Upstream(Provider(*numbered(3))) as upstream,
        gateway(db, tmp_path, model(upstream.port), caching=caching) as made,
    ):
        first = await made.chat(headers={"authorization": f"Bearer {await made.new_key()}"})
        second = await made.chat(headers={"authorization": f"Bearer {await made.new_key()}"})
    assert (is_hit(second), second.body) == (True, first.body)


async def test_a_hit_needs_a_good_key_its_model_and_its_limits(db: Database, tmp_path: Path) -> None:
    caching = Caching(enabled=True, across_teams=True)
    async with (
        Upstream(Provider(answer())) as upstream,
        gateway(db, tmp_path, model(upstream.port), caching=caching) as made,
    ):
        await made.chat()
        assert (await made.chat(headers={"authorization": "Bearer sk-nobody"})).status == 401
        elsewhere = await made.new_key(models=("other",))
        assert (await made.chat(headers={"authorization": f"Bearer {elsewhere}"})).status == 403
        key = {"authorization": f"Bearer {await made.new_key(limits=Limits(rpm=2, tpm=1000, parallel=1))}"}
        ask = {**ASK, "max_tokens": 900}
        await made.chat(ask)
        for _ in range(2):
            got = await made.chat(ask, headers=key)
            assert is_hit(got)
            # What was claimed of the tokens came back: a hit uses none.
            assert int(got.headers["x-ratelimit-api_key-remaining-tokens"]) == 1000 - 900 - len(json.dumps(ask)) // 4
        assert (await made.chat(ask, headers=key)).status == 429


BAD_ANSWERS = {
    "an error": answer(b'{"error":{"message":"no"}}', status="400 Bad Request"),
    "an error in a good answer": answer(b'{"error":{"message":"no"},"choices":[]}'),
    "another good status": answer(ANSWER, status="201 Created"),
    "too large": answer(b'{"id":"%b"}' % (b"x" * 3000)),
}


@pytest.mark.parametrize("bad", list(BAD_ANSWERS))
async def test_only_good_answers_are_kept(db: Database, tmp_path: Path, bad: str) -> None:
    caching = Caching(enabled=True, max_entry_bytes=2000)
    provider = Provider(BAD_ANSWERS[bad], answer())
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=caching) as made:
        await made.chat()
        assert made.store.bytes == 0
        assert not is_hit(await made.chat())
        assert is_hit(await made.chat())


BAD_STREAMS = {
    "broken off": STREAM_HEAD + chunk(FIRST) + b"0\r\n\r\n",
    "cut": STREAM_HEAD + chunk(FIRST),
    "an error in the middle": STREAM_HEAD
    + chunk(FIRST)
    + chunk(b'data: {"error":{"message":"broke"}}\n\n')
    + b"0\r\n\r\n",
    "too large": STREAM_HEAD + chunk(FIRST * 30) + chunk(SECOND) + chunk(USED, DONE) + b"0\r\n\r\n",
}


@pytest.mark.parametrize("bad", list(BAD_STREAMS))
async def test_only_complete_streams_are_kept(db: Database, tmp_path: Path, bad: str) -> None:
    caching = Caching(enabled=True, max_entry_bytes=2000)

    class Once(Provider):
        async def __call__(self, talk: Any) -> None:
            await talk.request()
            self.bodies.append(b"")
            await talk.say(self.answers[min(len(self.bodies), len(self.answers)) - 1])

    async with (
        Upstream(Once(BAD_STREAMS[bad], STREAM)) as upstream,
        gateway(db, tmp_path, model(upstream.port), caching=caching) as made,
    ):
        await made.chat(STREAM_ASK)
        assert made.store.bytes == 0
        assert not is_hit(await made.chat(STREAM_ASK))
        assert is_hit(await made.chat(STREAM_ASK))


async def test_an_answer_that_another_model_gave_is_not_kept(db: Database, tmp_path: Path) -> None:
    down = answer(b"{}", status="500 Internal Server Error")
    router = Router(fallbacks={"chat": ("other",)}, num_retries=0)
    async with (
        Upstream(Provider(down, answer())) as broken,
        Upstream(Provider(answer())) as upstream,
        gateway(db, tmp_path, model(broken.port), model(upstream.port, "other"), caching=ON, router=router) as made,
    ):
        first = await made.chat()
        assert (first.status, first.headers["x-litellm-attempted-fallbacks"]) == (200, "1")
        assert made.store.bytes == 0


@pytest.mark.parametrize("member", ["store", "background", "conversation"])
async def test_what_is_to_last_at_the_provider_is_never_answered_from_here(
    db: Database, tmp_path: Path, member: str
) -> None:
    async with (
        Upstream(Provider(answer())) as upstream,
        gateway(db, tmp_path, model(upstream.port), caching=ON) as made,
    ):
        for value, hit in ((True, False), (False, True)):
            for _ in range(2):
                got = await made.chat({**ASK, member: value})
            assert is_hit(got) is hit


async def test_an_answer_that_is_still_going_on_is_not_kept(db: Database, tmp_path: Path) -> None:
    entry = model(1, upstream_model="gpt-x")
    going = json.dumps({"id": "r", "object": "response", "status": "in_progress", "output": []}).encode()
    async with Upstream(Provider(answer(going))) as upstream:
        entry = model(upstream.port, params={"model": "openai/responses/gpt-x"})
        async with gateway(db, tmp_path, entry, caching=ON) as made:
            body = json.dumps({"model": "chat", "input": "Hi"}).encode()
            got = [await made.call("POST", "/v1/responses", body) for _ in range(2)]
            assert not is_hit(got[1])


async def test_who_hangs_up_leaves_nothing(db: Database, tmp_path: Path) -> None:
    async def hold(talk: Any) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(FIRST))
        await talk.gone()

    async with Upstream(hold) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        got = Got()
        task = asyncio.create_task(made.chat(STREAM_ASK, got=got))
        await got.began.wait()
        got.gone.set()
        await task
        assert made.store.bytes == 0


async def test_headers_that_change_the_answer_keep_apart(db: Database, tmp_path: Path) -> None:
    async with (
        Upstream(Provider(answer(TOLD))) as upstream,
        gateway(db, tmp_path, model(upstream.port), caching=ON) as made,
    ):
        body = json.dumps({**ASK, "max_tokens": 5}).encode()
        key = {"authorization": f"Bearer {made.key}"}
        for beta in ("one", "two"):
            got = [await made.call("POST", "/v1/messages", body, headers={**key, "anthropic-beta": beta}) for _ in "12"]
            assert [is_hit(one) for one in got] == [False, True]
        # Sessions and tags of no consequence do.
        got_again = await made.call(
            "POST", "/v1/messages", body, headers={**key, "anthropic-beta": "one", "session_id": "x"}
        )
        assert is_hit(got_again)


async def test_no_header_of_the_providers_is_replayed(db: Database, tmp_path: Path) -> None:
    headers = "x-ratelimit-remaining-tokens: 7\r\nx-request-id: theirs\r\nretry-after: 3\r\n"
    async with (
        Upstream(Provider(answer(headers=headers))) as upstream,
        gateway(db, tmp_path, model(upstream.port), caching=ON) as made,
    ):
        await made.chat()
        got = await made.chat()
    assert is_hit(got)
    assert not {name for name in got.headers if "ratelimit" in name or "retry" in name or name.startswith("llm_")} - {
        "x-litellm-attempted-retries"
    }


def form(boundary: bytes = b"b", file: bytes = b"\x00sound", filename: bytes = b"a.mp3", **fields: str) -> bytes:
    lines = [
        b'--%b\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\n\r\n' % (boundary, filename) + file
    ]
    for name, value in {"model": "chat", **fields}.items():
        head = b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n' % (boundary, name.encode())
        lines.append(head + value.encode())
    return b"\r\n".join(lines) + b"\r\n--%b--\r\n" % boundary


def heard(boundary: str = "b") -> dict[str, str]:
    return {"authorization": f"Bearer {MASTER}", "content-type": f"multipart/form-data; boundary={boundary}"}


TRANSCRIPTIONS = "/v1/audio/transcriptions"
TEXTS = [answer(b'{"text":"%d","usage":{"type":"duration","seconds":3}}' % number) for number in range(9)]


async def test_the_same_sound_is_heard_once(db: Database, tmp_path: Path) -> None:
    provider = Provider(*TEXTS)
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        first = await made.call("POST", TRANSCRIPTIONS, form(language="de", prompt="x"), headers=heard())
        body = form(b"other", filename=b"b.mp3", prompt="x", language="de")
        again = await made.call("POST", TRANSCRIPTIONS, body, headers=heard("other"))
        records = await made.records()
    assert (first.body, is_hit(first)) == (b'{"text":"0","usage":{"type":"duration","seconds":3}}', False)
    assert (again.body, is_hit(again), again.headers["content-type"]) == (first.body, True, "application/json")
    assert [(one["cache_hit"], one["cost"]) for one in records] == [(False, None), (True, 0)]
    assert len(provider.bodies) == 1


@pytest.mark.parametrize(
    "other",
    [{"file": b"\x00other"}, {"language": "en"}, {"temperature": "1"}, {"stream": "true"}, {"model": "chat2"}],
    ids=str,
)
async def test_another_sound_or_another_wish_is_heard_anew(db: Database, tmp_path: Path, other: dict[str, Any]) -> None:
    provider = Provider(*TEXTS)
    async with Upstream(provider) as upstream:
        models = (model(upstream.port), model(upstream.port, "chat2"))
        async with gateway(db, tmp_path, *models, caching=ON) as made:
            for body in (form(language="de"), form(**{"language": "de", **other}), form(language="de")):
                assert (await made.call("POST", TRANSCRIPTIONS, body, headers=heard())).status == 200
    assert len(provider.bodies) == 2


async def test_what_is_no_answer_and_what_is_switched_off_is_not_kept(db: Database, tmp_path: Path) -> None:
    wrong = Provider(answer(b"just text", content_type="text/plain"), answer(b'{"error":{"message":"no"}}'), *TEXTS)
    off = Caching(enabled=True, call_types=frozenset({"completion"}))
    async with Upstream(wrong) as upstream:
        for caching, asks in ((ON, 3), (off, 2)):
            async with gateway(db, tmp_path, model(upstream.port), caching=caching) as made:
                for _ in range(asks):
                    await made.call("POST", TRANSCRIPTIONS, form(), headers=heard())
    assert len(wrong.bodies) == 5


async def test_translations_of_sound_are_not_cached(db: Database, tmp_path: Path) -> None:
    provider = Provider(*TEXTS)
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port), caching=ON) as made:
        for _ in range(2):
            await made.call("POST", "/v1/audio/translations", form(), headers=heard())
    assert len(provider.bodies) == 2
