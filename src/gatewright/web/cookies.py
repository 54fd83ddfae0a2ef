"""Every cookie: one place that knows the names and the attributes."""

from starlette.requests import Request
from starlette.responses import Response

from gatewright.accounts.sessions import Session
from gatewright.domain.clock import SECOND

SESSION = "gatewright_session"
IDP_SESSION = "gatewright_idp_session"
LOGIN = "gatewright_login"
FORM = "gatewright_form"
SIGNED_OUT = "gatewright_signed_out"
ROUNDS = "gatewright_rounds"
STEP = "gatewright_step"


class Cookies:
    """HttpOnly, SameSite=Lax, Path=/; on https Secure and with the `__Host-` prefix, which no subdomain can forge.

    That prefix allows no other path, so the names tell gateways apart that share a host under different root paths.
    """

    def __init__(self, *, https: bool, root_path: str = "") -> None:
        self._https = https
        self._suffix = root_path.replace("/", "~")

    def name(self, cookie: str) -> str:
        """The name as the browser knows it."""
        return f"__Host-{cookie}{self._suffix}" if self._https else f"{cookie}{self._suffix}"

    def read(self, request: Request, cookie: str) -> str | None:
        """The value, None when it is absent or empty."""
        return request.cookies.get(self.name(cookie)) or None

    def write(self, response: Response, cookie: str, value: str, *, max_age: int | None = None) -> None:
        """Sets a cookie; `max_age` in seconds, None until the browser closes."""
        response.set_cookie(
            self.name(cookie), value, max_age=max_age, path="/", httponly=True, samesite="lax", secure=self._https
        )

    def renew(self, response: Response, session: Session | None) -> None:
        """Hands the browser the id that follows, until the session's absolute end; an answer that ends it stays."""
        if session is None or session.cookie is None:
            return
        if not any(kept.startswith(f"{self.name(SESSION)}=") for kept in response.headers.getlist("set-cookie")):
            self.write(response, SESSION, session.cookie, max_age=session.cookie_life // SECOND)

    def clear(self, response: Response, cookie: str) -> None:
        response.delete_cookie(self.name(cookie), path="/", httponly=True, samesite="lax", secure=self._https)
