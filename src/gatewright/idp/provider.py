"""The provider's parts, put together for the composition root and the web edge."""

from collections.abc import Mapping

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.sessions import Sessions
from gatewright.domain.clock import Millis
from gatewright.grants.codes import Codes
from gatewright.grants.tokens import Tokens
from gatewright.idp.authorization.interaction import Authorization
from gatewright.idp.blueprint import apply_at_first_start
from gatewright.idp.claims import Claims
from gatewright.idp.clients import Clients
from gatewright.idp.discovery import Discovery
from gatewright.idp.expressions import Expressions
from gatewright.idp.login import Login
from gatewright.idp.logout import EndSession
from gatewright.idp.people import People
from gatewright.idp.signing_keys import SigningKeys
from gatewright.idp.token import TokenEndpoint
from gatewright.idp.userinfo import UserInfo
from gatewright.storage.database import Database


class Provider:
    """The embedded OpenID provider. `base_url` has no trailing slash; `session_life` in milliseconds."""

    def __init__(self, db: Database, base_url: str, session_life: Millis, passwords: Passwords, audit: Audit) -> None:
        self._db = db
        sessions = Sessions(db, "idp", session_life)
        people = People(db)
        codes = Codes(db)
        self.base_url = base_url
        self.expressions = Expressions()
        self.tokens = Tokens(db)
        self.clients = Clients(db, base_url)
        self.keys = SigningKeys(db)
        self.claims = Claims(db, self.expressions, people, audit)
        self.authorization = Authorization(db, self.clients, self.claims, codes, audit)
        self.token = TokenEndpoint(db, self.clients, codes, people, self.claims, self.keys, audit)
        self.userinfo = UserInfo(self.clients, self.tokens, people, self.claims, self.keys)
        self.discovery = Discovery(self.clients, self.claims, self.keys, base_url)
        self.login = Login(db, sessions, passwords, Limits(db), audit)
        self.end_session = EndSession(db, self.clients, sessions, self.tokens, self.keys, audit)

    async def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Makes the signing key and the first objects where they are missing. Safe on several workers at once."""
        await self.keys.ensure()
        await apply_at_first_start(self._db, environment)

    async def close(self) -> None:
        """Stops the expressions' workers."""
        await self.expressions.close()
