"""Liveness and readiness, as LiteLLM answers them (contract litellm 3.11), truthfully."""

from collections.abc import Callable

import msgspec
from starlette.responses import JSONResponse, Response

from gatewright.storage.database import Database
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route


class Standing(msgspec.Struct, frozen=True):
    """What readiness needs of the running program: is it stopping, and can spend still be recorded.

    `valkey_problem` makes nobody unready: limits are then kept by each worker for itself, and nothing is cached there.
    """

    stopping: bool = False
    spend_problem: str | None = None
    valkey_problem: str | None = None


class Health:
    """Two public routes without any detail that helps an attacker."""

    def __init__(self, db: Database, standing: Callable[[], Standing]) -> None:
        self._db = db
        self._standing = standing

    def routes(self) -> list[Route]:
        return [
            Route("/health/liveliness", ("GET",), self.alive, Access.PUBLIC, Dialect.DETAIL, head=True),
            Route("/health/liveness", ("GET",), self.alive, Access.PUBLIC, Dialect.DETAIL, head=True),
            Route("/health/readiness", ("GET",), self.ready, Access.PUBLIC, Dialect.DETAIL, head=True),
        ]

    async def alive(self, _: Call) -> Response:
        """200 and the JSON text; 503 while shutting down."""
        if self._standing().stopping:
            return JSONResponse({"status": "shutting_down"}, 503)
        return JSONResponse("I'm alive!")

    async def ready(self, _: Call) -> Response:
        """200 when requests can be served and recorded, else 503 and what is wrong."""
        standing = self._standing()
        connected = await self._db.ping()
        body = {"status": "healthy", "db": "connected" if connected else "Not connected"}
        if standing.spend_problem:
            body["spend"] = standing.spend_problem
        if standing.valkey_problem:
            body["valkey"] = standing.valkey_problem
        if standing.stopping or not connected or standing.spend_problem:
            body["status"] = "shutting_down" if standing.stopping else "unhealthy"
            return JSONResponse(body, 503)
        return JSONResponse(body)
