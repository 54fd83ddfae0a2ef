"""Real servers for journeys: `gatewright serve` as a process of its own, and model providers on loopback."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2

MASTER_KEY = "sk-journey-master-7f3a91c2"
START_S = 30
# For clients that speak plain HTTP: the usual one reads all of the machine's certificates first, which takes 30 ms.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def free_port() -> int:
    """A port that is free now on both loopback addresses."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Gatewright:
    """One running `gatewright serve`."""

    def __init__(self, process: subprocess.Popen[str], port: int, data_dir: Path, lines: list[str]) -> None:
        self.process = process
        self.port = port
        self.data_dir = data_dir
        self.lines = lines
        self.url = f"http://localhost:{port}"

    @property
    def setup_link(self) -> str:
        return self.lines[2].rpartition(" ")[2].strip()

    def client(self, **options: Any) -> httpx2.Client:
        """An HTTP client on the server; redirects are left to the test."""
        return httpx2.Client(base_url=self.url, timeout=30, verify=PLAIN, **options)

    def admin(self) -> httpx2.Client:
        """A client with the master key."""
        return self.client(headers={"Authorization": f"Bearer {MASTER_KEY}"})

    def stop(self) -> str:
        """Ends the server by its process id and answers what it wrote to stderr."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=60)
        return errors or ""


def environment(data_dir: Path, **more: str | None) -> dict[str, str]:
    """The environment of a server: none of this machine's settings, and the given ones."""
    ours = (
        *("GATEWRIGHT_", "LITELLM_", "GENERIC_", "PROXY_", "DATABASE_URL", "AUTO_REDIRECT", "STORE_MODEL"),
        *("AUTHENTIK_", "SMTP_"),
    )
    base = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    given = {"GATEWRIGHT_DATA_DIR": str(data_dir), "LITELLM_MASTER_KEY": MASTER_KEY, **more}
    return {**base, **{name: value for name, value in given.items() if value is not None}}


@contextmanager
def gatewright(
    data_dir: Path, *, workers: int = 2, config: Path | None = None, port: int | None = None, **env: str | None
) -> Iterator[Gatewright]:
    """Starts the server, waits until it is ready, and stops it at the end; its stderr must hold no traceback."""
    port = port or free_port()
    command = [sys.executable, "-m", "gatewright", "serve", "--port", str(port), "--workers", str(workers)]
    if config is not None:
        command += ["--config", str(config)]
    process = subprocess.Popen(
        command, env=environment(data_dir, **env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    server = Gatewright(process, port, data_dir, lines)
    try:
        wait_until_ready(server)
        yield server
    finally:
        errors = server.stop()
    assert "Traceback" not in errors, errors


def wait_until_ready(server: Gatewright) -> None:
    """Waits for /health/readiness to say healthy."""
    deadline = time.monotonic() + START_S
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}", verify=PLAIN) as http:
        while not is_ready(server, http):
            assert time.monotonic() < deadline, "the server did not become ready"
            threading.Event().wait(0.05)


def is_ready(server: Gatewright, http: httpx2.Client) -> bool:
    if server.process.poll() is not None:
        raise AssertionError(f"the server ended: {server.process.communicate()[1]}")
    try:
        return http.get("/health/readiness").status_code == 200
    except httpx2.TransportError:
        return False


class Upstream:
    """A model provider on loopback that records what it was sent and answers as a test says."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        self.hung_up = threading.Event()
        self.hold = threading.Event()
        self.answer: Callable[[Any, dict[str, Any]], None] = plain_or_stream
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                is_form = self.headers.get_content_type() == "multipart/form-data"
                body = {} if is_form else json.loads(raw)
                upstream.paths.append(self.path)
                upstream.bodies.append(raw)
                upstream.requests.append(body)
                upstream.headers.append({k.lower(): v for k, v in self.headers.items()})
                try:
                    upstream.answer(self, body)
                except (BrokenPipeError, ConnectionResetError):
                    upstream.hung_up.set()
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forget(self) -> None:
        """Back to how it started."""
        self.hold.set()
        for seen in (self.requests, self.headers, self.paths, self.bodies):
            seen.clear()
        self.hung_up, self.hold = threading.Event(), threading.Event()
        self.answer = plain_or_stream

    def close(self) -> None:
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()


ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "real-model",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21},
    "x_provider_extra": {"kept": 1.0},
}


def chunk(content: str | None, finish: str | None = None) -> bytes:
    """One event of a stream."""
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "real-model", "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


USAGE_CHUNK = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"real-model","choices":[],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}\n\n'
)


def plain_or_stream(handler: Any, body: dict[str, Any]) -> None:
    """The ordinary answer of a provider."""
    if body.get("stream"):
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        events = [chunk("Hel"), chunk("lo"), chunk(None, "stop")]
        if (body.get("stream_options") or {}).get("include_usage"):
            events.append(USAGE_CHUNK)
        for event in [*events, b"data: [DONE]\n\n"]:
            write_chunk(handler, event)
        write_chunk(handler, b"")
        return
    send_json(handler, 200, ANSWER)


def write_chunk(handler: Any, data: bytes) -> None:
    handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
    handler.wfile.flush()


def send_json(handler: Any, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    raw = json.dumps(body).encode()
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)


def eventually(check: Callable[[], bool], what: str, seconds: float = 10) -> None:
    """Waits for something that another process does in its own time."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"this did not happen in time: {what}"
        threading.Event().wait(0.05)


async def eventually_async(check: Callable[[], bool], what: str, seconds: float = 10) -> None:
    """`eventually` inside an event loop."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"this did not happen in time: {what}"
        await asyncio.sleep(0.02)
