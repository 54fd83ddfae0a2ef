"""Under which of its teams a token's request is served. Keys have one team or none; tokens may name several."""

from collections.abc import Callable, Sequence

from gatewright.domain.errors import Forbidden
from gatewright.domain.keys import Principal
from gatewright.domain.route_groups import allows

TEAM_HEADER = (b"x-litellm-team-id",)
"""Names the team where a token names several (contract litellm 3.1)."""


def in_team(
    caller: Principal,
    path: str,
    wanted: Sequence[tuple[bytes, bytes]],
    may: Callable[[Principal], bool] | None = None,
) -> Principal:
    """The caller as it acts on that route: for the team that it asks for, else for the first that `may`.

    Without `may` the request is for no model in particular: the caller keeps all of its teams. Raises Forbidden for a
    team that its token does not name, and for a route that it is not for.
    """
    chosen, teams = caller, caller.teams
    if wanted and teams:
        name = wanted[0][1].decode("latin-1").strip()
        teams = tuple(one for one in teams if one.team_id == name)
        if not teams:
            raise Forbidden(
                "The token does not name the team that x-litellm-team-id asks for, or it is not known here.",
                param="x-litellm-team-id",
                code="jwt_team",
            )
        chosen = teams[0]
    if teams and may is not None:
        chosen = next((one for one in teams if may(one)), teams[0])
    routes = (teams[0] if teams else chosen).routes
    if routes and not allows(routes, path):
        raise Forbidden(
            f"The token is not for {path}.",
            hint="The operator's litellm_jwtauth names the routes that it is for.",
            code="jwt_route",
        )
    return chosen
