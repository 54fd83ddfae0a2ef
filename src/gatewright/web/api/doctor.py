"""`/api/v1/sign-in-providers/{id}/check` and `/explain`: why a sign-in fails, and why somebody has their role."""

from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.domain.errors import BadInput
from gatewright.sso.doctor.checks import Check
from gatewright.sso.doctor.doctor import Doctor
from gatewright.web.api.sign_in_providers import PATH
from gatewright.web.api.wire import answer, clean, read
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

DEEPEST = 20


class ExplainRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Claims as a provider would send them."""

    claims: dict[str, Any]


class DiagnosisAnswer(msgspec.Struct, frozen=True):
    """Every check of one source. `is_good` False: something stands in the way of a sign-in."""

    source: str
    label: str
    redirect_uri: str
    is_good: bool
    checks: tuple[Check, ...]


class DoctorRoutes:
    """Checks make calls to the provider, so they are an administrator's; claims alone may be tried by viewers."""

    def __init__(self, doctor: Doctor) -> None:
        self._doctor = doctor

    def routes(self) -> list[Route]:
        return [
            Route(f"{PATH}/{{id}}/check", ("POST",), self.check, Access.ADMIN, Dialect.PROBLEM),
            Route(f"{PATH}/{{id}}/explain", ("POST",), self.explain, Access.VIEWER, Dialect.PROBLEM),
        ]

    async def check(self, call: Call) -> Response:
        """Signs nobody in. A problem that is found is an answer, not an error."""
        found = await self._doctor.diagnose(clean(call.path("id"), "id"))
        return answer(DiagnosisAnswer(found.source, found.label, found.redirect_uri, found.is_good, found.checks))

    async def explain(self, call: Call) -> Response:
        """Asks nobody and keeps nothing."""
        wanted = await read(call, ExplainRequest)
        if _depth(wanted.claims) > DEEPEST:
            raise BadInput("The claims are nested too deeply.", param="claims")
        return answer(self._doctor.explain(clean(call.path("id"), "id"), wanted.claims))


def _depth(value: Any) -> int:
    waiting, deepest = [(value, 1)], 1
    while waiting and deepest <= DEEPEST:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [(child, depth + 1) for child in inner]
    return deepest
