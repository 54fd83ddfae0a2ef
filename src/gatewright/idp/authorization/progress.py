"""What a browser has done for one authorization request: signed in for it, or chosen its account.

The request itself travels with the pages and is examined anew at each step. What must not be believed of a page, that
`prompt=login` was satisfied, is sealed, and bound to the request and to the session that satisfied it.
"""

import base64
import binascii
import hashlib
from collections.abc import Collection

import msgspec

from gatewright.accounts.sessions import Session
from gatewright.domain.clock import MINUTE, Millis
from gatewright.domain.errors import Unavailable
from gatewright.oidc.parameters import Parameters
from gatewright.storage.database import Database

SIGNED_IN, CHOSEN, CONSENTED = "signed_in", "chosen", "consented"
PURPOSE = "idp.authorization.progress"
LIFE: Millis = 30 * MINUTE
LONGEST = 1024


class Progress(msgspec.Struct, frozen=True):
    """What a ticket holds: the session, the request's digest, and what was done, until when."""

    session_id: int
    request: str
    done: frozenset[str]
    expires_at: Millis


class Tickets:
    """Issues and reads tickets. Whoever steals one needs the browser's cookie too."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def issue(self, params: Parameters, session: Session, done: Collection[str]) -> str:
        """The ticket, as text for an address or a form; empty when there is nothing to say."""
        if not done:
            return ""
        progress = Progress(session.row.id, _digest(params), frozenset(done), self._db.clock() + LIFE)
        sealed = self._db.sealer.seal(msgspec.json.encode(progress).decode(), PURPOSE)
        return base64.urlsafe_b64encode(sealed).decode()

    def done(self, params: Parameters, session: Session | None, ticket: str | None) -> frozenset[str]:
        """What was done. Nothing for a ticket that is another request's, another session's, expired or made up."""
        progress = self._open(ticket)
        if progress is None or session is None or progress.session_id != session.row.id:
            return frozenset()
        good = progress.request == _digest(params) and progress.expires_at > self._db.clock()
        return progress.done if good else frozenset()

    def _open(self, ticket: str | None) -> Progress | None:
        if not ticket or len(ticket) > LONGEST:
            return None
        try:
            text = self._db.sealer.open(base64.urlsafe_b64decode(ticket), PURPOSE)
        except (binascii.Error, ValueError, Unavailable):
            return None
        return msgspec.json.decode(text, type=Progress)


def _digest(params: Parameters) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(params.items()))).hexdigest()
