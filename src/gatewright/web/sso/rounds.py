"""Sign-ins that do not hold: what was seen of the browser's cookies, in words, and an end to going round in circles."""

from starlette.responses import Response

from gatewright.domain.errors import GatewrightError
from gatewright.oidc.errors import LoginRefused
from gatewright.sso.refusals import StateInvalid
from gatewright.web.call import Call
from gatewright.web.cookies import LOGIN, ROUNDS, SESSION, Cookies

MOST = 3
WITHIN_S = 60
"""Each sign-in counts for a minute after the one before."""


class Rounds:
    """Counts in a cookie how often a browser signed in. Whoever makes the number up stops nobody but themselves."""

    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies

    def is_loop(self, call: Call) -> bool:
        """Whether this browser signed in so often that one more time will not help."""
        return self._so_far(call) >= MOST

    def count(self, call: Call, response: Response) -> None:
        """Another sign-in worked."""
        self._cookies.write(response, ROUNDS, str(self._so_far(call) + 1), max_age=WITHIN_S)

    def forget(self, response: Response) -> None:
        """The next sign-in is a first one."""
        self._cookies.clear(response, ROUNDS)

    def refusal(self, call: Call) -> LoginRefused:
        """Why the circle was left."""
        before = f"You signed in {MOST} times within minutes"
        if self._cookies.read(call.request, SESSION) is None:
            return LoginRefused(
                "sign_in_loop",
                f"{before}, and each time the browser came back without its session cookie.",
                hint="Allow cookies for this address, and see that no proxy in front takes Set-Cookie away.",
            )
        return LoginRefused(
            "sign_in_loop",
            f"{before}, and each time the session was unknown when the browser came back with it.",
            hint="Replicas must share one database. Gateways that share a host name need a SERVER_ROOT_PATH each.",
        )

    def explained(self, call: Call, error: GatewrightError) -> GatewrightError:
        """The refusal of a callback; one about the binding cookie says what was seen of it."""
        if error.error_code != "state_other_browser" or self._cookies.read(call.request, LOGIN) is not None:
            return error
        if call.request.headers.get("cookie"):
            return error
        return StateInvalid(
            error.error_code,
            "The browser came back from the provider without the cookie that it was given.",
            hint="Sign in again from here: that is enough when you came by plain http or by another name of this "
            "server. Cookies must be allowed for this address.",
        )

    def _so_far(self, call: Call) -> int:
        text = self._cookies.read(call.request, ROUNDS) or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
