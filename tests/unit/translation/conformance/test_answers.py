"""Answers and streams through every half and every pairing."""

import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.translation.conformance.cases import ANSWERS, collected, meaning, streamed
from tests.unit.translation.conformance.seats import CLIENTS, PROVIDERS, ClientSeat, ProviderSeat

from gatewright.translation import events as ev
from gatewright.translation.halves import EventReader
from gatewright.translation.model import Answer, Finish, Heading, Refusal, Request, Text
from gatewright.translation.registry import client_half, provider_half

HEADING = Heading("req-1", "public/name", 1763770001, Request(messages=(), stream=True, include_usage=True))

clients = pytest.mark.parametrize("client", CLIENTS, ids=lambda seat: seat.dialect.value)
providers = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda seat: seat.dialect.value)
specimens = pytest.mark.parametrize(
    ("provider", "name"),
    [
        pytest.param(seat, name, id=f"{seat.dialect.value}-{name}")
        for seat in PROVIDERS
        for name in ANSWERS
        if name in seat.answers
    ],
)


def read_all(reader: EventReader, pieces: list[bytes]) -> list[ev.Event]:
    return [*(event for piece in pieces for event in reader.feed(piece)), *reader.finish()]


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    bounds = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def is_terminal(event: ev.Event) -> bool:
    return isinstance(event, ev.Finished | ev.Failed)


def joined(events: list[ev.Event]) -> list[ev.Event]:
    """Deltas of one kind as one: where a stream is cut must not change anything else."""
    found: list[ev.Event] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, ev.TextDelta) and isinstance(last, ev.TextDelta):
            found[-1] = ev.TextDelta(last.text + event.text)
        elif isinstance(event, ev.ReasoningDelta) and isinstance(last, ev.ReasoningDelta):
            found[-1] = ev.ReasoningDelta(last.text + event.text)
        elif isinstance(event, ev.ToolArguments) and isinstance(last, ev.ToolArguments) and event.index == last.index:
            found[-1] = ev.ToolArguments(event.index, last.text + event.text)
        else:
            found.append(event)
    return found


@specimens
def test_a_whole_answer_is_read(provider: ProviderSeat, name: str) -> None:
    found = provider_half(provider.dialect).read(provider.answers[name])
    assert meaning(found, provider.blind) == meaning(ANSWERS[name], provider.blind)
    assert found.id or "id" in provider.blind
    assert found.model or "model" in provider.blind


@specimens
def test_a_stream_says_the_same_as_the_whole(provider: ProviderSeat, name: str) -> None:
    stream = provider.streams[name]
    events = read_all(provider_half(provider.dialect).reader(), [stream])
    found = collected(events)
    assert meaning(found, provider.blind) == meaning(ANSWERS[name], provider.blind)
    assert [is_terminal(event) for event in events].index(True) == len(events) - 1
    bytewise = [stream[at : at + 1] for at in range(len(stream))]
    assert joined(read_all(provider_half(provider.dialect).reader(), bytewise)) == joined(events)


@specimens
@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=6))
def test_where_a_stream_is_cut_changes_nothing(provider: ProviderSeat, name: str, cuts: list[int]) -> None:
    stream = provider.streams[name]
    half = provider_half(provider.dialect)
    assert joined(read_all(half.reader(), cut(stream, cuts))) == joined(read_all(half.reader(), [stream]))


@specimens
def test_a_stream_that_stops_early_has_failed_once(provider: ProviderSeat, name: str) -> None:
    """Up to the event with the finish reason; what comes after that is usage and the end mark."""
    stream = provider.streams[name]
    for end in range(0, len(stream), 7):
        events = read_all(provider_half(provider.dialect).reader(), [stream[:end]])
        terminal = [event for event in events if is_terminal(event)]
        assert terminal == events[-1:]
        if isinstance(terminal[0], ev.Finished):
            assert meaning(collected(events))["text"] == meaning(ANSWERS[name])["text"]
            break
    assert end > len(stream) // 3


@providers
def test_an_error_in_the_middle_of_a_stream_ends_it(provider: ProviderSeat) -> None:
    half = provider_half(provider.dialect)
    for pieces in ([provider.broken], [provider.broken[at : at + 1] for at in range(len(provider.broken))]):
        events = read_all(half.reader(), [*pieces, provider.streams["text"]])
        assert isinstance(events[-1], ev.Failed)
        assert events[-1].message == "Overloaded."
        assert [is_terminal(event) for event in events].count(True) == 1


