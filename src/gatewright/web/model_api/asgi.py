"""The first door: model requests over ASGI."""

from collections.abc import Awaitable, Callable

from gatewright.gateway.exchange import ClientGone
from gatewright.web.model_api.exchange import ModelExchange
from gatewright.web.model_api.hang_up import Message, Receive, UntilHangUp

Scope = Message
Send = Callable[[Message], Awaitable[None]]


class AsgiExchange(ModelExchange):
    """Made for each request by the model API."""

    __slots__ = ("_receive", "_send")

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, request_id: str, address: str | None, limit: int
    ) -> None:
        super().__init__(scope["headers"], request_id, address, limit)
        self._receive = receive
        self._send = send

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge, before reading it where its length is announced, and ClientGone."""
        if self._length > self._limit:
            raise self._too_large()
        message = await self._receive()
        whole: bytes = message.get("body", b"")
        if message.get("more_body"):
            whole = await self._rest(whole)
        elif message["type"] == "http.disconnect":
            raise ClientGone
        if len(whole) > self._limit:
            raise self._too_large()
        return whole

    def until_hang_up(self) -> UntilHangUp:
        """Cancels the block when the client hangs up."""
        return UntilHangUp(self._receive)

    async def _rest(self, first: bytes) -> bytes:
        parts, size, more = [first], len(first), True
        while more and size <= self._limit:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
        return b"".join(parts)

    async def _whole(self, status: int, head: bytes, body: bytes) -> None:
        await self._start(status, head)
        await self._write(body, more=False)

    async def _start(self, status: int, head: bytes) -> None:
        self.begun = True
        headers = [tuple(line.split(b": ", 1)) for line in head.split(b"\r\n")[:-1]]
        try:
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
        except OSError as error:
            raise ClientGone from error

    async def _write(self, data: bytes, *, more: bool) -> None:
        try:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})
        except OSError as error:
            raise ClientGone from error
