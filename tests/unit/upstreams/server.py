"""A loopback upstream whose every move a test decides."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType

from gatewright.domain.addresses import AddressPolicy
from gatewright.upstreams.target import Headers, Target, parse_target

OPERATOR = AddressPolicy(operator=True)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Talk:
    """One accepted connection."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The next request, head and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head + await self.reader.readexactly(length)

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client has closed."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        self.writer.transport.abort()


Script = Callable[[Talk], Awaitable[None]]


class Upstream:
    """Runs `script` for each connection and closes it afterwards. `accepted` counts them."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.accepted = 0
        self.port = 0

    async def __aenter__(self) -> "Upstream":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def target(
        self,
        path: str = "/chat/completions",
        *,
        host: str = "127.0.0.1",
        scheme: str = "http",
        headers: Headers = (),
        policy: AddressPolicy = OPERATOR,
        tls: ssl.SSLContext | None = None,
    ) -> Target:
        base = f"{scheme}://{host}:{self.port}/v1"
        return parse_target(base, path, headers=headers, policy=policy, tls=tls)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.accepted += 1
        try:
            await self._script(Talk(self.accepted, reader, writer))
            writer.close()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()


def answering(*answers: bytes) -> Script:
    """Each request on a connection gets the next of `answers`, then the connection is closed."""

    async def script(talk: Talk) -> None:
        for answer in answers:
            await talk.request()
            await talk.say(answer)

    return script


async def always(talk: Talk) -> None:
    """Every request gets `OK`."""
    while True:
        await talk.request()
        await talk.say(OK)
