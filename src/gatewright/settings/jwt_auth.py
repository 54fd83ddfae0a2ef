"""Tokens of outside issuers as API credentials: LiteLLM's `enable_jwt_auth` and `litellm_jwtauth`.

Source: contract litellm 3.1 and 3.10, and LiteLLM's JWT configuration reference. Names and defaults are LiteLLM's.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gatewright.domain.errors import SettingInvalid
from gatewright.settings import jwt_rules, structures, values
from gatewright.settings.findings import Finding
from gatewright.settings.jwt_rules import ISSUER_FIELDS, Fields, Grant, RoleMap, TrustedIssuer, Who
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.setting import Setting

WELL_KNOWN = "/.well-known/openid-configuration"
PLACE = "general_settings.litellm_jwtauth"
ENABLE = "general_settings.enable_jwt_auth"
OF_SIGN_INS = frozenset({"team_ids_jwt_field"})
"""Members that sign-ins through a provider read too (`settings.sign_in_policy`)."""

ANY_AUDIENCE = "GATEWRIGHT_JWT_ANY_AUDIENCE"


class JwtAuth(msgspec.Struct, frozen=True, kw_only=True):
    """What tokens may do. `role_mappings` are in their order; the first that fits counts. Times are seconds."""

    issuers: tuple[TrustedIssuer, ...]
    admin_scope: str
    admin_routes: tuple[str, ...]
    team_routes: tuple[str, ...]
    public_routes: tuple[str, ...]
    team_default: str | None
    email_domain: str | None
    user_roles_field: str | None
    user_allowed_roles: frozenset[str]
    user_upsert: bool
    roles_field: str | None
    role_mappings: tuple[tuple[str, Who], ...]
    object_id_field: str | None
    scopes: Mapping[str, Grant]
    enforce_scopes: bool
    enforce_rbac: bool
    enforce_teams: bool
    role_map: tuple[RoleMap, ...]
    sync: bool
    keys_ttl_s: float
    stale_ttl_s: float
    permissions: Mapping[str, Grant]


def _keys_urls(value: str) -> tuple[str, ...]:
    return tuple(values.url(one.strip()) for one in value.split(",") if one.strip())


def _commas(value: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in value.split(",") if one.strip())


def _in_file(name: str) -> tuple[str, ...]:
    return (f"{PLACE}.{name}",)


def _claim(field: str, name: str, doc: str) -> Setting:
    return Setting(
        field, (), f"The claim with {doc}; dots for nested claims.", default_doc="none", files=_in_file(name)
    )


def _list(field: str, name: str, doc: str, default: tuple[str, ...] = ()) -> Setting:
    shown = ", ".join(f"`{one}`" for one in default) or "none"
    return Setting(field, (), doc, structures.names, default, shown, _in_file(name), structured=True)


def _switch(field: str, name: str, doc: str) -> Setting:
    return Setting(field, (), doc, values.boolean, False, files=_in_file(name))


JWT_AUTH: tuple[Setting, ...] = (
    Setting(
        "enabled",
        (),
        "Whether signed tokens of the issuers below are API credentials beside keys.",
        values.boolean,
        False,
        files=(ENABLE,),
    ),
    Setting(
        "keys_urls",
        ("JWT_PUBLIC_KEY_URL",),
        "Where an issuer publishes its keys: its JWKS, or its discovery document. Several with commas, in the order of "
        "`JWT_ISSUER`.",
        _keys_urls,
        (),
        default_doc="by discovery from `JWT_ISSUER`",
    ),
    Setting(
        "issuer_names",
        ("JWT_ISSUER",),
        "What `iss` must say, exactly; several with commas. Without it `JWT_PUBLIC_KEY_URL` is a discovery document.",
        _commas,
        (),
        default_doc="of the discovery document",
    ),
    Setting(
        "audiences",
        ("JWT_AUDIENCE",),
        "What `aud` must hold: one of these, with commas.",
        _commas,
        (),
        default_doc="required",
    ),
    Setting(
        "any_audience",
        (ANY_AUDIENCE,),
        "Whether tokens that those issuers made for other programs count too. Whoever runs one of those programs can "
        "then call as any of its users.",
        values.boolean,
        False,
    ),
    Setting(
        "issuers",
        (),
        "Issuers of their own: a list of `issuer`, `audience`, and where they differ `jwks_url`, `user_id_jwt_field`, "
        "`user_email_jwt_field`, `team_id_jwt_field`, `team_ids_jwt_field`.",
        jwt_rules.issuers,
        (),
        "none",
        _in_file("issuers"),
        structured=True,
    ),
    Setting(
        "admin_scope",
        (),
        "The scope that makes a token an administrator's.",
        structures.name,
        "litellm_proxy_admin",
        files=_in_file("admin_jwt_scope"),
    ),
    _list(
        "admin_routes",
        "admin_allowed_routes",
        "Where such a token counts: paths, or groups of them.",
        ("management_routes", "spend_tracking_routes", "global_spend_tracking_routes", "info_routes"),
    ),
    _list(
        "team_routes",
        "team_allowed_routes",
        "Where a token counts that acts for a team.",
        ("openai_routes", "info_routes", "mcp_routes", "/v1/messages", "/v1/messages/count_tokens"),
    ),
    _list(
        "public_routes",
        "public_allowed_routes",
        "Where a good token counts that stands for nobody here.",
        ("public_routes",),
    ),
    _claim("user_id", "user_id_jwt_field", "the `user_id` of a new user"),
    _claim("email", "user_email_jwt_field", "the e-mail address"),
    _claim("team_id", "team_id_jwt_field", "the team's `team_id`"),
    _claim("team_ids", "team_ids_jwt_field", "a list of such"),
    _claim("team_alias", "team_alias_jwt_field", "the team's name, which must be one team's alone"),
    Setting(
        "team_default",
        (),
        "The team of a token that names none.",
        structures.name,
        default_doc="none",
        files=_in_file("team_id_default"),
    ),
    Setting(
        "email_domain",
        (),
        "The only domain of e-mail addresses whose users count. An address that is called unverified has none.",
        structures.name,
        default_doc="any",
        files=_in_file("user_allowed_email_domain"),
    ),
    _claim("user_roles_field", "user_roles_jwt_field", "the roles that `user_allowed_roles` speaks of"),
    _list("user_allowed_roles", "user_allowed_roles", "Roles of which a token must have one to count as a user's."),
    _switch("user_upsert", "user_id_upsert", "Whether an unknown identity becomes a new user."),
    _claim("roles_field", "roles_jwt_field", "the roles that the two maps below speak of"),
    Setting(
        "role_mappings",
        (),
        "Whose rights a role gives: a list of `role` and `internal_role` (`proxy_admin`, `team`, `internal_user`).",
        jwt_rules.role_mappings,
        (),
        "none",
        _in_file("role_mappings"),
        structured=True,
    ),
    _claim("object_id_field", "object_id_jwt_field", "the team or the user, whichever the role mapping says"),
    Setting(
        "scopes",
        (),
        "The models and routes that a scope opens: a list of `scope`, `models`, `routes`.",
        jwt_rules.grants("scope"),
        {},
        "none",
        _in_file("scope_mappings"),
        structured=True,
    ),
    _switch("enforce_scopes", "enforce_scope_based_access", "Whether a token may do only what its scopes open."),
    _switch("enforce_rbac", "enforce_rbac", "Whether a token must be an administrator's, a team's or a user's."),
    _switch("enforce_teams", "enforce_team_based_model_access", "Whether a token must name a team."),
    Setting(
        "role_map",
        (),
        "The role of a user by a role of the token: a list of `jwt_role` (`*` for anything) and `litellm_role`.",
        jwt_rules.role_map,
        (),
        "none",
        _in_file("jwt_litellm_role_map"),
        structured=True,
    ),
    _switch("sync", "sync_user_role_and_teams", "Whether a user's role and teams follow each new token."),
    Setting(
        "keys_ttl_s",
        (),
        "For how many seconds an issuer's keys are good before they are fetched again.",
        values.seconds,
        600.0,
        default_doc="`600`",
        files=_in_file("public_key_ttl"),
    ),
    Setting(
        "stale_ttl_s",
        (),
        "For how many seconds more they are while the issuer cannot be reached.",
        values.pause,
        3600.0,
        default_doc="`3600`",
        files=_in_file("public_key_stale_ttl"),
    ),
    Setting(
        "permissions",
        (),
        "With `enforce_rbac`, what a `proxy_admin`, `team` or `internal_user` may do: a list of `role`, `models`, "
        "`routes`.",
        jwt_rules.grants("role"),
        {},
        "anything",
        ("general_settings.role_permissions",),
        structured=True,
    ),
)


def read_jwt_auth(reader: Reader) -> JwtAuth | None:
    """What tokens may do, None while they are no credentials. Raises SettingInvalid."""
    found = reader.table(JWT_AUTH)
    if not found.pop("enabled"):
        idle = [name for name, value in reader.section(PLACE).items() if value is not None and name not in OF_SIGN_INS]
        if idle:
            reader.warn("doubt", PLACE, f"{PLACE} ({', '.join(idle)}) has no effect: {ENABLE} is not true")
        return None
    fields = Fields(**{name: found.pop(name) for name in Fields.__struct_fields__})
    urls, names = found.pop("keys_urls"), found.pop("issuer_names")
    audiences, any_audience = found.pop("audiences"), found.pop("any_audience")
    issuers = [
        *_of_variables(urls, names, frozenset(audiences), fields),
        *(_of_file(one, fields) for one in found.pop("issuers")),
    ]
    if not issuers:
        raise reader.wrong(
            ENABLE,
            "nothing says whose tokens count",
            "Set JWT_ISSUER and JWT_AUDIENCE, or write litellm_jwtauth.issuers",
        )
    if (urls or names) and not audiences and not any_audience:
        raise SettingInvalid(
            "JWT_AUDIENCE",
            source=ENVIRONMENT,
            problem="it is missing: a token that the issuer made for any other program would open this one",
            fix="Set it to what tokens for this gateway say in `aud`. If they really say nothing, "
            f"{ANY_AUDIENCE}=true takes the tokens of all programs",
        )
    for one in issuers:
        # An identity is an issuer and a subject: a name of that kind could stand for somebody of another source.
        if urlsplit(one.issuer).scheme not in ("http", "https"):
            problem = f"the issuer {one.issuer!r} is not an http or https address"
            raise reader.wrong(ENABLE, problem, "Write what the tokens say in `iss`, exactly")
    twice = [one.issuer for one in issuers if sum(one.issuer == other.issuer for other in issuers) > 1]
    if twice:
        raise reader.wrong(f"{PLACE}.issuers", f"{twice[0]!r} stands there twice", "Name every issuer once")
    return JwtAuth(
        issuers=tuple(issuers),
        **{**found, "user_allowed_roles": frozenset(found["user_allowed_roles"]), "email_domain": _domain(found)},
    )


def doubts_of(auth: JwtAuth | None) -> Iterator[Finding]:
    """What is valid and still probably not meant."""
    for one in auth.issuers if auth is not None else ():
        if not one.audiences:
            text = f"tokens of {one.issuer} count whomever they were made for: set JWT_AUDIENCE"
            yield Finding("doubt", "JWT_AUDIENCE", text)
        address = urlsplit(one.keys_url or one.issuer)
        if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
            text = f"the keys of {one.issuer} come over http: whoever is between can put others in their place"
            yield Finding("doubt", "JWT_PUBLIC_KEY_URL", text)


def _domain(found: Mapping[str, Any]) -> str | None:
    domain = found["email_domain"]
    return None if domain is None else domain.lower().removeprefix("@")


def _of_file(one: Mapping[str, Any], usual: Fields) -> TrustedIssuer:
    own = {field: one[name] for field, name in ISSUER_FIELDS.items() if name in one}
    return TrustedIssuer(
        one["issuer"], one.get("jwks_url"), frozenset(one["audience"]), msgspec.structs.replace(usual, **own)
    )


def _of_variables(
    urls: tuple[str, ...], names: tuple[str, ...], audiences: frozenset[str], fields: Fields
) -> list[TrustedIssuer]:
    """Each set of keys with its issuer: a set that could speak for any issuer would speak for the others too."""
    if not urls:
        return [TrustedIssuer(name, None, audiences, fields) for name in names]
    if not names:
        return [TrustedIssuer(_discovered(url), None, audiences, fields) for url in urls]
    if len(names) != len(urls):
        raise SettingInvalid(
            "JWT_ISSUER",
            source=ENVIRONMENT,
            problem=f"it names {len(names)} issuers, JWT_PUBLIC_KEY_URL {len(urls)} addresses",
            fix="Write one issuer for each address, in the same order",
        )
    return [
        TrustedIssuer(name, None if url == discovery_url(name) else url, audiences, fields)
        for name, url in zip(names, urls, strict=True)
    ]


def _discovered(url: str) -> str:
    if not url.endswith(WELL_KNOWN):
        raise SettingInvalid(
            "JWT_ISSUER",
            source=ENVIRONMENT,
            problem=f"it is missing, and {url} does not say whose keys it holds",
            fix="Set it to what the tokens say in `iss`, exactly",
        )
    return url.removesuffix(WELL_KNOWN)


def discovery_url(issuer: str) -> str:
    """Where an issuer publishes its discovery document (OpenID Connect Discovery 1.0, 4.1)."""
    return f"{issuer.removesuffix('/')}{WELL_KNOWN}"
