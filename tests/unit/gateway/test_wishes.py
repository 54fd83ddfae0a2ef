"""What a request says of its own routing, and what of it reaches the provider."""

import json
from typing import Any

import pytest

from gatewright.domain.errors import BadInput
from gatewright.gateway.wishes import NO_WISHES, Wishes, read_wishes
from gatewright.upstreams.body import Prepared, prepare, rewrite
from gatewright.upstreams.form import read_form

ASK = {"model": "chat", "messages": []}


def read(headers: list[tuple[bytes, bytes]] | None = None, **members: Any) -> tuple[dict[str, Any], Wishes]:
    """What the provider would be sent, and the wishes."""
    asked, wishes = read_wishes(prepare(json.dumps({**ASK, **members}).encode()), headers or [])
    assert isinstance(asked, Prepared)
    return json.loads(rewrite(asked, "gpt-x", add_usage=False)), wishes


def test_an_ordinary_request_is_left_alone() -> None:
    asked = prepare(json.dumps({**ASK, "metadata": {"a": "b"}, "user": "u"}).encode())
    assert read_wishes(asked, []) == (asked, NO_WISHES)
    assert read_wishes(asked, [])[0] is asked


def test_every_member_for_the_gateway_stays_here() -> None:
    sent, wishes = read(
        num_retries=3,
        timeout=2.5,
        stream_timeout=1,
        tags=["a"],
        fallbacks=["other"],
        context_window_fallbacks=[{"chat": ["long"]}],
        content_policy_fallbacks=[{"chat": ["bold"]}],
        disable_fallbacks=True,
        cache={"ttl": 5},
        litellm_metadata={"tags": ["b"], "x": 1},
        litellm_session_id="s",
        litellm_trace_id="t",
        temperature=0.5,
    )
    assert sent == {"model": "gpt-x", "messages": [], "temperature": 0.5}
    assert (wishes.retries, wishes.timeout_s, wishes.stream_timeout_s) == (3, 2.5, 1)
    assert wishes.tags == ("a", "b")
    assert wishes.fallbacks == ("other",)
    assert wishes.context_window_fallbacks == {"chat": ("long",)}
    assert wishes.content_policy_fallbacks == {"chat": ("bold",)}
    assert wishes.no_fallbacks
    assert wishes.cache is not None
    assert bytes(wishes.cache) == b'{"ttl": 5}'
    assert wishes.limits_time


def test_null_says_nothing() -> None:
    sent, wishes = read(num_retries=None, fallbacks=None, tags=None, timeout=None)
    assert (sent, wishes) == ({"model": "gpt-x", "messages": []}, NO_WISHES)


def test_a_header_counts_before_the_body_and_tags_come_together() -> None:
    headers = [
        (b"x-litellm-num-retries", b"0"),
        (b"x-litellm-timeout", b" 90 "),
        (b"x-litellm-stream-timeout", b"9"),
        (b"x-litellm-tags", b"a, b,,c"),
    ]
    _, wishes = read(headers, num_retries=5, timeout=1, metadata={"tags": ["c", "d"]}, tags=["e"])
    assert (wishes.retries, wishes.timeout_s, wishes.stream_timeout_s) == (0, 90, 9)
    assert wishes.tags == ("c", "d", "e", "a", "b")


def test_metadata_of_litellms_loses_its_tags_and_openais_does_not() -> None:
    assert read(metadata={"tags": ["a"], "trace_id": "t"})[0]["metadata"] == {"trace_id": "t"}
    assert "metadata" not in read(metadata={"tags": ["a"]})[0]
    assert read(metadata={"tags": "text"}) == ({**ASK, "model": "gpt-x", "metadata": {"tags": "text"}}, NO_WISHES)
    assert read(metadata=["tags"])[0]["metadata"] == ["tags"]


def test_fallbacks_in_all_their_forms() -> None:
    assert read(fallbacks=[{"model": "a"}, "b"])[1].fallbacks == ("a", "b")
    assert read(fallbacks=[{"chat": ["a", "b"]}, {"*": ["c"]}])[1].fallback_table == {"chat": ("a", "b"), "*": ("c",)}


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"num_retries": -1}, "num_retries"),
        ({"num_retries": 10**6}, "num_retries"),
        ({"num_retries": 1.5}, "num_retries"),
        ({"num_retries": [1]}, "num_retries"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "NaN"}, "timeout"),
        ({"timeout": "inf"}, "timeout"),
        ({"stream_timeout": -3}, "stream_timeout"),
        ({"tags": "a"}, "tags"),
        ({"tags": ["x" * 201]}, "tags"),
        ({"tags": ["x"] * 1 + [str(n) for n in range(60)]}, "tags"),
        ({"fallbacks": "a"}, "fallbacks"),
        ({"fallbacks": [5]}, "fallbacks"),
        ({"fallbacks": [{"model": "a", "api_base": "http://evil"}]}, "fallbacks"),
        ({"fallbacks": [{"model": "a", "messages": [{"role": "user"}]}]}, "fallbacks"),
        ({"fallbacks": [str(n) for n in range(60)]}, "fallbacks"),
        ({"context_window_fallbacks": ["a"]}, "context_window_fallbacks"),
        ({"disable_fallbacks": "yes"}, "disable_fallbacks"),
        ({"litellm_metadata": 5}, "litellm_metadata"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_by_name(members: dict[str, Any], param: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(**members)
    assert refused.value.param == param


@pytest.mark.parametrize("value", [b"x", b"-1", b"1e9", b"\xff"])
def test_headers_too(value: bytes) -> None:
    with pytest.raises(BadInput, match="num_retries"):
        read([(b"x-litellm-num-retries", value)])


def test_a_form_has_its_headers() -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nw\r\n--b\r\n' + (
        b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\n'
    )
    form = read_form(body, b"multipart/form-data; boundary=b", "file")
    assert read_wishes(form, []) == (form, NO_WISHES)
    assert read_wishes(form, [(b"x-litellm-timeout", b"3")])[1].timeout_s == 3
