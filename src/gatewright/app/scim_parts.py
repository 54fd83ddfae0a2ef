"""SCIM's part of the program, imported when somebody calls it for the first time."""

from gatewright.accounts.audit import Audit
from gatewright.accounts.scim.people import ScimPeople
from gatewright.accounts.scim.teams import ScimTeams
from gatewright.idp.directory.administrators import Administrators
from gatewright.settings.schema import Settings
from gatewright.storage.database import Database
from gatewright.web.routing import Route
from gatewright.web.scim.routes import scim_routes


def whole_table(settings: Settings, db: Database, audit: Audit) -> list[Route]:
    """The rows of `/scim/v2` with their handlers."""
    # As in the directory: with an outside provider no membership makes an administrator.
    administrators = Administrators(membership_decides=not settings.providers)
    claimed = [settings.proxy_admin_id] if settings.proxy_admin_id else []
    adopt = settings.scim_adopt_users
    people = ScimPeople(db, audit, administrators.kept, adopt=adopt, claimed=claimed)
    return scim_routes(people, ScimTeams(db, audit, adopt=adopt), settings.base_url)
