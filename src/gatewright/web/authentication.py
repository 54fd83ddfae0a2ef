"""Who calls: the credential of a request, and whether the route's access rule lets its holder in."""

from collections.abc import Mapping

from gatewright.accounts.api_tokens import ApiTokens
from gatewright.accounts.keys import KeyRing
from gatewright.accounts.sessions import Session, Sessions
from gatewright.domain.errors import Forbidden, Unauthenticated
from gatewright.domain.identity import Role
from gatewright.domain.keys import Principal
from gatewright.domain.route_groups import allows
from gatewright.idp.tokens.presented import ApiAccess
from gatewright.web.call import Call
from gatewright.web.credential import key_in
from gatewright.web.routing import Access

# In this order (contract litellm 3.1).
KEY_HEADERS = (
    "x-litellm-api-key",
    "authorization",
    "api-key",
    "x-api-key",
    "x-goog-api-key",
    "ocp-apim-subscription-key",
)
WRITERS = (Role.PROXY_ADMIN, Role.INTERNAL_USER)
MACHINES = ("master", "jwt")
"""Kinds of callers that may have a role without being anybody."""


def key_of(headers: Mapping[str, str]) -> str | None:
    """The key that the headers carry, None when there is none."""
    for name in KEY_HEADERS:
        value = headers.get(name)
        if value:
            return key_in(value)
    return None


class Authentication:
    """Answers who calls, by key or by session cookie."""

    def __init__(
        self, ring: KeyRing, sessions: Sessions, tokens: ApiTokens | None = None, access: ApiAccess | None = None
    ) -> None:
        self._ring = ring
        self._sessions = sessions
        self._tokens = tokens
        self._access = access

    async def principal(self, call: Call, *, bearer: bool = False) -> Principal | None:
        """The caller, None without a credential. A key counts before the cookie, so that a page can test a key.

        `bearer`: the signed tokens of outside issuers count too, where they are turned on.
        """
        key = key_of(call.request.headers)
        if key is not None and bearer:
            return await self._ring.caller(key, call.origin.address, call.origin.reference)
        if key is not None:
            return await self._ring.authenticate(key)
        session = await self._sessions.find(call.session_token, call.origin)
        call.note(session)
        return None if session is None else session_principal(session)

    async def directory_principal(self, call: Call) -> Principal | None:
        """The caller of `/api/v3`: an API token's owner or an access token's person, else as everywhere.

        A virtual key is handed to programs that call models: it does not open the directory, whosever it is.
        """
        key = key_of(call.request.headers)
        if key and self._tokens is not None and (owner := await self._tokens.authenticate(key)) is not None:
            return owner
        if key and self._access is not None and (person := await self._access.authenticate(key)) is not None:
            return person
        found = await self.principal(call)
        if found is not None and found.kind == "key":
            raise Forbidden(
                "A virtual key calls models. It does not open the directory.",
                hint="Use an API token (Directory, Tokens), the session, or the master key.",
                code="virtual_key",
            )
        return found

    async def scim_principal(self, call: Call) -> Principal | None:
        """The caller of `/scim/v2`: an API token's owner, or the master key. Never a cookie, nor a key of any kind."""
        key = key_of(call.request.headers)
        if not key:
            return None
        if self._tokens is not None and (owner := await self._tokens.authenticate(key)) is not None:
            return owner
        found = await self._ring.authenticate(key)
        if found.kind != "master":
            raise Forbidden(
                "This key does not open SCIM.",
                hint="Use an administrator's API token (Directory, Tokens), or the master key.",
                code="not_a_scim_credential",
            )
        return found


def session_principal(session: Session) -> Principal:
    """The caller behind a browser session: the user as they are now."""
    return Principal(
        kind="session",
        role=session.user.role,
        user_pk=session.user.id,
        user_id=session.user.user_id,
        credential_id=session.row.id,
        expires_at=session.row.expires_at,
        email=session.user.email,
    )


def check_access(rule: Access, principal: Principal | None) -> None:
    """Raises Unauthenticated or Forbidden unless the rule lets the caller in."""
    if rule is Access.PUBLIC:
        return
    if principal is None:
        raise Unauthenticated(
            "No API key passed in.", hint="Send it as `Authorization: Bearer sk-...`, or sign in on the dashboard."
        )
    allowed = {
        Access.CALLER: True,
        Access.PERSON: principal.user_pk is not None,
        Access.WRITER: principal.role in WRITERS and (principal.user_pk is not None or principal.kind in MACHINES),
        Access.VIEWER: principal.sees_everything,
        Access.ADMIN: principal.is_admin,
        Access.SESSION: principal.kind == "session",
    }[rule]
    if not allowed and rule in (Access.SESSION, Access.PERSON):
        raise Forbidden(f"This needs {rule.value}.", hint="Sign in on the dashboard, as yourself.")
    if not allowed:
        raise Forbidden(
            f"This needs {rule.value}. Your role is {principal.role.value}.",
            hint="An administrator can change your role on the Users page.",
        )


def check_route(principal: Principal | None, path: str) -> None:
    """Raises Forbidden for a token that is for other routes; `path` is the route's, without what stands before it."""
    if principal is not None and principal.routes and not allows(principal.routes, path):
        raise Forbidden(
            f"The token is not for {path}.",
            hint="The operator's litellm_jwtauth names the routes that it is for.",
            code="jwt_route",
        )
