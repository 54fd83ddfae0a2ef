"""A gateway as the command line sees it: a real HTTP server on loopback that speaks contract litellm 2.2 and `/api/v1`.

It records every request, and every answer can be replaced, so a test can make it slow to finish, busy or wrong.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LOGIN_ID = "cli-abcdefghijklmnopqrstuvwxyz012345"
POLL_SECRET = "the-poll-secret-that-only-this-process-knows"
USER_CODE = "ABCD-2345"
KEY = "sk-issued-by-the-fake-gateway"
ME = {
    "user_id": "u-1",
    "username": "jane",
    "email": "jane@example.com",
    "display_name": "Jane Doe",
    "role": "proxy_admin",
    "role_label": "Admin",
    "role_reason": {"rule": "claim", "claim": "litellm_role", "value": "proxy_admin", "warning": None},
    "role_locked": False,
    "kind": "cli",
    "expires_at": None,
    "models": [],
}
MODELS = [
    {"id": "gpt-5", "object": "model", "created": 0, "owned_by": "openai"},
    {"id": "claude-opus", "object": "model", "created": 0, "owned_by": "anthropic"},
]


@dataclass(frozen=True)
class Reply:
    """An answer: `body` is JSON unless it is text."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A request as it arrived. Header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


PENDING = Reply(200, {"status": "pending"})


class Gateway:
    """One server. `polls` are answered in order before the ready answer; `instead` replaces a route's answer."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.polls: list[Reply] = []
        self.instead: dict[tuple[str, str], Reply] = {}
        self.keys = {KEY: dict(ME)}
        self.models = list(MODELS)
        self.teams: list[dict[str, Any]] = []
        self.start: dict[str, Any] = {
            "login_id": LOGIN_ID,
            "poll_secret": POLL_SECRET,
            "user_code": USER_CODE,
            "expires_in": 30,
            "interval": 0.02,
        }
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                gateway._serve(self)

            def do_POST(self) -> None:
                gateway._serve(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Close the port: who calls after this finds nobody."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def calls(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    def _serve(self, http: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(http.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in http.headers.items()}
        http.rfile.read(int(headers.get("content-length", "0")))
        seen = Seen(http.command, parts.path, query, headers)
        self.seen.append(seen)
        reply = self.instead.get((seen.method, seen.path)) or self._answer(seen)
        body = reply.body if isinstance(reply.body, str) else "" if reply.body is None else json.dumps(reply.body)
        http.send_response(reply.status)
        for name, value in reply.headers.items():
            http.send_header(name, value)
        if reply.status != 204:
            http.send_header("content-length", str(len(body.encode())))
        http.end_headers()
        http.wfile.write(body.encode())

    def _answer(self, seen: Seen) -> Reply:
        match seen.method, seen.path:
            case "POST", "/sso/cli/start":
                return Reply(200, self.start)
            case "GET", path if path == f"/sso/cli/poll/{LOGIN_ID}":
                return self._poll(seen)
            case "GET", "/api/v1/ui":
                return Reply(200, {"product": "Gatewright", "version": "9.9.9"})
        key = seen.headers.get("authorization", "").removeprefix("Bearer ")
        if key not in self.keys:
            return refused(seen.path)
        match seen.method, seen.path:
            case "GET", "/api/v1/me":
                return Reply(200, self.keys[key])
            case "POST", "/api/v1/me/logout":
                del self.keys[key]
                return Reply(204)
            case "GET", "/v1/models":
                return Reply(200, {"object": "list", "data": self.models})
        return Reply(404, {"detail": "Not Found"})

    def _poll(self, seen: Seen) -> Reply:
        if seen.headers.get("x-litellm-cli-poll-secret") != POLL_SECRET:
            return Reply(403, {"detail": "Invalid CLI polling secret"})
        if self.polls:
            return self.polls.pop(0)
        ids = [team["team_id"] for team in self.teams]
        shared = {"status": "ready", "user_id": "u-1", "teams": ids, "team_details": self.teams}
        wanted = seen.query.get("team_id")
        if len(ids) > 1 and wanted is None:
            return Reply(200, {**shared, "requires_team_selection": True})
        if wanted is not None and wanted not in ids:
            return Reply(403, {"detail": "Not a member of this team"})
        return Reply(200, {**shared, "key": KEY, "team_id": wanted or next(iter(ids), None)})


def refused(path: str) -> Reply:
    """A 401 as the API of this path says it."""
    text = "The credential is missing, unknown, expired or revoked."
    if path.startswith("/v1/"):
        return Reply(401, {"error": {"message": text, "type": "x", "param": None, "code": "invalid_api_key"}})
    problem = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": text, "request_id": "req-77"}
    return Reply(401, problem, {"content-type": "application/problem+json"})
