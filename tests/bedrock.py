"""What Amazon Bedrock sends over the wire: event-stream frames, events and errors."""

import json
import struct
from typing import Any
from zlib import crc32


def header(name: str, value: str) -> bytes:
    """One header of a frame whose value is a string."""
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + b"\x07" + struct.pack(">H", len(text)) + text


def headers(values: dict[str, str]) -> bytes:
    return b"".join(header(name, value) for name, value in values.items())


def prelude(total: int, length: int) -> bytes:
    """How a frame of `total` bytes with `length` bytes of headers begins."""
    head = struct.pack(">II", total, length)
    return head + struct.pack(">I", crc32(head))


def frame(payload: bytes, raw_headers: bytes = b"") -> bytes:
    body = prelude(16 + len(raw_headers) + len(payload), len(raw_headers)) + raw_headers + payload
    return body + struct.pack(">I", crc32(body))


def event(kind: str, body: Any) -> bytes:
    """One event of a stream, as ConverseStream sends it."""
    names = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(json.dumps(body).encode(), headers(names))


def exception(kind: str, message: str) -> bytes:
    """The exception that ends a stream."""
    names = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(json.dumps({"message": message}).encode(), headers(names))


def failure(code: str, message: str) -> bytes:
    """An error outside the service's model, which ends a stream too."""
    return frame(b"", headers({":message-type": "error", ":error-code": code, ":error-message": message}))
