"""The pages before sign-in: Jinja templates, their own strict Content-Security-Policy, no script but a named one."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from gatewright import __version__
from gatewright.domain.errors import GatewrightError, TooManyRequests
from gatewright.oidc import redirect_uris
from gatewright.settings.schema import Settings
from gatewright.web import csrf
from gatewright.web.call import Call
from gatewright.web.cookies import FORM, Cookies
from gatewright.web.root_path import rooted

PAGE_HEADERS = {
    "cache-control": "no-store",
    # Not `no-referrer`: browsers would send `Origin: null` with our own forms, which tells nothing from a foreign one.
    "referrer-policy": "same-origin",
}
TITLES = {400: "This did not work", 401: "Please sign in", 403: "This is not allowed", 404: "There is no such page"}


@cache
def templates() -> Environment:
    """Those of web/pages; each is compiled once a process."""
    return Environment(loader=PackageLoader("gatewright.web", "pages"), autoescape=True, undefined=StrictUndefined)


class Pages:
    """Renders templates of web/pages. Every template extends layout.html and fills `title` and `main`.

    Templates write addresses of ours from the gateway's root (`/ui/`); the root path comes before them here.
    """

    def __init__(self, settings: Settings, cookies: Cookies) -> None:
        self._settings = settings
        self.root_path = settings.root_path
        self._cookies = cookies

    def page(
        self,
        call: Call,
        template: str,
        *,
        status: int = 200,
        form_origins: tuple[str, ...] = (),
        frames: tuple[str, ...] = (),
        script: str | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """The page. `form_origins` are foreign origins that a form of the page may end up at by a redirect.

        `frames` are the addresses that it frames: nothing of another origin may be. `script` is the address of the one
        script that the page may run; without it, it may run none. Templates get both, `csrf`, the token that every form
        must carry in a field of that name, and `version`.
        """
        cookie = self._cookies.read(call.request, FORM)
        fresh = cookie or csrf.new_cookie()
        html = (
            templates()
            .get_template(template)
            .render(csrf=csrf.form_token(fresh), version=__version__, script=script, frames=frames, **context)
        )
        html = rooted(self.root_path, html)
        scripts = None if script is None else self._settings.base_url + script
        headers = {
            **PAGE_HEADERS,
            "cross-origin-opener-policy": opener_policy(form_origins, self._settings.base_url),
            "content-security-policy": policy(form_origins, scripts, frames),
        }
        response = HTMLResponse(html, status, headers=headers)
        if cookie is None:
            self._cookies.write(response, FORM, fresh)
        return response

    def error(self, call: Call, error: GatewrightError) -> HTMLResponse:
        """The error in words, with the reference id that finds it in the audit log."""
        response = self.page(
            call,
            "error.html",
            status=error.status,
            heading=TITLES.get(error.status, "Something went wrong" if error.status >= 500 else "This did not work"),
            message=error.message,
            hint=error.hint,
            code=error.error_code,
            reference=call.origin.reference,
        )
        if isinstance(error, TooManyRequests):
            response.headers["retry-after"] = str(error.retry_after)
        return response

    async def form(self, call: Call) -> dict[str, str]:
        """The fields of one of our forms. Raises Forbidden when it does not come from this browser and site."""
        fields = await call.fields()
        cookie = self._cookies.read(call.request, FORM)
        csrf.check_form(call.request, self._settings.base_url, cookie, fields.pop(csrf.FIELD, None))
        return fields


def opener_policy(form_origins: tuple[str, ...], base_url: str) -> str:
    """The Cross-Origin-Opener-Policy of a page.

    An application may open its sign-in in a popup, whose last page tells `window.opener` the outcome. Any value but
    `unsafe-none`, on any page before that one, would cut the two apart for good. It is given to pages alone that
    belong to a registered application; what protects them is that they have no frame, hear no message, and that
    no page may frame them.
    """
    ours = redirect_uris.origin(base_url)
    return "unsafe-none" if any(one != ours for one in form_origins) else "same-origin"


def policy(form_origins: tuple[str, ...], script: str | None = None, frames: tuple[str, ...] = ()) -> str:
    """The Content-Security-Policy of a page. Chromium applies form-action to redirects that follow a POST too."""
    targets = " ".join(("'self'", *form_origins))
    # Its one script may ask this server for something; nobody else's.
    scripts = "" if script is None else f"script-src {script}; connect-src 'self'; "
    framed = " ".join(sorted({found for one in frames if (found := redirect_uris.origin(one)) is not None}))
    framing = f"frame-src {framed}; " if framed else ""
    return (
        f"default-src 'none'; {scripts}{framing}style-src 'self'; img-src 'self' data:; "
        f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )
