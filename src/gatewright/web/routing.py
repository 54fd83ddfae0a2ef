"""What a row of the route table is: a URL, its handler, its access rule and the dialect of its errors."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from gatewright.web.call import Call

Handler = Callable[["Call"], Awaitable[Response]]


class Access(Enum):
    """Who may call a route. There is no default: a route without a rule does not exist."""

    PUBLIC = "anybody"
    CALLER = "any good credential"
    PERSON = "a credential that belongs to a user"
    WRITER = "an administrator or a member; read-only people may not change things"
    VIEWER = "an administrator or a viewer"
    ADMIN = "an administrator or the master key"
    SESSION = "a browser session"


class Dialect(Enum):
    """How a route writes its errors, and with it whether the session cookie counts there."""

    PAGE = "an HTML page"
    PROBLEM = "RFC 9457 problem+json"
    OPENAI = "OpenAI's error object"
    ANTHROPIC = "Anthropic's error object"
    LITELLM = "LiteLLM's error object with the status as text"
    OAUTH = "RFC 6749 error JSON"
    DETAIL = "a JSON object with the member detail, as LiteLLM's sign-in routes answer"
    AUTHENTIK = "Authentik's REST errors: a list of texts for each field, else the member detail"
    SCIM = "SCIM's error message, with the status as text (RFC 7644 3.12)"

    @property
    def takes_cookie(self) -> bool:
        return self in (Dialect.PAGE, Dialect.PROBLEM, Dialect.AUTHENTIK)


BEARER = frozenset({Dialect.PROBLEM, Dialect.OPENAI, Dialect.ANTHROPIC, Dialect.LITELLM})


class Route(msgspec.Struct, frozen=True):
    """One row. `path` in Starlette's syntax. With `slash` the other spelling of the trailing slash answers too.

    HEAD runs the handler of a GET only with `head`: many a GET has effects by its protocol, and whoever looks at a link
    (a mail scanner, a chat's preview) must have none.
    """

    path: str
    methods: tuple[str, ...]
    handler: Handler
    access: Access
    dialect: Dialect
    slash: bool = False
    head: bool = False

    @property
    def takes_bearer(self) -> bool:
        """Whether signed tokens of outside issuers are credentials there: for programs, not where people sign in."""
        return self.dialect in BEARER and not self.path.startswith("/sso/")
