"""What holds for every sign-in, whichever the provider, and how it is written in variables and config.yaml."""

import ast
import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gatewright.domain.identity import DEFAULT_ROLE, FOREIGN_ROLES, ROLE_ALIASES, Role, parse_role, unknown_role
from gatewright.domain.limits import NO_LIMITS, Limits
from gatewright.settings import structures
from gatewright.settings.findings import Wrong, did_you_mean
from gatewright.settings.sign_in import RolePolicy

MOST_LITERAL = 64_000
POLICIES: tuple[RolePolicy, ...] = ("every_login", "raise_only", "first_login")
MEMBER_ROLES = ("user", "admin")


class DashboardAccess(msgspec.Struct, frozen=True):
    """LiteLLM's `general_settings.ui_access_mode`: who may open the dashboard. The command line stays open.

    `admin_only` lets administrators and viewers in; `group` whoever has `group` in the claim `claim`.
    """

    mode: Literal["all", "admin_only", "group"] = "all"
    group: str = ""
    claim: str = "groups"


class DefaultTeam(msgspec.Struct, frozen=True):
    """A team that newcomers are put in. `role` is `user` or `admin`."""

    team_id: str
    role: str = "user"


class SignInRules(msgspec.Struct, frozen=True):
    """What holds for every provider. `newcomer_role` is the role where nothing else gives one.

    `email_domains` are lower-case parts after @; empty restricts nothing. `create_teams`: teams that a claim names and
    nobody made are made, with `team_models` and `team_limits`.
    """

    proxy_admin_id: str | None = None
    newcomer_role: Role = DEFAULT_ROLE
    newcomer_teams: tuple[DefaultTeam, ...] = ()
    email_domains: tuple[str, ...] = ()
    dashboard: DashboardAccess = DashboardAccess()
    create_teams: bool = False
    team_models: tuple[str, ...] = ()
    team_limits: Limits = NO_LIMITS


def role(value: Any) -> Role:
    """The role that the text names, through the aliases. Raises Wrong with a guess at what was meant."""
    found = parse_role(value)
    if found is None:
        shown = repr(value)[:80]
        folded = value.strip().lower() if isinstance(value, str) else ""
        meant = None if folded in FOREIGN_ROLES else did_you_mean(folded, {*Role, *ROLE_ALIASES})
        guess = f"Did you mean {meant}? " if meant else ""
        raise Wrong(f"{shown} is not a role | {guess}{unknown_role(value).rstrip('.')}")
    return found


def policy(value: str) -> RolePolicy:
    for one in POLICIES:
        if value.strip().lower() == one:
            return one
    raise Wrong(f"{value!r} is no policy | Write one of {', '.join(POLICIES)}")


def role_mappings(value: Any) -> Mapping[Role, tuple[str, ...]]:
    """`{'proxy_admin': ['group-a']}`: a Python literal or JSON in text (contract litellm 1.2), or a mapping."""
    given = structures.mapping(_literal(value) if isinstance(value, str) else value)
    found: dict[Role, tuple[str, ...]] = {}
    for name, groups in given.items():
        key = structures.at(f"[{name!r}]", role, name)
        more = structures.at(f"[{name!r}]", _groups, groups)
        found[key] = tuple(dict.fromkeys((*found.get(key, ()), *more)))
    return found


def groups(value: str) -> tuple[str, ...]:
    """Names with commas between them, or a JSON list for names that hold one."""
    if not value.lstrip().startswith("["):
        return tuple(dict.fromkeys(filter(None, (part.strip() for part in value.split(",")))))
    try:
        return _groups(json.loads(value))
    except json.JSONDecodeError:
        raise Wrong('it is no JSON list | Write ["one", "two"], or one,two') from None


def roles(value: str) -> tuple[Role, ...]:
    return tuple(dict.fromkeys(role(part) for part in value.split(",") if part.strip()))


def domains(value: str) -> tuple[str, ...]:
    """E-mail domains with commas between them. Raises Wrong for what can match no address."""
    found = tuple(dict.fromkeys(filter(None, (part.strip().lower() for part in value.split(",")))))
    for one in found:
        if not one.isprintable() or any(char in one for char in "@*/ :"):
            raise Wrong(f"{one[:80]!r} is not a domain | Write the part after the @ alone, such as example.com")
    if not found:
        raise Wrong("it names no domain | Write example.com,example.org, or unset it")
    return found


def dashboard(value: Any) -> DashboardAccess:
    """`all`, `admin_only`, or `{type: restricted_sso_group, restricted_sso_group, sso_group_jwt_field}`."""
    if not isinstance(value, dict):
        if value in ("all", "admin_only"):
            return DashboardAccess(mode=value)
        raise Wrong(f"{value!r} is no access mode | Write all, admin_only, or a mapping of type restricted_sso_group")
    known = {"type", "restricted_sso_group", "sso_group_jwt_field"}
    for name in value:
        if name not in known:
            raise Wrong(f"{name} is not known there | It has {', '.join(sorted(known))}")
    kind = value.get("type")
    if kind in ("all", "admin_only"):
        return DashboardAccess(mode=kind)
    if kind != "restricted_sso_group":
        raise Wrong(f"its type is {kind!r} | Write restricted_sso_group")
    group = structures.at(".restricted_sso_group", structures.name, value.get("restricted_sso_group") or "")
    claim = structures.at(".sso_group_jwt_field", structures.name, value.get("sso_group_jwt_field") or "groups")
    return DashboardAccess("group", group, claim)


def default_teams(value: Any) -> tuple[DefaultTeam, ...]:
    """A list of team_ids, or of `{team_id, user_role}`. Raises Wrong for a budget, which nobody would keep."""
    return tuple(structures.at(f"[{index}]", _default_team, one) for index, one in enumerate(structures.items(value)))


def _default_team(value: Any) -> DefaultTeam:
    if not isinstance(value, dict):
        return DefaultTeam(structures.name(value))
    for name, one in value.items():
        if name not in ("team_id", "user_role") and one is not None:
            raise Wrong(f"{name} is not supported: no budget is kept | Take it out")
    member = str(value.get("user_role") or "user")
    if member not in MEMBER_ROLES:
        raise Wrong(f"{member!r} is no role in a team | Write user or admin")
    return DefaultTeam(structures.name(value.get("team_id") or ""), member)


def _groups(value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else structures.items(value)
    return tuple(structures.at(f"[{index}]", structures.name, one) for index, one in enumerate(given))


def _literal(text: str) -> Any:
    if len(text) > MOST_LITERAL:
        raise Wrong(f"it is longer than {MOST_LITERAL} characters | Map fewer groups")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise Wrong("it is neither a Python literal nor JSON | Write {'proxy_admin': ['group-a']}") from None
