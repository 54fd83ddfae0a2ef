"""What Google answers, whole: golden pairs, each read by Google's own library too."""

import base64
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translation.gemini.judge import Google, asks, chat, typed, written

from gatewright.domain.money import Usage, WideUsage
from gatewright.translation.dialect import Dialect
from gatewright.translation.gemini.citations import MOST_LOOKED_UP
from gatewright.translation.gemini.progress import BROKEN
from gatewright.translation.gemini.provider import PROVIDER
from gatewright.translation.halves import AnswerBroken, ProviderError
from gatewright.translation.model import (
    Answer,
    Citation,
    Finish,
    Heading,
    Media,
    Message,
    Reasoning,
    Role,
    Text,
    ToolCall,
)
from gatewright.translation.registry import client_half

HEAD = {"responseId": "r-1_=", "modelVersion": "gemini-3-flash"}
SIG = base64.b64encode(b"a signature").decode()
USED = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 40,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 300,
    "toolUsePromptTokenCount": 7,
    "totalTokenCount": 427,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 70}, {"modality": "AUDIO", "tokenCount": 30}],
    "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
    "trafficType": "ON_DEMAND",
}


def body(*parts: dict[str, Any], finish: str | None = "STOP", **candidate: Any) -> dict[str, Any]:
    """A complete answer of one candidate."""
    found: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **candidate}
    if finish is not None:
        found["finishReason"] = finish
    return {**HEAD, "candidates": [found]}


def read(answer: dict[str, Any]) -> Answer:
    return PROVIDER.read(msgspec.json.encode(answer))


