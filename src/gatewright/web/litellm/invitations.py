"""`/invitation/*` and `/onboarding/*` (contract litellm 1.7): invitations to a row, and their use by a script.

The page that people open is `web.sso.invitation`.
"""

import base64
from typing import Any

import msgspec
from starlette.responses import JSONResponse, Response

from gatewright.accounts.invitations import Invited, UserInvitations
from gatewright.domain.clock import SECOND, iso, iso_or_none
from gatewright.domain.errors import BadInput, Forbidden
from gatewright.idp.directory.onboarding import Onboarding
from gatewright.sso.parties import RelyingParties
from gatewright.storage.user_invitations import UserInvitation
from gatewright.web.api.wire import answer, clean
from gatewright.web.call import Call
from gatewright.web.litellm.fields import asked
from gatewright.web.routing import Access, Dialect, Route
from gatewright.web.sso.invitation import PAGE

HEADERS = {"cache-control": "no-store"}
LOGIN_METHOD = "username_password"


class NewInvitation(msgspec.Struct, frozen=True):
    user_id: str | None = None


class ChangedInvitation(msgspec.Struct, frozen=True):
    invitation_id: str | None = None
    is_accepted: bool | None = None


class NamedInvitation(msgspec.Struct, frozen=True):
    invitation_id: str | None = None


class Claim(msgspec.Struct, frozen=True):
    invitation_link: str | None = None
    user_id: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Claim({self.user_id!r})"


class InvitationRow(msgspec.Struct, frozen=True):
    """LiteLLM's row. `id` is what the link carries: a secret that only whoever made the invitation knows."""

    id: str
    user_id: str
    is_accepted: bool
    accepted_at: str | None
    expires_at: str
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str


class InvitationRoutes:
    """For administrators; viewers look at one whose id they know."""

    def __init__(
        self, invitations: UserInvitations, onboarding: Onboarding, parties: RelyingParties, base_url: str
    ) -> None:
        self._invitations = invitations
        self._onboarding = onboarding
        self._parties = parties
        self._base_url = base_url

    def routes(self) -> list[Route]:
        litellm, anybody = Dialect.LITELLM, Access.PUBLIC
        return [
            Route("/invitation/new", ("POST",), self.new, Access.ADMIN, litellm),
            Route("/invitation/info", ("GET",), self.info, Access.VIEWER, litellm),
            Route("/invitation/update", ("POST",), self.update, Access.ADMIN, litellm),
            Route("/invitation/delete", ("POST",), self.delete, Access.ADMIN, litellm),
            Route("/onboarding/get_token", ("GET",), self.look, anybody, litellm),
            Route("/onboarding/claim_token", ("POST",), self.claim, anybody, litellm),
        ]

    async def new(self, call: Call) -> Response:
        """The row with its id, shown this once. Raises NotFound, BadInput, Conflict."""
        wanted = await asked(call, NewInvitation)
        user_id = clean(_given(wanted.user_id, "user_id"), "user_id")
        token, row = await self._invitations.create(user_id, actor=call.actor, origin=call.origin)
        return answer(_row(token, row))

    async def info(self, call: Call) -> Response:
        token = _given(call.query("invitation_id"), "invitation_id")
        return answer(_row(token, await self._invitations.get(token)))

    async def update(self, call: Call) -> Response:
        """`is_accepted: true` closes the invitation. Raises BadInput for opening a used one again."""
        wanted = await asked(call, ChangedInvitation)
        token = _given(wanted.invitation_id, "invitation_id")
        if wanted.is_accepted is None:
            raise BadInput("is_accepted is missing.", param="is_accepted", code="field_invalid")
        if wanted.is_accepted:
            return answer(
                _row(token, await self._invitations.close(token, actor=call.actor, origin=call.origin)),
            )
        row = await self._invitations.get(token)
        if row.accepted_at is not None:
            raise BadInput(
                "An invitation works once: it cannot be opened again.",
                param="is_accepted",
                hint="Make a new one with `POST /invitation/new`.",
                code="invitation_used",
            )
        return answer(_row(token, row))

    async def delete(self, call: Call) -> Response:
        """The row as it was."""
        wanted = await asked(call, NamedInvitation)
        token = _given(wanted.invitation_id, "invitation_id")
        return answer(_row(token, await self._invitations.delete(token, actor=call.actor, origin=call.origin)))

    async def look(self, call: Call) -> Response:
        """`{login_url, token, user_email}`. Nothing is used up, and the token opens nothing that the link does not."""
        link = call.query("invite_link") or ""
        try:
            invited = await self._invitations.open(link, call.origin)
        except Forbidden as error:
            return _refused(error, 401)
        return JSONResponse(
            {
                "login_url": f"{self._base_url}{PAGE}?invitation_id={link}",
                "token": readable(link, invited),
                "user_email": invited.user.email,
            },
            headers=HEADERS,
        )

    async def claim(self, call: Call) -> Response:
        """Sets the password of the invited person; they sign in with it. The link is the credential, once."""
        wanted = await asked(call, Claim)
        link, password = _given(wanted.invitation_link, "invitation_link"), _given(wanted.password, "password")
        try:
            invited = await self._invitations.open(link, call.origin)
            if wanted.user_id != invited.user.user_id:
                raise Forbidden("The invitation is for another user_id.", param="user_id", code="invitation_user")
            if not any(party.source.is_embedded for party in self._parties.everything):
                return _refused(
                    Forbidden(
                        f"People sign in with {self._parties.default.source.label} here, which has their passwords. "
                        f"Open {self._base_url}{PAGE}?invitation_id=... in a browser."
                    ),
                    403,
                )
            user = await self._onboarding.claim(invited, password, call.origin)
        except Forbidden as error:
            return _refused(error, 401)
        return JSONResponse(
            {
                "user_id": user.user_id,
                "user_email": user.email,
                "redirect_url": f"{self._base_url}/sso/key/generate",
                # LiteLLM's page goes on only with one; it tells who they are and opens nothing.
                "token": _unsecured({"user_id": user.user_id, "user_email": user.email, "login_method": LOGIN_METHOD}),
            },
            headers=HEADERS,
        )


def readable(link: str, invited: Invited) -> str:
    """What LiteLLM's clients decode without checking: an unsecured JWT (RFC 7519 6), which nobody here accepts.

    Its `key` is the link itself, so that whoever merely opened it holds no more than before.
    """
    return _unsecured(
        {
            "token_type": "litellm_onboarding",
            "user_id": invited.user.user_id,
            "user_email": invited.user.email,
            "key": link,
            "login_method": LOGIN_METHOD,
            "exp": invited.expires_at // SECOND,
        }
    )


def _unsecured(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(msgspec.json.encode(one)).rstrip(b"=").decode() for one in parts) + "."


def _row(token: str, row: UserInvitation) -> InvitationRow:
    return InvitationRow(
        id=token,
        user_id=row.user_id,
        is_accepted=row.accepted_at is not None,
        accepted_at=iso_or_none(row.accepted_at),
        expires_at=iso(row.expires_at),
        created_at=iso(row.created_at),
        created_by=row.created_by,
        updated_at=iso(row.updated_at),
        updated_by=row.updated_by,
    )


def _given(text: str | None, param: str) -> str:
    if not text:
        raise BadInput(f"{param} is missing.", param=param, code="field_invalid")
    return text


def _refused(error: Forbidden, status: int) -> Response:
    """As LiteLLM writes errors here: an object in `detail`."""
    return JSONResponse({"detail": {"error": error.message}}, status, headers=HEADERS)
