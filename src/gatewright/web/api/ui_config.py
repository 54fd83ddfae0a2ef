"""`/api/v1/ui`: what a page or a command line must know before anybody is signed in."""

import msgspec
from starlette.responses import Response

from gatewright import __version__
from gatewright.settings.schema import Settings
from gatewright.web.api.wire import answer
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

PRODUCT = "Gatewright"
SIGN_IN = "/sso/key/generate"


class UiAnswer(msgspec.Struct, frozen=True):
    """Whole URLs, under the public base URL. `api_base_url` is where clients reach the API, for code samples."""

    product: str
    version: str
    base_url: str
    sign_in_url: str
    api_base_url: str


class UiConfig:
    """The one public route of the management API."""

    def __init__(self, settings: Settings) -> None:
        base, api = settings.base_url, settings.dashboard.api_base_url
        self._answer = UiAnswer(PRODUCT, __version__, base, base + SIGN_IN, api or base)

    def routes(self) -> list[Route]:
        return [Route("/api/v1/ui", ("GET",), self.show, Access.PUBLIC, Dialect.PROBLEM)]

    async def show(self, _: Call) -> Response:
        return answer(self._answer)
