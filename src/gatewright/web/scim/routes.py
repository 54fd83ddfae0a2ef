"""The rows of `/scim/v2`."""

from gatewright.accounts.scim.people import ScimPeople
from gatewright.accounts.scim.teams import ScimTeams
from gatewright.web.routing import Route
from gatewright.web.scim.discovery import ScimDiscovery
from gatewright.web.scim.resources import groups_at, users_at


def scim_routes(people: ScimPeople, teams: ScimTeams, base_url: str) -> list[Route]:
    """`.search` before the resources, one of which it would be taken for."""
    return [
        *ScimDiscovery(base_url).routes(),
        *users_at(people, base_url).routes(),
        *groups_at(teams, base_url).routes(),
    ]
