"""One HTTP call as handlers see it: the request, who calls, where from, and bodies that are bounded and typed."""

from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request

from gatewright.accounts.sessions import Session
from gatewright.domain.errors import BadInput, TooLarge, Unauthenticated
from gatewright.domain.keys import Principal
from gatewright.domain.people import Origin
from gatewright.sso.trusted_header import Assertion, HeaderRefused

T = TypeVar("T")
LARGEST_BODY = 1_000_000
LARGEST_FORM = 64_000
LONGEST_LIMIT = 9
"""Digits: more of them are no number of rows, and take long to read."""


class Call:
    """Given to every handler. `principal` is None on public routes without a credential."""

    __slots__ = ("_principal", "origin", "request", "session_token")

    def __init__(
        self, request: Request, origin: Origin, principal: Principal | None, session_token: str | None
    ) -> None:
        self.request = request
        self.origin = origin
        self.session_token = session_token
        self._principal = principal

    @property
    def principal(self) -> Principal:
        """Who calls. Raises Unauthenticated where the route let nobody in particular through."""
        if self._principal is None:
            raise Unauthenticated()
        return self._principal

    @property
    def caller(self) -> Principal | None:
        """Who calls, None for nobody in particular."""
        return self._principal

    def note(self, session: Session | None) -> None:
        """Keeps the browser session that the request came with: its cookie may have to be renewed with the answer."""
        self.request.state.session = session

    @property
    def session(self) -> Session | None:
        """The browser session that was noted, for whichever part of the request looks."""
        found: Session | None = getattr(self.request.state, "session", None)
        return found

    @property
    def assertion(self) -> Assertion | HeaderRefused | None:
        """Whom an authenticating proxy in front names, or why it is not believed; None when it names nobody."""
        found: Assertion | HeaderRefused | None = getattr(self.request.state, "assertion", None)
        return found

    @property
    def actor(self) -> str:
        """The caller's name for the audit log."""
        return self._principal.user_id or self._principal.kind if self._principal else "anonymous"

    def query(self, name: str) -> str | None:
        """One query parameter, None when it is absent or empty."""
        return self.request.query_params.get(name) or None

    def path(self, name: str) -> str:
        """One path parameter."""
        return str(self.request.path_params[name])

    async def body(self, limit: int = LARGEST_BODY) -> bytes:
        """The raw body. Raises TooLarge over `limit` bytes, before all of it is read."""
        parts, size = [], 0
        try:
            async for chunk in self.request.stream():
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"The body is larger than {limit} bytes.")
                parts.append(chunk)
        except ClientDisconnect as error:
            raise BadInput("The connection closed before the body was complete.") from error
        return b"".join(parts)

    async def json(self, shape: type[T]) -> T:
        """The JSON body as that Struct. Raises BadInput naming the field."""
        raw = await self.body()
        try:
            return msgspec.json.decode(raw or b"{}", type=shape)
        except msgspec.ValidationError as error:
            problem, _, path = str(error).partition(" - at `$.")
            raise BadInput(problem, param=path.rstrip("`") or None, code="field_invalid") from error
        except msgspec.DecodeError as error:
            raise BadInput("The body is not JSON.", code="invalid_json", hint=str(error)) from error

    async def form(self, limit: int = LARGEST_FORM) -> list[tuple[str, str]]:
        """The fields of a URL-encoded form in their order, repeated ones included (RFC 6749 3.1 refuses those)."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise BadInput("The body is not a form.", hint="Send application/x-www-form-urlencoded.")
        raw = await self.body(limit)
        try:
            return parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
        except (ValueError, UnicodeDecodeError) as error:
            raise BadInput("The form cannot be read.") from error

    async def fields(self, limit: int = LARGEST_FORM) -> dict[str, str]:
        """The fields of a form, each at most once. Raises BadInput for a repeated one."""
        found: dict[str, str] = {}
        for name, value in await self.form(limit):
            if name in found:
                raise BadInput(f"The field {name} stands there twice.", param=name)
            found[name] = value
        return found


def page_of(call: Call, default: int = 50, most: int = 200) -> tuple[int, str | None]:
    """`limit` and `cursor` of a list. Raises BadInput for a limit that is no number from 1 to `most`."""
    text = call.query("limit")
    if text is None:
        return default, call.query("cursor")
    if not text.isdecimal() or len(text) > LONGEST_LIMIT or not 1 <= int(text) <= most:
        raise BadInput(f"limit is not a number from 1 to {most}.", param="limit")
    return int(text), call.query("cursor")


def listing(items: list[Any], next_cursor: str | None) -> dict[str, Any]:
    """The answer of a list."""
    return {"items": items, "next_cursor": next_cursor}
