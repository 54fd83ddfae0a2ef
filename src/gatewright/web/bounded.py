"""uvicorn's protocol, with a bound on what a client may send before anybody knows who it is."""

from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

LONGEST_HEAD = 64 * 1024
"""Bytes of a request's head, of its trailers, or of what stands between two chunks of its body. The reads in which it
begins and ends, 256 KB each, are not counted."""

TOO_LONG = STATUS_LINE[431] + b"content-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """The parser itself keeps a head of any length."""

    _barren = 0
    """Bytes since the request began, or since the last byte of its body."""

    def data_received(self, data: bytes) -> None:
        self._barren += len(data)
        super().data_received(data)
        if self._barren > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        self._barren = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        self._barren = 0
        super().on_body(body)

    def _refuse(self) -> None:
        before = cast("RequestResponseCycle | None", self.cycle)
        if before is None or before.response_complete:
            self.transport.write(TOO_LONG)
        self.transport.close()
