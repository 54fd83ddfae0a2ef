"""The authorization endpoint, put together."""

from gatewright.grants.codes import Codes
from gatewright.idp.authorization.decisions import Decisions
from gatewright.idp.authorization.drafts import Drafts
from gatewright.idp.authorization.hints import Hints
from gatewright.idp.authorization.interaction import Authorization
from gatewright.idp.consents import Consents
from gatewright.idp.tokens.parts import Directory
from gatewright.storage.database import Database


def authorization(
    db: Database, base_url: str, known: Directory, drafts: Drafts, codes: Codes, consents: Consents
) -> Authorization:
    """The use case. `base_url` has no trailing slash."""
    hints = Hints(known.keys, known.people)
    decisions = Decisions(db.clock, hints, known.access, consents, base_url)
    return Authorization(db, drafts, codes, decisions, consents, known.audit)
