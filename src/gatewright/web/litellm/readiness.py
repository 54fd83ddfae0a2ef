"""`/sso/readiness` (contract litellm 1.7). Unlike there, the providers are asked."""

from starlette.responses import JSONResponse, Response

from gatewright.sso.readiness import SsoReadiness
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

HEADERS = {"cache-control": "no-store"}


class ReadinessRoute:
    """For any good credential, as there."""

    def __init__(self, readiness: SsoReadiness) -> None:
        self._readiness = readiness

    def routes(self) -> list[Route]:
        return [Route("/sso/readiness", ("GET",), self.show, Access.CALLER, Dialect.LITELLM)]

    async def show(self, _: Call) -> Response:
        """200, or 503 naming the provider that fails and how."""
        found = await self._readiness.of_all()
        if not found:
            nothing = {"status": "healthy", "sso_configured": False, "message": "No SSO provider configured"}
            return JSONResponse(nothing, headers=HEADERS)
        failing = [one for one in found if one.problem is not None]
        named = failing[0] if failing else found[0]
        body = {
            "status": "unhealthy" if failing else "healthy",
            "sso_configured": True,
            "provider": named.provider,
            "providers": [
                {"provider": one.provider, "status": "unhealthy" if one.problem else "healthy", "message": one.problem}
                for one in found
            ],
        }
        if not failing:
            names = ", ".join(one.label for one in found)
            return JSONResponse({**body, "message": f"People can sign in with {names}."}, headers=HEADERS)
        message = " ".join(f"{one.label}: {one.problem}" for one in failing)
        # A variable that is missing stops the start here, so it is never the cause.
        detail = {**body, "missing_environment_variables": [], "message": message}
        return JSONResponse({"detail": detail}, 503, headers=HEADERS)
