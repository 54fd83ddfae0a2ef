"""What of an answer is kept on its way to the client."""

from typing import Any

import pytest

from gatewright.gateway.cache.entry import Entry
from gatewright.gateway.cache.recorder import Recorder
from gatewright.gateway.exchange import ClientGone, Facts, WireHeaders

FACTS = Facts(deployment=None)
JSON: WireHeaders = [(b"server", b"x"), (b"content-type", b"application/json")]
EVENTS: WireHeaders = [(b"content-type", b"text/event-stream")]


class Client:
    """Notes what it is sent; after `patience` pieces it hangs up."""

    def __init__(self, patience: int = 99) -> None:
        self.got: list[Any] = []
        self.patience = patience

    def _take(self, *what: Any) -> None:
        if len(self.got) >= self.patience:
            raise ClientGone
        self.got.append(what)

    async def reply(self, status: int, headers: WireHeaders, body: bytes, facts: Facts) -> None:
        self._take("reply", status, headers, body, facts)

    async def begin(self, status: int, headers: WireHeaders, facts: Facts) -> None:
        self._take("begin", status, headers, facts)

    async def send(self, data: bytes) -> None:
        self._take("send", data)

    async def end(self) -> None:
        self._take("end")


async def streamed(recorder: Recorder, *parts: bytes, status: int = 200, headers: WireHeaders = EVENTS) -> None:
    await recorder.begin(status, headers, FACTS)
    for part in parts:
        await recorder.send(part)
    await recorder.end()


async def test_everything_reaches_the_client_as_it_is() -> None:
    client = Client()
    await streamed(Recorder(client, 3), b"12", b"34")
    assert client.got == [("begin", 200, EVENTS, FACTS), ("send", b"12"), ("send", b"34"), ("end",)]
    other = Client()
    await Recorder(other, 3).reply(500, JSON, b"no", FACTS)
    assert other.got == [("reply", 500, JSON, b"no", FACTS)]


async def test_what_is_kept() -> None:
    whole, stream = Recorder(Client(), 100), Recorder(Client(), 4)
    await whole.reply(200, JSON, b'{"a":1}', FACTS)
    assert whole.entry(7) == Entry(7, "application/json", False, b'{"a":1}')
    await streamed(stream, b"12", b"34")
    assert stream.entry(7) == Entry(7, "text/event-stream", True, b"1234")


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (201, JSON, b"{}"),
        (400, JSON, b"{}"),
        (200, [], b"{}"),
        (200, [(b"content-type", b"a\r\nb: c")], b"{}"),
        (200, JSON, b"[1]"),
        (200, JSON, b"no JSON"),
        (200, JSON, b"[" * 50_000),
        (200, JSON, b'{"error":{}}'),
        (200, JSON, b'{"status":"queued"}'),
        (200, JSON, b'{"x":"' + b"1" * 100 + b'"}'),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_whole_answers_that_are_not_kept(status: int, headers: WireHeaders, body: bytes) -> None:
    recorder = Recorder(Client(), 100)
    await recorder.reply(status, headers, body, FACTS)
    assert recorder.entry(7) is None


async def test_streams_that_are_not_kept() -> None:
    other, file, large = Recorder(Client(), 9), Recorder(Client(), 9), Recorder(Client(), 9)
    await streamed(other, b"1", status=206)
    await streamed(file, b"1", headers=[(b"content-type", b"audio/mpeg")])
    await streamed(large, b"12345", b"67890", b"")
    assert [one.entry(7) for one in (other, file, large)] == [None, None, None]


@pytest.mark.parametrize("patience", range(4))
async def test_what_the_client_did_not_get_whole_is_not_kept(patience: int) -> None:
    recorder = Recorder(Client(patience), 99)
    with pytest.raises(ClientGone):
        await streamed(recorder, b"12", b"34")
    assert recorder.entry(7) is None


async def test_an_answer_that_was_never_given_is_not_kept() -> None:
    assert Recorder(Client(), 9).entry(7) is None
