"""`/api/v1/me/sessions`: where the caller is signed in: browsers, command lines, our own provider; and ending one."""

import msgspec
from starlette.responses import Response

from gatewright.accounts.keys import Keys
from gatewright.accounts.sessions import Sessions
from gatewright.domain.clock import iso, iso_or_none
from gatewright.domain.errors import NotFound
from gatewright.domain.keys import Principal
from gatewright.storage.keys import KeyRow
from gatewright.storage.sessions import SessionRow
from gatewright.web.api.wire import listed, nothing
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route


class SessionAnswer(msgspec.Struct, frozen=True):
    """One sign-in (docs/api.md). `id` is opaque to callers."""

    id: str
    kind: str
    current: bool
    created_at: str
    last_used_at: str | None
    expires_at: str | None
    address: str | None
    user_agent: str | None


class MySessions:
    """A person's living sign-ins: browser sessions, the provider's, and the command line's credentials.

    A session of the provider that a listed browser session came from is not listed beside it, and ends with it: who
    ends a browser's session means that browser, which would sign in again by itself.
    """

    def __init__(self, sessions: Sessions, provider_sessions: Sessions, keys: Keys) -> None:
        self._sessions = sessions
        self._provider_sessions = provider_sessions
        self._keys = keys

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/me/sessions", ("GET",), self.show, Access.PERSON, Dialect.PROBLEM),
            Route("/api/v1/me/sessions/{id}", ("DELETE",), self.end, Access.PERSON, Dialect.PROBLEM),
        ]

    async def show(self, call: Call) -> Response:
        """The living ones, last used first."""
        principal = call.principal
        browsers, providers, logins = await self._own(principal)
        shown = {row.provider_sid for row in browsers}
        items = [
            *(_browser(row, principal) for row in browsers),
            *(_provider(row) for row in providers if row.sid not in shown),
            *(_login(row, principal) for row in logins),
        ]
        items.sort(key=lambda item: item.last_used_at or item.created_at, reverse=True)
        return listed(call, items)

    async def end(self, call: Call) -> Response:
        """204, and the sign-in is over on every worker. Raises NotFound for one that is not a living one of the
        caller's own.
        """
        wanted = call.path("id")
        browsers, providers, logins = await self._own(call.principal)
        for session in browsers:
            if browser_id(session.id) == wanted:
                for row in providers:
                    if row.sid == session.provider_sid:
                        await self._provider_sessions.end_by(row.id, call.actor, call.origin)
                await self._sessions.end_by(session.id, call.actor, call.origin)
                return nothing()
        for row in providers:
            if provider_id(row.id) == wanted:
                await self._provider_sessions.end_by(row.id, call.actor, call.origin)
                return nothing()
        for login in logins:
            if cli_id(login.id) == wanted:
                await self._keys.revoke(login, actor=call.actor, origin=call.origin)
                return nothing()
        raise NotFound("You have no such session.", param="id", code="session_not_found")

    async def _own(self, principal: Principal) -> tuple[list[SessionRow], list[SessionRow], list[KeyRow]]:
        """The one place that says which sign-ins are the caller's."""
        # The route lets in nobody without a user; 0 is no user's id.
        user_pk = principal.user_pk or 0
        browsers, providers = await self._sessions.of_user(user_pk), await self._provider_sessions.of_user(user_pk)
        return browsers, providers, await self._keys.cli_logins(user_pk)


def browser_id(session_id: int) -> str:
    """The opaque id of a browser session."""
    return f"browser-{session_id}"


def provider_id(session_id: int) -> str:
    """The opaque id of a session of our own provider."""
    return f"provider-{session_id}"


def cli_id(key_id: int) -> str:
    """The opaque id of a command-line sign-in."""
    return f"cli-{key_id}"


def _browser(row: SessionRow, principal: Principal) -> SessionAnswer:
    return SessionAnswer(
        id=browser_id(row.id),
        kind="browser",
        current=principal.kind == "session" and principal.credential_id == row.id,
        created_at=iso(row.created_at),
        last_used_at=iso(row.last_used_at),
        expires_at=iso(row.expires_at),
        address=row.address,
        user_agent=row.user_agent,
    )


def _provider(row: SessionRow) -> SessionAnswer:
    return SessionAnswer(
        id=provider_id(row.id),
        kind="provider",
        current=False,
        created_at=iso(row.created_at),
        last_used_at=iso(row.last_used_at),
        expires_at=iso(row.expires_at),
        address=row.address,
        user_agent=row.user_agent,
    )


def _login(row: KeyRow, principal: Principal) -> SessionAnswer:
    return SessionAnswer(
        id=cli_id(row.id),
        kind="cli",
        current=principal.kind == "cli" and principal.credential_id == row.id,
        created_at=iso(row.created_at),
        last_used_at=iso_or_none(row.last_used_at),
        expires_at=iso_or_none(row.expires_at),
        address=row.address,
        user_agent=row.user_agent,
    )
