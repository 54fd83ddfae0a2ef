"""Cross-site requests that change something are refused.

The API asks for a header that another site's form cannot send; a form carries a token derived from a cookie that
another site cannot read. Both also look at where the browser says that the request came from.
"""

import hashlib
import hmac
import secrets

from starlette.requests import Request

from gatewright.domain.errors import Forbidden
from gatewright.oidc import redirect_uris

HEADER = "x-gatewright-request"
FIELD = "csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def new_cookie() -> str:
    return secrets.token_urlsafe(24)


def form_token(cookie: str) -> str:
    """What the form carries: not the cookie itself, so that a page never shows a cookie's value."""
    return hashlib.sha256(b"form\0" + cookie.encode()).hexdigest()


def check_origin(request: Request, base_url: str) -> None:
    """Raises Forbidden when the browser says that another site sent the request."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    # Browsers send the first to https and loopback only; no script can set either.
    if site is not None:
        ours = site in ("same-origin", "none")
    else:
        ours = origin is None or origin.lower() == redirect_uris.origin(base_url)
    if not ours:
        raise Forbidden("This request came from another site.", code="cross_site_request")


def check_api(request: Request, base_url: str) -> None:
    """For an API call that the session cookie authenticates. Raises Forbidden."""
    if request.method in SAFE:
        return
    check_origin(request, base_url)
    if request.headers.get(HEADER) != "1":
        raise Forbidden(
            "With the session cookie this call needs the header X-Gatewright-Request: 1.", code="csrf_header_missing"
        )


def check_form(request: Request, base_url: str, cookie: str | None, token: str | None) -> None:
    """For a form of ours. Raises Forbidden when the token does not belong to this browser."""
    check_origin(request, base_url)
    if not cookie or not token or not hmac.compare_digest(form_token(cookie).encode(), token.encode()):
        raise Forbidden(
            "This form has expired or was opened in another browser.",
            hint="Go back, load the page again and repeat. Cookies must be allowed.",
            code="form_expired",
        )
