"""What an authorization request needs next of the browser that brought it."""

import msgspec

from gatewright.domain.people import User
from gatewright.idp.authorization.checks import AuthorizationRequest
from gatewright.idp.authorization.response import SendBack


class AskSignIn(msgspec.Struct, frozen=True):
    """Show the sign-in page."""

    request: AuthorizationRequest


class AskAccount(msgspec.Struct, frozen=True):
    """Ask whether to go on as `person`, who is signed in, or as somebody else."""

    request: AuthorizationRequest
    person: User


class NoAccess(msgspec.Struct, frozen=True):
    """Say that `person` may not use the application; only they send the client its `access_denied`.

    `cause` is for the audit log, not for the page.
    """

    request: AuthorizationRequest
    person: User
    cause: str


class AskConsent(msgspec.Struct, frozen=True):
    """Ask `person` whether the client may have the request's scopes; `known` are those that it may have already.

    `ticket` goes with the page, and comes back with the answer.
    """

    request: AuthorizationRequest
    person: User
    known: frozenset[str]
    ticket: str = ""


Step = SendBack | AskSignIn | AskAccount | NoAccess | AskConsent
