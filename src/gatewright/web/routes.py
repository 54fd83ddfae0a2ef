"""The table of every URL: the rows of each edge, checked and turned into a Starlette application."""

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route as StarletteRoute

from gatewright.web.guard import Guard
from gatewright.web.routing import Route


def application(table: Iterable[Route], guard: Guard) -> Starlette:
    """The application. Raises ValueError for a row that stands there twice."""
    rows: list[StarletteRoute] = []
    seen: set[tuple[str, str]] = set()
    for route in table:
        endpoint = guard.endpoint(route)
        for path in spellings(route):
            for method in route.methods:
                if (method, path) in seen:
                    raise ValueError(f"{method} {path} stands in the route table twice")
                seen.add((method, path))
            rows.append(StarletteRoute(path, endpoint, methods=list(route.methods)))
    app = Starlette(routes=rows, exception_handlers={HTTPException: guard.not_routed})
    # A redirect to the other spelling would lose a POST's body; rows that answer both say so.
    app.router.redirect_slashes = False
    return app


def spellings(route: Route) -> list[str]:
    """The path, and with `slash` the path with the trailing slash added or taken away."""
    if not route.slash:
        return [route.path]
    other = route.path.rstrip("/") if route.path.endswith("/") else f"{route.path}/"
    return [route.path, other]
