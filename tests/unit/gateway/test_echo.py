"""The built-in model's answers; the whole path is tested with the model API."""

import json

import pytest

from gatewright.gateway.echo import LONGEST_ECHO, Echo, last_question
from gatewright.upstreams.body import prepare

ECHO = Echo(lambda: 1_790_000_000_000)


@pytest.mark.parametrize(
    ("messages", "question"),
    [
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "a"),
        ([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], "b"),
        ([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}, {"text": "b"}]}], "a b"),
        ([{"role": "system", "content": "a"}], ""),
        ([{"role": "user", "content": 5}], ""),
        ([{"role": "user"}, 7], ""),
        ([], ""),
        ("text", ""),
        ({"role": "user"}, ""),
    ],
    ids=str,
)
def test_the_last_question_is_found_in_whatever_was_sent(messages: object, question: str) -> None:
    assert last_question(json.dumps(messages).encode()) == question


@pytest.mark.parametrize("bad", [b"[" * 100_000, b"", b"{"], ids=["deep", "empty", "half"])
def test_what_cannot_be_read_has_no_question(bad: bytes) -> None:
    assert last_question(bad) == ""


async def test_an_answer_says_what_it_is_and_repeats_only_so_much() -> None:
    asked = prepare(json.dumps({"model": "echo", "messages": [{"role": "user", "content": "x" * 9000}]}).encode())
    answer = ECHO.answer(asked, "req-1")
    body = json.loads(await answer.read())
    text = body["choices"][0]["message"]["content"]
    assert text.startswith("This is Gatewright's built-in demonstration model")
    assert "x" * LONGEST_ECHO + "..." in text
    assert "x" * (LONGEST_ECHO + 1) not in text
    assert (body["id"], body["model"], body["created"]) == ("chatcmpl-req-1", "echo", 1_790_000_000)
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
    answer.abort()