GOLDEN: list[tuple[str, dict[str, Any], Answer]] = [
    (
        "text",
        body({"text": "Hel"}, {"text": "lo"}),
        Answer(parts=(Text(text="Hello"),), finish=Finish.STOP),
    ),
    (
        "thought_with_text_that_is_sealed",
        body({"text": "I wonder.", "thought": True}, {"text": "Hello", "thoughtSignature": SIG}),
        Answer(
            parts=(
                Reasoning(text="I wonder."),
                Text(text="Hello"),
                Reasoning(signature=SIG, origin="gemini"),
            ),
            finish=Finish.STOP,
        ),
    ),
    (
        "thought_that_is_sealed_itself",
        body({"text": "I ", "thought": True}, {"text": "wonder.", "thought": True, "thoughtSignature": SIG}),
        Answer(parts=(Reasoning(text="I wonder.", signature=SIG, origin="gemini"),), finish=Finish.STOP),
    ),
    (
        "parallel_calls",
        body(
            {"functionCall": {"name": "f", "args": {"b": 1.50, "a": ["é"]}}, "thoughtSignature": SIG},
            {"functionCall": {"id": "given", "name": "g"}},
        ),
        Answer(
            parts=(
                ToolCall(id="call_r-1__0", name="f", arguments='{"b":1.5,"a":["é"]}', signature=SIG),
                ToolCall(id="given", name="g", arguments="{}"),
            ),
            finish=Finish.TOOL_CALLS,
        ),
    ),
    (
        "an_image_and_a_file",
        body(
            {"text": "Here:"},
            {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://example.com/v"}},
        ),
        Answer(
            parts=(
                Text(text="Here:"),
                Media(kind="image", media_type="image/png", data="iVBORw0KGgo="),
                Media(kind="video", media_type="video/mp4", url="https://example.com/v"),
            ),
            finish=Finish.STOP,
        ),
    ),
    (
        "the_limit",
        body({"text": "Hel"}, finish="MAX_TOKENS"),
        Answer(parts=(Text(text="Hel"),), finish=Finish.LENGTH),
    ),
    (
        "all_of_it_thought",
        {**HEAD, "candidates": [{"finishReason": "MAX_TOKENS", "index": 0}]},
        Answer(parts=(), finish=Finish.LENGTH),
    ),
    (
        "a_blocked_prompt",
        {**HEAD, "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 9}},
        Answer(parts=(), finish=Finish.CONTENT_FILTER, usage=Usage(prompt=9)),
    ),
    (
        "sources",
        body(
            {"text": "Zürich is big. It is."},
            groundingMetadata={
                "webSearchQueries": ["zürich"],
                "groundingChunks": [
                    {"web": {"uri": "https://a.example", "title": "A"}},
                    {"retrievedContext": {"uri": "gs://b/c", "title": "B"}},
                    {"image": {"imageUri": "https://c.example"}},
                ],
                "groundingSupports": [
                    {
                        "segment": {"endIndex": 15, "text": "Zürich is big."},
                        "groundingChunkIndices": [0, 1, 2, 99],
                        "confidenceScores": [0.9, 0.8, 0.1, 0.1],
                    },
                    {"segment": {"startIndex": 5000, "endIndex": 5001}, "groundingChunkIndices": [0]},
                ],
            },
            citationMetadata={"citationSources": [{"startIndex": 1, "endIndex": 7, "uri": "https://d.example"}]},
        ),
        Answer(
            parts=(
                Text(
                    text="Zürich is big. It is.",
                    citations=(
                        Citation(url="https://a.example", title="A", quote="Zürich is big.", start=0, end=14),
                        Citation(url="gs://b/c", title="B", quote="Zürich is big.", start=0, end=14),
                        Citation(url="https://a.example", title="A"),
                        Citation(url="https://d.example", start=1, end=6),
                    ),
                ),
            ),
            finish=Finish.STOP,
        ),
    ),
    (
        "logprobs",
        body(
            {"text": "Hé"},
            avgLogprobs=-0.2,
            logprobsResult={
                "chosenCandidates": [{"token": "Hé", "tokenId": 7, "logProbability": -0.25}],
                "topCandidates": [{"candidates": [{"token": "Ho", "logProbability": -3}]}],
            },
        ),
        Answer(
            parts=(Text(text="Hé"),),
            finish=Finish.STOP,
            logprobs={
                "content": [
                    {
                        "token": "Hé",
                        "logprob": -0.25,
                        "bytes": [72, 195, 169],
                        "top_logprobs": [{"token": "Ho", "logprob": -3.0, "bytes": [72, 111]}],
                    }
                ]
            },
        ),
    ),
    (
        "what_nobody_here_knows",
        body({"executableCode": {"language": "PYTHON", "code": "1"}}, {"text": "Hi"}, safetyRatings=[]),
        Answer(parts=(Text(text="Hi"),), finish=Finish.STOP),
    ),
]


@pytest.mark.parametrize(("answer", "read_as"), [one[1:] for one in GOLDEN], ids=[one[0] for one in GOLDEN])
def test_an_answer(google: Google, answer: dict[str, Any], read_as: Answer) -> None:
    expected = msgspec.structs.replace(read_as, id=HEAD["responseId"], model=HEAD["modelVersion"])
    found = read(answer)
    assert found == expected
    theirs = google.reads(answer)
    assert (theirs.text or "") == "".join(part.text for part in found.parts if isinstance(part, Text))
    calls = [(call.name, call.args or {}) for call in theirs.function_calls or []]
    ours = [(part.name, msgspec.json.decode(part.arguments)) for part in found.parts if isinstance(part, ToolCall)]
    assert calls == ours


def test_usage_counts_everything_once(google: Google) -> None:
    answer = {**body({"text": "Hi"}), "usageMetadata": USED}
    found = read(answer).usage
    assert found == Usage(prompt=107, completion=320, cached=40, reasoning=300, audio_prompt=30, audio_completion=5)
    theirs = google.reads(answer).usage_metadata
    assert theirs is not None
    assert theirs.total_token_count == found.prompt + found.completion


@pytest.mark.parametrize(
    ("model", "queries", "searches"),
    [("gemini-3-flash", ["a", "b"], 2), ("gemini-2.5-pro", ["a", "b"], 1), ("gemini-3-flash", [], 0)],
)
def test_searches_are_counted_as_they_are_paid(google: Google, model: str, queries: list[str], searches: int) -> None:
    answer = body({"text": "Hi"}, groundingMetadata={"webSearchQueries": queries})
    answer |= {"modelVersion": model, "usageMetadata": {"promptTokenCount": 9}}
    google.reads(answer)
    found = read(answer).usage
    assert found is not None
    assert getattr(found, "searches", 0) == searches
    assert found.prompt == 9


def test_tokens_of_pictures_are_told_apart(google: Google) -> None:
    drawn = {"promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 4}], "promptTokenCount": 9}
    drawn |= {"candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 50}], "candidatesTokenCount": 40}
    answer = {**body({"text": "Hi"}), "usageMetadata": drawn}
    google.reads(answer)
    assert read(answer).usage == WideUsage(9, 40, image_prompt=4, image_completion=40)


def test_a_provider_cannot_give_money_back() -> None:
    counts = {name: -5 for name in USED if name.endswith("Count")}
    details = [{"modality": "AUDIO", "tokenCount": -9}, {"modality": "AUDIO", "tokenCount": 9}]
    answer = {**body(), "usageMetadata": {**counts, "promptTokensDetails": details}}
    assert read(answer).usage == Usage()
    assert read({**body(), "usageMetadata": {"promptTokenCount": 10**30}}).usage is None
    most = {"promptTokenCount": 5, "cachedContentTokenCount": 50}
    assert read({**body(), "usageMetadata": most}).usage == Usage(prompt=5, cached=5)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        *((one, Finish.CONTENT_FILTER) for one in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")),
        *((one, Finish.CONTENT_FILTER) for one in ("IMAGE_SAFETY", "LANGUAGE", "MODEL_ARMOR")),
        ("OTHER", Finish.STOP),
        ("A_REASON_OF_NEXT_YEAR", Finish.STOP),
        ("CONTINUATION", Finish.LENGTH),
    ],
)
def test_why_it_ended(reason: str, finish: Finish) -> None:
    assert read(body({"text": "Hi"}, finish=reason)).finish is finish


@pytest.mark.parametrize("reason", [*sorted(BROKEN), "OTHER", "NO_IMAGE"])
def test_an_answer_that_is_none_says_what_google_says_and_what_it_cost(reason: str) -> None:
    answer = {**body(finish=reason, finishMessage="Malformed: f("), "usageMetadata": {"promptTokenCount": 9}}
    with pytest.raises(AnswerBroken) as caught:
        read(answer)
    assert caught.value.error == ProviderError("Malformed: f(", reason)
    assert caught.value.usage == Usage(prompt=9)
    with pytest.raises(AnswerBroken, match=reason):
        read(body(finish=reason))


def test_an_error_in_a_good_answer_is_one() -> None:
    with pytest.raises(AnswerBroken, match="overloaded"):
        read({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}})


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"candidates":[]}',
        b'{"candidates":[{"content":{"parts":[{"text":1}]},"finishReason":"STOP"}]}',
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":[1]}}]},"finishReason":"STOP"}]}',
        b'{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1e99}}',
        b'{"error":' * 5000,
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":' + b"[" * 200_000,
    ],
)
def test_what_is_no_answer_is_told_apart(answer: bytes) -> None:
    with pytest.raises(ValueError) as caught:
        PROVIDER.read(answer)
    assert not isinstance(caught.value, AnswerBroken)


