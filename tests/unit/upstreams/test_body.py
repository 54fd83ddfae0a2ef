import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.errors import BadInput
from gatewright.domain.money import Usage
from gatewright.gateway.wishes import MEMBERS
from gatewright.translation.openai_chat.usage import usage_of
from gatewright.upstreams.body import COPY_BELOW, JUDGED, PLAIN, prepare, rewrite
from gatewright.upstreams.choosing import CHOOSERS, LISTS
from gatewright.upstreams.providers.azure import REFUSED

BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"temperature":1.0}'


def test_what_the_gateway_needs_is_read() -> None:
    found = prepare(
        b'{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true},'
        b'"max_tokens":5,"max_completion_tokens":7,"user":"u","n":2}'
    )
    assert (found.model, found.stream, found.include_usage) == ("m", True, True)
    assert (found.max_output, found.n) == (7, 2)


def test_a_plain_request_has_no_member_that_anybody_looks_for() -> None:
    assert prepare(BODY).plain
    for name in (*MEMBERS, *CHOOSERS, *LISTS, *REFUSED, "metadata"):
        assert name not in PLAIN
        assert not prepare(b'{"model":"m","messages":[],"%b":null}' % name.encode()).plain


def test_what_is_absent_has_its_default() -> None:
    found = prepare(BODY)
    assert (found.stream, found.include_usage, found.n) == (False, False, 1)
    assert found.max_output is None


@pytest.mark.parametrize("value", [b"-5", b"0", b'"5"', b"1.5", b"null", b"[]"])
def test_a_count_that_is_none_is_left_to_the_provider(value: bytes) -> None:
    body = b'{"model":"m","messages":[],"max_tokens":%b,"n":%b,"user":%b}' % (value, value, b"7")
    found = prepare(body)
    assert (found.max_output, found.n) == (None, 1)
    assert rewrite(found, "m", add_usage=True) is body


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (b"", None, "invalid_json"),
        (b"{", None, "invalid_json"),
        (b"model=x", None, "invalid_json"),
        (b'{"model":NaN}', None, "invalid_json"),
        (b'{"\xff":1}', None, "invalid_json"),
        (b'{"model":' + b"[" * 100_000, None, "invalid_json"),
        (b"[]", None, "invalid_request"),
        (b'"text"', None, "invalid_request"),
        (b'{"messages":[]}', "model", "invalid_request"),
        (b'{"model":7,"messages":[]}', "model", "invalid_request"),
        (b'{"model":null,"messages":[]}', "model", "invalid_request"),
        (b'{"model":"","messages":[]}', "model", "invalid_request"),
        (b'{"model":"m"}', "messages", "invalid_request"),
        (b'{"model":"m","messages":[],"stream":"yes"}', "stream", "invalid_request"),
        (b'{"model":"m","messages":[],"stream":1}', "stream", "invalid_request"),
        (b'{"model":"m","messages":[],"stream":true,"stream_options":3}', "stream_options", "invalid_request"),
    ],
)
def test_a_wrong_request_names_its_field(body: bytes, param: str | None, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        prepare(body)
    assert (caught.value.param, caught.value.error_code) == (param, code)


def test_other_endpoints_have_other_content() -> None:
    assert prepare(b'{"model":"e","input":"x"}', content="input").model == "e"
    with pytest.raises(BadInput) as caught:
        prepare(BODY, content="input")
    assert caught.value.param == "input"


def test_only_the_model_is_replaced() -> None:
    assert rewrite(prepare(BODY), "upstream/ä", add_usage=True) == (
        '{"model":"upstream/ä","messages":[{"role":"user","content":"hi"}],"temperature":1.0}'.encode()
    )


def test_nothing_to_change_gives_the_same_bytes() -> None:
    loose = b' {"model" : "gpt-4o" ,\n "messages" : [ ] , "stream": false } \n'
    for body in (BODY, loose):
        assert rewrite(prepare(body), "gpt-4o", add_usage=True) is body


@pytest.mark.parametrize("size", [COPY_BELOW - 100, COPY_BELOW * 3])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " :  ")])
def test_a_long_body_is_judged_as_a_short_one(size: int, separators: tuple[str, str]) -> None:
    body = json.dumps({"model": "m", "messages": ["x" * size], "n": 1}, separators=separators).encode()
    assert rewrite(prepare(body), "m", add_usage=True) is body
    twice = body[:-1] + b',"n":2}'
    out = rewrite(prepare(twice), "m", add_usage=True)
    assert json.loads(out, object_pairs_hook=list) == [("model", "m"), ("messages", ["x" * size]), ("n", 2)]


def test_a_rewrite_leaves_the_prepared_request_for_the_next_attempt() -> None:
    found = prepare(BODY)
    first = rewrite(found, "a", add_usage=True)
    assert rewrite(found, "b", add_usage=True) == first.replace(b'"a"', b'"b"')
    assert rewrite(found, "gpt-4o", add_usage=True) is BODY


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"", b'"stream_options":{"include_usage":true}'),
        (b',"stream_options":null', b'"stream_options":{"include_usage":true}'),
        (b',"stream_options":{}', b'"stream_options":{"include_usage":true}'),
        (b',"stream_options":{"include_usage":false}', b'"stream_options":{"include_usage":true}'),
        (b',"stream_options":{"x":1.0}', b'"stream_options":{"x":1.0,"include_usage":true}'),
    ],
)
def test_a_stream_is_made_to_report_its_usage(options: bytes, expected: bytes) -> None:
    body = b'{"model":"m","messages":[],"stream":true%b}' % options
    found = prepare(body)
    assert not found.include_usage
    assert rewrite(found, "m", add_usage=True) == b'{"model":"m","messages":[],"stream":true,%b}' % expected
    assert rewrite(found, "m", add_usage=False) is body


