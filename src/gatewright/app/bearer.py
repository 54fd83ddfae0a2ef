"""What reads signed tokens of outside issuers, loaded only where they are credentials."""

from importlib import import_module

from gatewright.accounts.audit import Audit
from gatewright.accounts.keys import BearerTokens
from gatewright.idp.tokens.presented import ApiAccess
from gatewright.outbound.client import Outbound
from gatewright.settings.schema import Settings
from gatewright.storage.database import Database


def bearer_tokens(
    settings: Settings, db: Database, outbound: Outbound, audit: Audit, access: ApiAccess
) -> BearerTokens | None:
    """None while `enable_jwt_auth` is off."""
    if settings.jwt_auth is None:
        return None
    made: BearerTokens = import_module("gatewright.sso.bearer.parts").tokens(
        settings, db, outbound, audit, access.person
    )
    return made


def issuers_of(settings: Settings) -> dict[str, str | None]:
    """The issuers whose tokens are credentials, and where their keys are; None is what their documents say."""
    return {} if settings.jwt_auth is None else {one.issuer: one.keys_url for one in settings.jwt_auth.issuers}