def test_an_answer_that_stops_without_a_reason_is_broken() -> None:
    with pytest.raises(AnswerBroken, match="before it was complete"):
        read(body({"text": "Hel"}, finish=None))


def test_calls_without_an_id_get_one_that_another_answer_has_not() -> None:
    answer = body({"functionCall": {"name": "f"}})
    first, second = read({**answer, "responseId": ""}).parts[0], read({**answer, "responseId": ""}).parts[0]
    assert isinstance(first, ToolCall)
    assert isinstance(second, ToolCall)
    assert first.id != second.id
    odd = read({**answer, "responseId": "a/b c" * 100}).parts[0]
    assert isinstance(odd, ToolCall)
    assert odd.id == "call_" + ("abc" * 100)[:40] + "_0"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            {"error": {"code": 400, "message": "Bad.", "status": "INVALID_ARGUMENT"}},
            ProviderError("Bad.", "INVALID_ARGUMENT"),
        ),
        ([{"error": {"code": 404, "message": "Gone.", "status": "NOT_FOUND"}}], ProviderError("Gone.", "NOT_FOUND")),
        (
            {
                "error": {
                    "code": 429,
                    "message": "Slow down.",
                    "status": "RESOURCE_EXHAUSTED",
                    "details": [
                        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
                        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.3s"},
                    ],
                }
            },
            ProviderError("Slow down.", "RESOURCE_EXHAUSTED", retry_after=18),
        ),
        (
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid.",
                    "status": "INVALID_ARGUMENT",
                    "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
                }
            },
            ProviderError("API key not valid.", "API_KEY_INVALID"),
        ),
        ({"error": {"message": "m", "details": [{"retryDelay": "-1s"}, {"retryDelay": 5}]}}, ProviderError("m")),
        ([], ProviderError("")),
        ("no", ProviderError("")),
        ({"error": "no"}, ProviderError("")),
    ],
)
def test_an_error(answer: Any, error: ProviderError) -> None:
    assert PROVIDER.error(msgspec.json.encode(answer)) == error