def test_a_stream_that_asked_is_left_alone() -> None:
    body = b'{"model":"m","messages":[],"stream":true,"stream_options": {"include_usage" : true}}'
    assert rewrite(prepare(body), "m", add_usage=True) is body


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","messages":[],"model":"b"}',
        b'{"model":"b","messages":[1],"messages":[]}',
        b'{"model":"b", "messages":[],"messages" :[]}',
        b'{"model":"a","messages":[],"mod\\u0065l":"b"}',
    ],
)
def test_a_member_given_twice_reaches_the_provider_once(body: bytes) -> None:
    found = prepare(body)
    assert found.model == "b"
    assert rewrite(found, "b", add_usage=False) == b'{"model":"b","messages":[]}'


@pytest.mark.parametrize(
    ("extra", "param"),
    [
        ('"Model":"b"', "model"),
        ('"MODEL":"b"', "model"),
        ('"\\u017ftream":true', "stream"),
        ('"Stream_Options":{"include_usage":false}', "stream_options"),
        ('"stream":true,"stream_options":{"include_usage":true,"Include_Usage":false}', "include_usage"),
    ],
)
def test_a_name_that_a_provider_may_read_as_one_that_we_judged_is_refused(extra: str, param: str) -> None:
    with pytest.raises(BadInput) as refused:
        prepare(f'{{"model":"a","messages":[],{extra}}}'.encode())
    assert refused.value.param == param


def test_names_of_others_may_be_spelled_as_they_are() -> None:
    assert prepare(b'{"model":"a","messages":[],"Top_K":1,"safetySettings":[]}').model == "a"


NUMBERS = ["1.0", "1e400", "-0", "-0.0", "9223372036854775808", "18446744073709551616", "1E5", "0.1000"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_keeps_its_text(number: str) -> None:
    body = f'{{"model":"a","messages":[],"x":{number},"y":{{"z":[{number}]}}}}'.encode()
    assert rewrite(prepare(body), "b", add_usage=True) == body.replace(b'"a"', b'"b"')


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KNOWN = {"model", "messages", "stream", "stream_options"}


@given(
    # A name that differs from a judged one by case alone is refused; that has a test of its own.
    extra=st.dictionaries(
        st.text().filter(lambda key: key not in KNOWN and key.casefold() not in JUDGED), VALUES, max_size=5
    ),
    stream=st.booleans(),
    loose=st.booleans(),
    ascii_only=st.booleans(),
    renamed=st.booleans(),
)
def test_unknown_members_survive(
    extra: dict[str, Any], stream: bool, loose: bool, ascii_only: bool, renamed: bool
) -> None:
    request = {"model": "a", "messages": [extra], **extra, "stream": stream}
    body = json.dumps(request, ensure_ascii=ascii_only, separators=None if loose else (",", ":")).encode()
    target = "b" if renamed else "a"
    out = rewrite(prepare(body), target, add_usage=True)
    expected = {**request, "model": target}
    if stream:
        expected["stream_options"] = {"include_usage": True}
    assert json.loads(out) == json.loads(json.dumps(expected))
    if not renamed and not stream:
        assert out is body


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,model1.e-\\ ', max_size=60).map(str.encode))
def test_no_body_breaks_it(body: bytes) -> None:
    try:
        found = prepare(body, content="model")
    except BadInput:
        return
    assert json.loads(rewrite(found, "other", add_usage=True))["model"] == "other"


@pytest.mark.parametrize(
    ("answer", "usage"),
    [
        (b'{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}', Usage(3, 4)),
        (
            b'{"id":"x","usage":{"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":'
            b'{"cached_tokens":6,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":2}}}',
            Usage(10, 4, cached=6, reasoning=2),
        ),
        (b'{"usage":{"prompt_tokens":5,"total_tokens":5}}', Usage(5, 0)),
        (b'{"usage":{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":9}}}', Usage(5, 0, cached=5)),
        (b'{"usage":{"prompt_tokens":-5,"completion_tokens":-1}}', Usage(0, 0)),
        (
            b'{"usage":{"prompt_tokens":5,"completion_tokens":null,"prompt_tokens_details":null}}',
            Usage(5, 0),
        ),
        (b'{"usage":{}}', None),
        (b'{"usage":null}', None),
        (b'{"usage":{"prompt_tokens":"many"}}', None),
        (b'{"choices":[]}', None),
        (b"<html>", None),
        (b"", None),
        (b'{"x":' + b"[" * 100_000, None),
    ],
)
def test_usage_of_an_answer(answer: bytes, usage: Usage | None) -> None:
    assert usage_of(answer) == usage
