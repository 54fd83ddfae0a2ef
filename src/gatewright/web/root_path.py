"""A gateway below a path (`/llm`): taken off where requests come in, put before every address of ours that goes out.

Between the two nobody knows of it. A proxy may have taken the path off already: what does not begin with it is served
as it is, which the settings make unambiguous.
"""

import re
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.web.edge import Edge
from gatewright.web.model_api.routes import ModelApi, ServeDirect

WELL_KNOWN = "/.well-known/"
# Jinja writes every quote of a value as &#34;, so this is found in our own tags alone.
LOCAL = re.compile(r'( (?:href|src|action|data-question|content)="(?:\d+; ?url=)?)(/(?!/))')


def inside(root_path: str, path: str) -> str:
    """The path below the root path; as it is when it does not begin with that."""
    if path.startswith(WELL_KNOWN):
        # Metadata of an issuer with a path stands before that path (RFC 8414 3.1).
        name, slash, issuer = path.removeprefix(WELL_KNOWN).partition("/")
        below = inside(root_path, slash + issuer) if slash else issuer
        return f"{WELL_KNOWN}{name}{below}"
    if path == root_path:
        return "/"
    return path.removeprefix(root_path) if path.startswith(f"{root_path}/") else path


def outside(root_path: str, url: str) -> str:
    """An address of ours as a browser must ask for it; addresses of others stay, and those that have the path."""
    if not url.startswith("/") or url.startswith("//") or inside(root_path, url) != url:
        return url
    return root_path + url


def rooted(root_path: str, html: str) -> str:
    """A page whose own addresses begin with the root path."""
    return LOCAL.sub(rf"\1{root_path}\2", html) if root_path else html


def redirected(root_path: str, response: Response) -> None:
    """Puts the root path before a redirect within the gateway."""
    location = response.headers.get("location")
    if location is not None and root_path:
        response.headers["location"] = outside(root_path, location)


def below(root_path: str, app: ASGIApp) -> ASGIApp:
    """The application as it is reached below the path; without a path it is itself."""
    if not root_path:
        return app

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app(_stripped(root_path, scope), receive, send)

    return serve


class EdgeBelow(Edge):
    """The edge with both of its doors below a path."""

    def __init__(
        self,
        root_path: str,
        api: ModelApi,
        router: ASGIApp,
        start: Callable[[], Awaitable[None]],
        stop: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(api, router, start, stop)
        self._root_path = root_path
        self._prefix = f"{root_path}/".encode()
        self.direct = self._direct_below
        self._direct = api.direct

    def _direct_below(self, path: bytes) -> ServeDirect | None:
        return self._direct(path[len(self._root_path) :] if path.startswith(self._prefix) else path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(_stripped(self._root_path, scope), receive, send)


def _stripped(root_path: str, scope: Scope) -> Scope:
    return {**scope, "path": inside(root_path, scope["path"])} if scope["type"] == "http" else scope