def test_an_error_that_is_no_json_says_nothing() -> None:
    assert PROVIDER.error(b"<html>") == PROVIDER.error(b"[" * 100_000) == ProviderError("")


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    PROVIDER.error(data)
    with pytest.raises(ValueError):
        PROVIDER.read(b"{" + data)


def test_a_conversation_goes_back_with_its_signatures_through_openais_dialect() -> None:
    """The thoughts and calls of an answer, through a client that sends back what it got."""
    answer = read(
        body(
            {"text": "I wonder.", "thought": True},
            {"text": "I look.", "thoughtSignature": SIG},
            {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": SIG},
            {"functionCall": {"name": "f", "args": {"a": 2}}},
        )
    )
    said = msgspec.json.decode(client_half(Dialect.CHAT).write(answer, Heading("id", "m", 1, asks())))
    message = said["choices"][0]["message"]
    results = [{"role": "tool", "tool_call_id": one["id"], "content": "ok"} for one in message["tool_calls"]]
    back, _ = written(chat(messages=[{"role": "user", "content": "Go"}, message, *results]))
    typed(back)
    assert back["contents"][1]["parts"] == [
        {"text": "I look.", "thoughtSignature": SIG},
        {"functionCall": {"id": "call_r-1__0", "name": "f", "args": {"a": 1}}, "thoughtSignature": SIG},
        {"functionCall": {"id": "call_r-1__1", "name": "f", "args": {"a": 2}}},
    ]
    assert [part["functionResponse"]["name"] for part in back["contents"][2]["parts"]] == ["f", "f"]


def test_an_answers_own_parts_are_what_is_sent_back() -> None:
    answer = read(
        body({"text": "Hm.", "thought": True, "thoughtSignature": SIG}, {"text": "Hi", "thoughtSignature": SIG})
    )
    back, _ = written(asks(messages=(Message(Role.ASSISTANT, answer.parts),)))
    assert back["contents"][0]["parts"] == [
        {"text": "Hm.", "thought": True, "thoughtSignature": SIG},
        {"text": "Hi", "thoughtSignature": SIG},
    ]


def test_an_answer_in_a_million_pieces_is_read_in_one_go() -> None:
    """Each of them once copied all before it: a few megabytes held the whole worker up for minutes."""
    pieces = 200_000
    body = (
        b'{"candidates":[{"content":{"parts":['
        + b",".join([b'{"text":"abc"}'] * pieces)
        + b']},"finishReason":"STOP"}]}'
    )
    began = time.process_time()
    answer = PROVIDER.read(body)
    assert answer.parts == (Text(text="abc" * pieces),)
    assert time.process_time() - began < 60 * _reading(body)


def test_places_of_citations_are_looked_up_so_often_and_no_more() -> None:
    support = {"segment": {"startIndex": 0, "endIndex": 1}, "groundingChunkIndices": [0]}
    grounding = {"groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": [support] * (MOST_LOOKED_UP + 5)}
    candidate = {"content": {"parts": [{"text": "abc"}]}, "finishReason": "STOP", "groundingMetadata": grounding}
    (text,) = PROVIDER.read(msgspec.json.encode({"candidates": [candidate]})).parts
    assert isinstance(text, Text)
    assert [one.start for one in text.citations] == [0] * MOST_LOOKED_UP + [None] * 5


def _reading(body: bytes) -> float:
    """Seconds of this machine for the JSON alone."""
    began = time.process_time()
    msgspec.json.decode(body)
    return max(time.process_time() - began, 1e-3)
