"""What makes two requests the same, and whose answers are whose."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.identity import Role
from gatewright.domain.keys import Principal
from gatewright.gateway.cache.keying import key_of, scope_of
from gatewright.upstreams.body import prepare

BASE: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "temperature": 1.0}


def key(body: Any, path: str = "/chat/completions", scope: str = "key:1", **other: Any) -> str:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given_ = {"namespace": "", "tags": (), "forwarded": (), **other}
    return key_of(prepare(raw), path, scope, **given_)


def test_it_is_a_hash_that_tells_nothing() -> None:
    assert len(key(BASE)) == 64
    assert int(key(BASE), 16)


def test_order_and_spaces_do_not_matter() -> None:
    spaced = b'{ "temperature" :1.0,"messages":[ { "role":"user",\n"content":"Hi"} ], "model":"m"}'
    assert key(spaced) == key(BASE)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"messages": [{"role": "user", "content": "Hi "}]},
        {"messages": [{"content": "Hi", "role": "assistant"}]},
        {"temperature": 1},
        {"temperature": 0.5},
        {"stream": True},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"seed": 1},
        {"seed": "1"},
        {"user": "ada"},
        {"x_unknown": None},
    ],
)
def test_whatever_may_change_the_answer_changes_the_key(change: dict[str, Any]) -> None:
    assert key({**BASE, **change}) != key(BASE)


def test_what_changes_no_answer_does_not() -> None:
    for change in ({"metadata": {"a": "b"}}, {"stream": False}, {"prompt_cache_key": "x"}):
        assert key({**BASE, **change}) == key(BASE)


def test_what_is_besides_the_body_counts_too() -> None:
    others = (
        {"path": "/responses"},
        {"scope": "key:2"},
        {"namespace": "a"},
        {"tags": ("a",)},
        {"forwarded": ((b"anthropic-beta", b"x"),)},
    )
    assert len({key(BASE), *(key(BASE, **other) for other in others)}) == 1 + len(others)
    assert key(BASE, tags=("a", "b")) == key(BASE, tags=("b", "a"))
    headers = ((b"anthropic-beta", b"x"), (b"anthropic-version", b"y"))
    assert key(BASE, forwarded=headers) == key(BASE, forwarded=headers[::-1])


PART = st.text(st.sampled_from('ab:,"[]\\\n\x00'), max_size=6)


@given(st.tuples(PART, PART, PART), st.tuples(PART, PART, PART))
def test_no_namespace_reaches_into_another_scope(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    def made(parts: tuple[str, str, str]) -> str:
        return key(BASE, scope=f"team:{parts[0]}", namespace=parts[1], tags=(parts[2],))

    assert (made(one) == made(other)) is (one == other)


@given(st.lists(st.tuples(PART, PART), max_size=4), st.lists(st.tuples(PART, PART), max_size=4))
def test_no_two_bodies_look_the_same(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    first, second = ({**BASE, **{f"x_{name}": value for name, value in pairs}} for pairs in (one, other))
    assert (key(first) == key(second)) is (first == second)


def test_a_body_that_nests_deeply_has_a_key_too() -> None:
    def deep(raw: bytes) -> str:
        asked = prepare(json.dumps(BASE).encode())
        asked = msgspec.structs.replace(asked, members={**asked.members, "x": msgspec.Raw(raw)})
        return key_of(asked, "/chat/completions", "key:1", "", (), ())

    nested = b"[" * 50_000 + b"]" * 50_000
    assert deep(nested) == deep(nested)
    assert deep(nested) != deep(nested.replace(b"[]", b"[1]"))


def caller(**changes: Any) -> Principal:
    given_: dict[str, Any] = {"kind": "key", "role": Role.INTERNAL_USER, "user_id": "", "user_pk": None}
    return Principal(**{**given_, "credential_id": 1, **changes})


def test_a_team_shares_then_a_person_else_a_key_is_alone() -> None:
    assert scope_of(caller(team_id="red", user_pk=7)) == scope_of(caller(team_id="red", credential_id=2))
    assert scope_of(caller(user_pk=7)) == scope_of(caller(user_pk=7, credential_id=2))
    scopes = [
        scope_of(caller(team_id="7")),
        scope_of(caller(team_id="8")),
        scope_of(caller(user_pk=7)),
        scope_of(caller(credential_id=7)),
        scope_of(caller(kind="master", credential_id=0)),
    ]
    assert len(set(scopes)) == len(scopes)
