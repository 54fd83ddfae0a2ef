"""A client's logout endpoint that listens, and believes nothing unverified (Back-Channel Logout 1.0, 2.6)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwt import JWTClaimsRegistry

from .conftest import Party

EVENT = "http://schemas.openid.net/event/backchannel-logout"
ARRIVES_S = 30


class Notice(NamedTuple):
    """What was posted: to which client, with what headers and form."""

    client_id: str
    content_type: str
    form: list[tuple[str, str]]


class Listener:
    """The logout endpoints of two clients, on loopback."""

    def __init__(self) -> None:
        arrived: Queue[Notice] = Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode(), strict_parsing=True)
                arrived.put(Notice(self.path.strip("/"), self.headers["content-type"], form))
                self.send_response(200)
                self.send_header("cache-control", "no-store")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing on stderr."""

        self._arrived = arrived
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def address(self, client_id: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{client_id}"

    def next(self) -> Notice:
        """The next notice that arrives."""
        return self._arrived.get(timeout=ARRIVES_S)

    @property
    def is_quiet(self) -> bool:
        try:
            self._arrived.get_nowait()
        except Empty:
            return True
        return False

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def listening() -> Iterator[Listener]:
    made = Listener()
    try:
        yield made
    finally:
        made.close()


def verified(party: Party, notice: Notice) -> dict[str, Any]:
    """The claims of a logout token that passed every check of section 2.6."""
    assert notice.client_id == party.client_id
    assert notice.content_type == "application/x-www-form-urlencoded"
    [(name, token)] = notice.form
    assert name == "logout_token"
    decoded = jwt.decode(token, party.keys(), algorithms=["RS256"])
    assert decoded.header["typ"] == "logout+jwt"
    assert decoded.header["kid"] in {key.kid for key in party.keys().keys}
    claims: dict[str, Any] = decoded.claims
    registry = JWTClaimsRegistry(
        leeway=5,
        iss={"essential": True, "value": party.issuer},
        aud={"essential": True, "value": party.client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
        events={"essential": True},
        sub={"essential": True},
        sid={"essential": True},
    )
    registry.validate(claims)
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims
    assert claims["exp"] - claims["iat"] <= 120
    return claims
