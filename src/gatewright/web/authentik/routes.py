"""Every row of `/api/v3`, put together from the directory's use cases."""

from gatewright.idp.directory.directory import Directory
from gatewright.storage.database import Database
from gatewright.web.authentik.applications import Applications
from gatewright.web.authentik.bindings import Bindings, Entitlements
from gatewright.web.authentik.events import Events
from gatewright.web.authentik.fixed import Fixed
from gatewright.web.authentik.grants import Grants
from gatewright.web.authentik.groups import Groups
from gatewright.web.authentik.invitations import Invitations
from gatewright.web.authentik.links import Links
from gatewright.web.authentik.mappings import OldScopeMappings, ScopeMappings
from gatewright.web.authentik.providers import Providers
from gatewright.web.authentik.tokens import Tokens
from gatewright.web.authentik.users import Users
from gatewright.web.render import Pages
from gatewright.web.routing import Route


def routes(directory: Directory, db: Database, pages: Pages, after: str) -> list[Route]:
    """The rows of the route table. `after` is where somebody goes who has set a password."""
    return [
        *Users(directory.people, directory.services, directory.recovery).routes(),
        *Groups(directory.groups).routes(),
        *Applications(directory.applications, directory.transactional).routes(),
        *Providers(directory.providers).routes(),
        *ScopeMappings(directory.mappings).routes(),
        *OldScopeMappings(directory.mappings).routes(),
        *Bindings(directory.bindings).routes(),
        *Entitlements(directory.entitlements).routes(),
        *Tokens(directory.tokens).routes(),
        *Grants(directory.grants, directory.providers.base_url).routes(),
        *Invitations(directory.invitations, directory.invitation_letters, directory.providers.base_url).routes(),
        *Links(directory.recovery, directory.invitations, pages, after).routes(),
        *Events(db).routes(),
        *Fixed(db, directory.providers.base_url).routes(),
    ]
