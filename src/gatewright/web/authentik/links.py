"""The pages behind the directory's links: recovery and invitation. No GET uses a link up."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from gatewright.domain.errors import BadInput, FieldsInvalid, Forbidden
from gatewright.idp.directory.invitations import PATH as ENROLLMENT
from gatewright.idp.directory.invitations import DirectoryInvitations, Newcomer
from gatewright.idp.directory.recovery import PATH as RECOVERY
from gatewright.idp.directory.recovery import Recovery
from gatewright.idp.objects import flows
from gatewright.web.call import Call
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

NEW_PASSWORD = f"/if/flow/{flows.RECOVERY}/"
RECOVERY_OVER = ("This link was used, has expired or is not the newest one.", "Ask an administrator for a new link.")
INVITATION_OVER = (
    "This invitation was used, has expired or was taken back.",
    "Ask whoever invited you for a new link.",
)
TYPED = ("username", "name", "email")


class Links:
    """Forms of people who have no session yet; the token in the form is their credential."""

    def __init__(self, recovery: Recovery, invitations: DirectoryInvitations, pages: Pages, after: str) -> None:
        self._recovery = recovery
        self._invitations = invitations
        self._pages = pages
        self._after = after

    def routes(self) -> list[Route]:
        anybody, page = Access.PUBLIC, Dialect.PAGE
        return [
            Route(f"{RECOVERY}{{token}}/", ("GET",), self.recover, anybody, page, slash=True),
            Route(NEW_PASSWORD, ("POST",), self.recovered, anybody, page, slash=True),
            Route(ENROLLMENT, ("GET",), self.invited, anybody, page, slash=True),
            Route(ENROLLMENT, ("POST",), self.enrolled, anybody, page, slash=True),
        ]

    async def recover(self, call: Call) -> Response:
        """The form for a new password."""
        token = call.path("token")
        username = await self._recovery.whose(token)
        if username is None:
            raise Forbidden(RECOVERY_OVER[0], hint=RECOVERY_OVER[1], code="recovery_link_invalid")
        return self._password_page(call, token, username)

    async def recovered(self, call: Call) -> Response:
        """Sets the password; the person signs in with it."""
        fields = await self._pages.form(call)
        token = fields.get("token", "")
        try:
            await self._recovery.use(token, fields.get("password", ""), call.origin)
        except BadInput as error:
            username = await self._recovery.whose(token) or ""
            return self._password_page(call, token, username, error.message)
        return RedirectResponse(self._after, 303)

    async def invited(self, call: Call) -> Response:
        """The form for a new account, with what the invitation fixes filled in and locked."""
        token = call.query("itoken") or ""
        fixed = await self._invitations.fixed(token)
        if fixed is None:
            raise Forbidden(INVITATION_OVER[0], hint=INVITATION_OVER[1], code="invitation_invalid")
        return self._account_page(call, token, fixed, {})

    async def enrolled(self, call: Call) -> Response:
        """Makes the account; the person signs in with it."""
        fields = await self._pages.form(call)
        token = fields.get("token", "")
        typed = {name: fields.get(name, "").strip() for name in TYPED}
        try:
            newcomer = Newcomer(**typed, password=fields.get("password", ""))
            await self._invitations.accept(token, newcomer, call.origin)
        except BadInput as error:
            fixed = await self._invitations.fixed(token) or {}
            problems = error.problems if isinstance(error, FieldsInvalid) else {error.param or "": [error.message]}
            return self._account_page(call, token, fixed, typed, problems)
        return RedirectResponse(self._after, 303)

    def _password_page(self, call: Call, token: str, username: str, problem: str | None = None) -> Response:
        status = 200 if problem is None else 400
        return self._pages.page(
            call,
            "idp/recovery.html",
            status=status,
            action=NEW_PASSWORD,
            token=token,
            username=username,
            problem=problem,
            shortest=self._recovery.shortest_password,
        )

    def _account_page(
        self,
        call: Call,
        token: str,
        fixed: Mapping[str, Any],
        typed: Mapping[str, str],
        problems: Mapping[str, Any] | None = None,
    ) -> Response:
        found = problems or {}
        values = {name: str(fixed.get(name) or typed.get(name, "")) for name in TYPED}
        return self._pages.page(
            call,
            "idp/enrollment.html",
            status=400 if found else 200,
            action=ENROLLMENT,
            token=token,
            values=values,
            locked=[name for name in TYPED if fixed.get(name)],
            field=next(iter(found), None),
            shortest=self._recovery.shortest_password,
            problem=" ".join(text for texts in found.values() for text in texts) or None,
        )
