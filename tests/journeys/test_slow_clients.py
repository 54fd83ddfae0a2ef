"""The settings against clients that hold connections, on a server as it is started."""

import socket
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from tests.servers import gatewright

from gatewright.app.open_files import most_connections
from gatewright.web.connections import MOST_LINGERING


def test_a_slow_head_is_given_up_and_connections_are_counted(tmp_path: Path) -> None:
    with gatewright(tmp_path, workers=1, GATEWRIGHT_HEAD_TIMEOUT="3", GATEWRIGHT_MAX_CONNECTIONS="2") as server:
        address = ("127.0.0.1", server.port)
        with socket.create_connection(address, 20) as slow, socket.create_connection(address, 20) as slower:
            for sock in (slow, slower):
                sock.sendall(b"GET /health/liveliness HTTP/1.1\r\nhost: ")
            refused = httpx2.get(f"http://127.0.0.1:{server.port}/health/liveliness")
            ends = [sock.makefile("rb").read() for sock in (slow, slower)]
        served = httpx2.get(f"http://127.0.0.1:{server.port}/health/liveliness")

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert [end[:13] for end in ends] == [b"HTTP/1.1 408 "] * 2
    assert served.status_code == 200


def test_more_connections_than_can_be_told_leave_the_server_whole(tmp_path: Path) -> None:
    """A flood: most of it is closed without a word, and what was there before is served on."""
    with gatewright(tmp_path, workers=1, GATEWRIGHT_MAX_CONNECTIONS="5", GATEWRIGHT_HEAD_TIMEOUT="3") as server:
        address = ("127.0.0.1", server.port)
        with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}") as early, ExitStack() as stack:
            assert early.get("/health/liveliness").status_code == 200
            flood = [stack.enter_context(socket.create_connection(address, 20)) for _ in range(MOST_LINGERING + 60)]
            ends = [end_of(sock) for sock in flood]
            assert early.get("/health/liveliness").status_code == 200
        served = httpx2.get(f"http://127.0.0.1:{server.port}/health/liveliness")

    assert served.status_code == 200
    assert ends.count(b"HTTP/1.1 503 ") >= MOST_LINGERING
    assert set(ends) == {b"HTTP/1.1 503 ", b""}


def end_of(sock: socket.socket) -> bytes:
    try:
        return sock.makefile("rb").read()[:13]
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    ("wanted", "files", "most"), [(8192, 65536, 8192), (8192, 1024, 412), (8192, 100, 1), (5, None, 5)]
)
def test_there_are_no_more_connections_than_files_for_them(wanted: int, files: int | None, most: int) -> None:
    assert most_connections(wanted, files) == most
