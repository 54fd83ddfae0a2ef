"""What a verified token says, read by the operator's rules: pure. Whom it finds here is another matter."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from gatewright.domain.clock import SECOND, Millis
from gatewright.domain.errors import Forbidden
from gatewright.domain.identity import Role
from gatewright.oidc import bearer
from gatewright.oidc.jwt import VerifiedClaims
from gatewright.settings.jwt_auth import JwtAuth
from gatewright.settings.jwt_rules import Grant, TrustedIssuer, Who
from gatewright.sso.claim_paths import at

LONGEST_ID, LONGEST_EMAIL = 255, 254
MOST_NAMED = 500
"""Entries of a list that are looked at."""

NO_MODEL = frozenset({""})


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One token. `user_id` and `email` are wishes for a new user's row and find nobody.

    `who`: whose rights it asks for, None for nobody's. `names_user`: it speaks for a person, who has to be known here;
    `user_pk` is set where our own provider issued it and proved them. `teams` are `team_id`s, the token's own before
    the others; `team_is_default`: the operator gave it to who names none. `role` is what `jwt_litellm_role_map` makes
    of the roles. `models` empty means every model. A path must be in each list of `routes`.
    """

    issuer: str
    subject: str
    issued_at: int
    ends_at: Millis
    who: Who | None
    names_user: bool = False
    user_pk: int | None = None
    user_id: str | None = None
    email: str | None = None
    teams: tuple[str, ...] = ()
    team_is_default: bool = False
    team_alias: str | None = None
    role: Role | None = None
    role_shown: str | None = None
    models: frozenset[str] = frozenset()
    routes: tuple[tuple[str, ...], ...] = ()

    @property
    def is_admin(self) -> bool:
        return self.who == "proxy_admin"

    @property
    def names_team(self) -> bool:
        return bool(self.teams) or self.team_alias is not None


def read(claims: VerifiedClaims, subject: str, trusted: TrustedIssuer, auth: JwtAuth) -> Said:
    """Raises Forbidden with a cause code for a token that the operator's rules keep out."""
    fields = trusted.fields
    scopes = scopes_of(claims)
    email = None if claims.get("email_verified") is False else _text(claims, fields.email, LONGEST_EMAIL)
    user_id = _text(claims, fields.user_id, LONGEST_ID) or email
    has_role = bool(auth.user_allowed_roles & set(_texts(claims, auth.user_roles_field)))
    names_user = user_id is not None and (has_role or not auth.user_allowed_roles)
    own, others = _texts(claims, fields.team_id), sorted(_texts(claims, fields.team_ids))
    teams, alias = tuple(dict.fromkeys((*own, *others))), _text(claims, fields.team_alias, LONGEST_ID)
    by_default = not teams and alias is None and auth.team_default is not None
    if by_default and auth.team_default is not None:
        teams = (auth.team_default,)
    who: Who | None = None
    if auth.admin_scope in scopes:
        who = "proxy_admin"
    elif teams or alias is not None:
        who = "team"
    elif names_user or has_role:
        who = "internal_user"
    roles = _texts(claims, auth.roles_field)
    if who is None and (who := _mapped(roles, auth)) is not None:
        object_id = _text(claims, auth.object_id_field, LONGEST_ID)
        if who == "team" and object_id is not None:
            teams = (object_id,)
        elif who == "internal_user" and object_id is not None:
            user_id, names_user = object_id, True
    role, shown = _role(roles, auth)
    said = Said(
        issuer=trusted.issuer,
        subject=subject,
        issued_at=bearer.issued_at(claims),
        ends_at=bearer.until(claims) * SECOND,
        who=who,
        names_user=names_user,
        user_id=user_id if names_user else None,
        email=None if email is None else email.lower(),
        teams=teams,
        team_is_default=by_default,
        team_alias=alias,
        role=role,
        role_shown=shown,
    )
    _check(said, auth)
    return _restricted(said, scopes, auth)


def scopes_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """Of `scope`, and of `scp`, which Entra ID and Okta say instead; a text with spaces or a list."""
    found: list[Any] = []
    for name in ("scope", "scp"):
        value = claims.get(name)
        found += value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(one for one in found if isinstance(one, str))


def _check(said: Said, auth: JwtAuth) -> None:
    if said.names_user and auth.email_domain is not None:
        domain = (said.email or "").rpartition("@")[2]
        if domain != auth.email_domain:
            raise Forbidden("The token's e-mail address is in another domain.", code="jwt_email_domain")
    if said.is_admin:
        return
    if said.who is None and (auth.enforce_rbac or auth.public_routes == ("public_routes",)):
        raise Forbidden(
            "The token stands for nobody here: neither for an administrator, a team nor a user.",
            hint="The operator's litellm_jwtauth says which claims or scopes it needs.",
            code="jwt_nobody",
        )
    if auth.enforce_teams and not said.names_team:
        raise Forbidden("The token names no team.", code="jwt_no_team")


def _restricted(said: Said, scopes: frozenset[str], auth: JwtAuth) -> Said:
    """The token under the lists that hold for it: of its standing, of its scopes, of its role."""
    models: frozenset[str] = frozenset()
    routes: list[tuple[str, ...]] = []
    if said.is_admin:
        routes.append(auth.admin_routes)
    elif said.who is None:
        routes.append(auth.public_routes)
    if auth.enforce_scopes and not said.is_admin:
        granted = [auth.scopes[one] for one in sorted(scopes & auth.scopes.keys())]
        if not granted:
            raise Forbidden("None of the token's scopes opens anything here.", code="jwt_scope")
        models = frozenset().union(*(one.models for one in granted)) or NO_MODEL
        if all(one.routes for one in granted):
            routes.append(tuple(route for one in granted for route in one.routes))
    grant = auth.permissions.get(said.who or "", Grant()) if auth.enforce_rbac else Grant()
    if grant.models:
        models = (models & grant.models or NO_MODEL) if models else grant.models
    if grant.routes:
        routes.append(grant.routes)
    return msgspec.structs.replace(said, models=models, routes=tuple(routes))


def _mapped(roles: list[str], auth: JwtAuth) -> Who | None:
    return next((who for role, who in auth.role_mappings if role in roles), None)


def _role(roles: list[str], auth: JwtAuth) -> tuple[Role | None, str | None]:
    """The role by the first row of the map that fits, and what fitted."""
    for row in auth.role_map:
        for role in roles:
            if fnmatchcase(role, row.pattern):
                return row.role, role[:200]
    return None, None


def _text(claims: Mapping[str, Any], path: str | None, longest: int) -> str | None:
    """A printable text at that path, or the first of a list."""
    found = _texts(claims, path, longest)
    return found[0] if found else None


def _texts(claims: Mapping[str, Any], path: str | None, longest: int = LONGEST_ID) -> list[str]:
    value = None if path is None else at(claims, path)
    entries = value[:MOST_NAMED] if isinstance(value, list) else [value]
    texts = [str(one).strip() for one in entries if isinstance(one, str | int) and not isinstance(one, bool)]
    return [one for one in texts if 0 < len(one) <= longest and one.isprintable()]
