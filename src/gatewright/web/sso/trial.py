"""The test sign-in: it starts as a sign-in does, and ends at a page that says what it would have come to."""

import json

from starlette.responses import RedirectResponse, Response

from gatewright.domain.clock import SECOND
from gatewright.sso.doctor.trial import Trial
from gatewright.sso.relying_party import LIFE
from gatewright.sso.sign_in import SignIn
from gatewright.web.call import Call
from gatewright.web.cookies import LOGIN, Cookies
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

WORDS = {"ok": "good", "warning": "take a look", "problem": "a problem", "skipped": "not looked at"}


class TrialPages:
    """For administrators' browsers."""

    def __init__(self, sign_in: SignIn, cookies: Cookies, pages: Pages) -> None:
        self._sign_in = sign_in
        self._cookies = cookies
        self._pages = pages

    def routes(self) -> list[Route]:
        return [Route("/sso/test", ("GET",), self.start, Access.ADMIN, Dialect.PAGE)]

    async def start(self, call: Call) -> Response:
        """Sends the browser to the provider; `provider` may be one that is not enabled yet."""
        begun = await self._sign_in.try_out(
            call.query("provider"), browser=self._cookies.read(call.request, LOGIN), origin=call.origin
        )
        response = RedirectResponse(begun.url, 303, headers={"cache-control": "no-store"})
        self._cookies.write(response, LOGIN, begun.browser, max_age=LIFE // SECOND)
        return response


def trial_page(pages: Pages, call: Call, trial: Trial) -> Response:
    """What the trial came to."""
    claims = json.dumps(trial.claims, indent=2, ensure_ascii=False, sort_keys=True) if trial.claims else ""
    # A half of a pair of surrogates stands in JSON and in no page.
    readable = claims.encode(errors="replace").decode()
    return pages.page(call, "sso/trial.html", trial=trial, claims=readable, words=WORDS)
