"""`/api/v1/overview`: today's figures."""

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import DAY, Clock, iso
from gatewright.domain.keys import Principal
from gatewright.domain.money import Nanos, dollars
from gatewright.gateway.deployments import Deployments
from gatewright.settings.schema import Settings
from gatewright.spend.reports import Overview, Reports
from gatewright.web.api.wire import answer
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

# No user has this id: a key without an owner sees the figures of nobody.
NOBODY = 0


class Tokens(msgspec.Struct, frozen=True):
    prompt: int
    completion: int
    total: int


class Hour(msgspec.Struct, frozen=True):
    """`at` is the hour's beginning; hours without a request are left out."""

    at: str
    requests: int
    spend: str


class ModelUse(msgspec.Struct, frozen=True):
    model: str
    requests: int
    tokens: int
    spend: str | None


class OverviewAnswer(msgspec.Struct, frozen=True):
    """The figures (docs/api.md). Money is decimal text in USD and leaves out `unpriced_requests`."""

    since: str
    requests: int
    errors: int
    tokens: Tokens
    spend: str
    unpriced_requests: int
    first_request_done: bool
    example_model: str | None
    base_url: str
    hours: list[Hour]
    models: list[ModelUse]


class Today:
    """Figures since midnight UTC: the caller's own, everybody's for administrators and viewers."""

    def __init__(self, reports: Reports, deployments: Deployments, settings: Settings, clock: Clock) -> None:
        self._reports = reports
        self._deployments = deployments
        self._base_url = settings.dashboard.api_base_url or settings.base_url
        self._clock = clock

    def routes(self) -> list[Route]:
        return [Route("/api/v1/overview", ("GET",), self.show, Access.CALLER, Dialect.PROBLEM)]

    async def show(self, call: Call) -> Response:
        principal, now = call.principal, self._clock()
        whose = None if principal.sees_everything else principal.user_pk or NOBODY
        found = await self._reports.overview(whose, now - now % DAY)
        return answer(self._answer(found, principal))

    def _answer(self, found: Overview, principal: Principal) -> OverviewAnswer:
        totals = found.totals
        return OverviewAnswer(
            since=iso(found.since),
            requests=totals.requests,
            errors=totals.errors,
            tokens=Tokens(
                totals.prompt_tokens, totals.completion_tokens, totals.prompt_tokens + totals.completion_tokens
            ),
            spend=dollars(totals.spend),
            unpriced_requests=totals.unpriced,
            first_request_done=found.first_request_done,
            example_model=next((one.name for one in self._deployments.visible(principal)), None),
            base_url=self._base_url,
            hours=[Hour(iso(hour.at), hour.requests, dollars(hour.spend)) for hour in found.hours],
            models=[ModelUse(use.model, use.requests, use.tokens, priced(use.spend)) for use in found.models],
        )


def priced(spend: Nanos | None) -> str | None:
    """USD, None where no request had a price: unknown is not nothing."""
    return None if spend is None else dollars(spend)
