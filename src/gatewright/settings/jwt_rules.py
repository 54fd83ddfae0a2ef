"""What a token of an outside issuer is read by: whose tokens count, and what scopes and roles open.

Source: contract litellm 3.10, and LiteLLM's JWT configuration reference.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gatewright.domain.identity import Role, parse_role
from gatewright.settings import structures, values
from gatewright.settings.findings import Wrong, did_you_mean

Who = Literal["proxy_admin", "team", "internal_user"]
"""What LiteLLM calls an RBAC role: whose rights a token has."""

WHO: tuple[Who, ...] = ("proxy_admin", "team", "internal_user")


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """Which claim holds what, dots for nested claims; None: none does."""

    user_id: str | None = None
    email: str | None = None
    team_id: str | None = None
    team_ids: str | None = None
    team_alias: str | None = None


class TrustedIssuer(msgspec.Struct, frozen=True):
    """Whose tokens count, and for which audiences; no audience means that `aud` is not looked at.

    `keys_url` None: its discovery document says where its keys are.
    """

    issuer: str
    keys_url: str | None
    audiences: frozenset[str]
    fields: Fields


class Grant(msgspec.Struct, frozen=True):
    """What a scope or a role opens: public model names and routes. Nothing named is no restriction by it."""

    models: frozenset[str] = frozenset()
    routes: tuple[str, ...] = ()


class RoleMap(msgspec.Struct, frozen=True):
    """A pattern for a role of the token (`*` stands for anything), and the role that it gives here."""

    pattern: str
    role: Role


def _of_mapping(value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    """A mapping with members of these names alone. Raises Wrong."""
    found = structures.mapping(value)
    for name in found:
        if name not in known:
            meant = did_you_mean(name, known)
            fix = f"Did you mean {meant}" if meant else f"There are {', '.join(known)}"
            raise Wrong(f"{name!r} has no meaning here | {fix}", f".{name}")
    return {name: one for name, one in found.items() if one is not None}


def _required(found: Mapping[str, Any], name: str) -> str:
    if name not in found:
        raise Wrong(f"its {name} is missing | Write {name}: ...")
    return structures.at(f".{name}", structures.name, found[name])


def _who(value: Any) -> Who:
    name = structures.name(value)
    for one in WHO:
        if one == name:
            return one
    raise Wrong(f"{name!r} is not one | There are {', '.join(WHO)}")


def role_mappings(value: Any) -> tuple[tuple[str, Who], ...]:
    found = []
    for index, item in enumerate(structures.items(value)):
        one = structures.at(f"[{index}]", lambda raw: _of_mapping(raw, ("role", "internal_role")), item)
        role = structures.at(f"[{index}]", lambda raw: _required(raw, "role"), one)
        found.append((role, structures.at(f"[{index}].internal_role", _who, one.get("internal_role", ""))))
    return tuple(found)


def role_map(value: Any) -> tuple[RoleMap, ...]:
    return tuple(structures.at(f"[{index}]", _one_role, item) for index, item in enumerate(structures.items(value)))


def _one_role(value: Any) -> RoleMap:
    found = _of_mapping(value, ("jwt_role", "litellm_role"))
    pattern, name = _required(found, "jwt_role"), _required(found, "litellm_role")
    role = parse_role(name)
    if role is None:
        raise Wrong(f"{name!r} is not a role | There are {', '.join(Role)}", ".litellm_role")
    return RoleMap(pattern, role)


def grants(of: str) -> Any:
    """A reader of `[{<of>: ..., models: [...], routes: [...]}]`."""

    def read(value: Any) -> dict[str, Grant]:
        found: dict[str, Grant] = {}
        for index, item in enumerate(structures.items(value)):
            one = structures.at(f"[{index}]", lambda raw: _of_mapping(raw, (of, "models", "routes")), item)
            name = structures.at(f"[{index}]", lambda raw: _required(raw, of), one)
            models = structures.at(f"[{index}].models", structures.names, one.get("models", []))
            routes = structures.at(f"[{index}].routes", structures.names, one.get("routes", []))
            found[name] = Grant(frozenset(models), routes)
        return found

    return read


ISSUER_FIELDS = {"user_id": "user_id_jwt_field", "email": "user_email_jwt_field"} | {
    name: f"{name}_jwt_field" for name in ("team_id", "team_ids")
}


def issuers(value: Any) -> tuple[Mapping[str, Any], ...]:
    known = ("issuer", "jwks_url", "audience", "disable_audience_validation", *ISSUER_FIELDS.values())
    found = []
    for index, item in enumerate(structures.items(value)):
        where = f"[{index}]"
        one = dict(structures.at(where, lambda raw: _of_mapping(raw, known), item))
        one["issuer"] = structures.at(where, lambda raw: _required(raw, "issuer"), one)
        if "jwks_url" in one:
            one["jwks_url"] = structures.at(f"{where}.jwks_url", structures.scalar(values.url), one["jwks_url"])
        one["audience"] = structures.at(f"{where}.audience", structures.names, one.get("audience", []))
        off = structures.scalar(values.boolean)(one.get("disable_audience_validation", False))
        if not one["audience"] and not off:
            raise Wrong(
                "its audience is missing: a token that this issuer made for any other program would open this one | "
                "Write audience: <what its tokens for this gateway say in aud>",
                where,
            )
        if one["audience"] and off:
            raise Wrong("it names an audience and says not to look at it | Take one of the two out", where)
        found.append(one)
    return tuple(found)
