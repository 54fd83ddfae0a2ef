"""The parts put together, for one worker."""

from gatewright.accounts.audit import Audit
from gatewright.domain.clock import SECOND
from gatewright.outbound.client import Outbound
from gatewright.settings.schema import Settings
from gatewright.sso.bearer.key_sets import KeySet, KeySets
from gatewright.sso.bearer.standing import Standings
from gatewright.sso.bearer.tokens import Own, Tokens
from gatewright.storage.database import Database


def tokens(settings: Settings, db: Database, outbound: Outbound, audit: Audit, own: Own) -> Tokens:
    """Who the tokens speak for that `litellm_jwtauth` lets in."""
    auth = settings.jwt_auth
    assert auth is not None  # noqa: S101 (asked for where it is set alone)
    ttl, stale = int(auth.keys_ttl_s * SECOND), int(auth.stale_ttl_s * SECOND)
    sets = {
        one.issuer: KeySet(one, outbound, settings.operator_policy, db.clock, ttl=ttl, stale=stale)
        for one in auth.issuers
    }
    standings = Standings(db, auth, settings.proxy_admin_id)
    return Tokens(auth, KeySets(sets), standings, audit, db.clock, own, f"{settings.base_url}/application/o/")