@providers
def test_an_error_answer_says_its_message(provider: ProviderSeat) -> None:
    half = provider_half(provider.dialect)
    assert half.error(provider.error).message == "No such model."
    for odd in (b"", b"<html>", b"null", b"[]", b"{}", b'{"error":null}', b"\xff\xfe", b"[" * 100_000):
        assert isinstance(half.error(odd).message, str)
    for odd in (b"", b"<html>", b"null", b"{}", b"\xff\xfe", b"[" * 100_000, provider.error):
        with pytest.raises(ValueError):
            half.read(odd)


@providers
def test_a_line_without_an_end_fails(provider: ProviderSeat) -> None:
    reader = provider_half(provider.dialect).reader()
    events: list[ev.Event] = []
    for _ in range(10 * 16 + 1):
        events += reader.feed(b"x" * 65536)
    assert [type(event) for event in events + reader.finish()] == [ev.Failed]


@specimens
@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_stream_never_raises(provider: ProviderSeat, name: str, data: st.DataObject) -> None:
    stream = provider.streams[name]
    at = data.draw(st.integers(0, len(stream)))
    damage = data.draw(st.binary(max_size=8) | st.sampled_from([b"null", b"{}", b"[]", b'""', b"-1", b"1e999"]))
    gone = data.draw(st.integers(0, 12))
    events = read_all(provider_half(provider.dialect).reader(), [stream[:at] + damage + stream[at + gone :]])
    assert [is_terminal(event) for event in events].count(True) == 1
    assert is_terminal(events[-1])


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inside:
        found += paths(member, (*at, key))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = json.loads(json.dumps(value))
    node = copy
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = new
    return copy


ODD: list[Any] = [None, True, -1, 10**30, 1.5, "", "x", "\u0000", [], [None], {}, {"type": "x"}, [[]], [{}], ["x"]]


@specimens
def test_an_answer_with_any_member_of_another_type_is_read_or_refused(provider: ProviderSeat, name: str) -> None:
    whole = json.loads(provider.answers[name])
    for path in paths(whole):
        for odd in ODD:
            body = json.dumps(changed(whole, path, odd)).encode()
            try:
                found = provider_half(provider.dialect).read(body)
            except ValueError:
                continue
            usage = found.usage
            if usage is not None:
                counts = msgspec.structs.asdict(usage)
                assert all(0 <= count <= 2**40 for count in counts.values())
                assert usage.cached + usage.cache_write + usage.cache_write_1h <= usage.prompt


def through(client: ClientSeat, answer: Answer) -> tuple[Answer, Answer]:
    """Written for a client whole and streamed, judged, and read again."""
    half, other = client_half(client.dialect), provider_half(client.dialect)
    whole = half.write(answer, HEADING)
    client.judge_answer(whole)
    writer = half.writer(HEADING)
    stream = b"".join([*(writer.write([event]) for event in streamed(answer)), writer.finish()])
    client.judge_stream(stream)
    at_once = half.writer(HEADING)
    assert at_once.write(streamed(answer)) + at_once.finish() == stream
    return other.read(whole), collected(read_all(other.reader(), [stream]))


@clients
@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_written_for_a_client_says_the_same(client: ClientSeat, name: str) -> None:
    answer = ANSWERS[name]
    for found in through(client, answer):
        assert meaning(found, client.blind) == meaning(answer, client.blind)
        assert found.model == "public/name"


@clients
@specimens
def test_what_a_provider_says_reaches_every_client(client: ClientSeat, provider: ProviderSeat, name: str) -> None:
    blind = {*client.blind, *provider.blind}
    source = provider_half(provider.dialect)
    expected = meaning(ANSWERS[name], blind)
    for answer in (source.read(provider.answers[name]), collected(read_all(source.reader(), [provider.streams[name]]))):
        for found in through(client, answer):
            assert meaning(found, blind) == expected


@clients
@pytest.mark.parametrize("finish", Finish)
def test_every_reason_to_stop_can_be_said(client: ClientSeat, finish: Finish) -> None:
    for part in (Text(text="So"), Refusal(text="No.")):
        whole, stream = through(client, Answer(parts=(part,), finish=finish, usage=ANSWERS["text"].usage))
        assert whole.finish is stream.finish


@clients
def test_an_empty_answer_can_be_said(client: ClientSeat) -> None:
    for found in through(client, Answer(parts=(), finish=Finish.STOP, usage=ANSWERS["text"].usage)):
        assert meaning(found)["text"] == ""
