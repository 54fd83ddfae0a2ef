"""The outside providers that variables name, in the order in which people see them (contract litellm 1.1 to 1.3)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from gatewright.domain.errors import SettingInvalid
from gatewright.settings import values
from gatewright.settings.claim_map import Pairs, read_claim_map
from gatewright.settings.findings import Finding
from gatewright.settings.generic import GENERIC as GENERIC_ROWS
from gatewright.settings.generic import read_generic
from gatewright.settings.profiles import options
from gatewright.settings.profiles.made import made
from gatewright.settings.profiles.options import MANY_TENANTS, listed, unrestricted, with_email
from gatewright.settings.profiles.profile import ANYBODY, GENERIC, NAMES, find, guess
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.setting import Setting
from gatewright.settings.sign_in import ClaimNames, SignInProvider

EMAIL_DOMAINS = "ALLOWED_EMAIL_DOMAINS"


def profile_name(value: str) -> str:
    """One of the profiles."""
    if value.strip().lower() not in NAMES:
        raise ValueError(f"{value!r} is no profile | Write one of {', '.join(NAMES)}")
    return value.strip().lower()


GOOGLE: tuple[Setting, ...] = (
    Setting("client_id", ("GOOGLE_CLIENT_ID",), "Turns sign-in with Google on: our client id there."),
    Setting("client_secret", ("GOOGLE_CLIENT_SECRET",), "Our client secret at Google. Required.", secret=True),
    Setting(
        "allowed_domains",
        ("GOOGLE_ALLOWED_DOMAINS",),
        "The Workspace domains whose accounts may sign in (the claim `hd`), with commas between them; `*` lets every "
        "Google account in. Required unless `ALLOWED_EMAIL_DOMAINS` is set.",
        options.domains,
    ),
)
MICROSOFT: tuple[Setting, ...] = (
    Setting("client_id", ("MICROSOFT_CLIENT_ID",), "Turns sign-in with Microsoft on: the application (client) id."),
    Setting("client_secret", ("MICROSOFT_CLIENT_SECRET",), "The client secret's value. Required.", secret=True),
    Setting(
        "tenant",
        ("MICROSOFT_TENANT",),
        "The directory (tenant) id, one of its domains, or `common`, `organizations` or `consumers`. Required.",
        options.tenant,
    ),
    Setting(
        "allowed_tenants",
        ("MICROSOFT_ALLOWED_TENANTS",),
        "The ids of the directories that may sign in, with commas between them; `*` lets all of them in. Required with "
        "`common`, `organizations` and `consumers`.",
        options.tenants,
    ),
    Setting(
        "authorization_endpoint",
        ("MICROSOFT_AUTHORIZATION_ENDPOINT",),
        "Its authorization endpoint, of a national cloud say.",
        values.url,
        default_doc="the tenant's",
    ),
    Setting(
        "token_endpoint", ("MICROSOFT_TOKEN_ENDPOINT",), "Its token endpoint.", values.url, default_doc="the tenant's"
    ),
    Setting(
        "userinfo_endpoint",
        ("MICROSOFT_USERINFO_ENDPOINT",),
        "What answers like Graph's `/me`.",
        values.url,
        default_doc="`/me` of Graph",
    ),
    Setting(
        "graph_endpoint",
        ("MICROSOFT_GRAPH_ENDPOINT",),
        "Microsoft Graph.",
        options.address,
        default_doc="`https://graph.microsoft.com/v1.0`",
    ),
    Setting(
        "service_principal_id",
        ("MICROSOFT_SERVICE_PRINCIPAL_ID",),
        "The object id of the enterprise application. The groups that are assigned to it are made teams, and of a "
        "person's groups only those count. It needs the permission Application.Read.All of Graph.",
        options.one_id,
    ),
    Setting("user_id", ("MICROSOFT_USER_ID_ATTRIBUTE",), "Graph's member for a new user's `user_id`.", default="id"),
    Setting(
        "email",
        ("MICROSOFT_USER_EMAIL_ATTRIBUTE",),
        "Graph's member with the e-mail address. Without it `mail` is taken.",
        default="userPrincipalName",
    ),
    Setting(
        "display_name",
        ("MICROSOFT_USER_DISPLAY_NAME_ATTRIBUTE",),
        "Graph's member with the name that people see.",
        default="displayName",
    ),
    Setting(
        "first_name",
        ("MICROSOFT_USER_FIRST_NAME_ATTRIBUTE",),
        "Graph's member with the first name.",
        default="givenName",
    ),
    Setting("last_name", ("MICROSOFT_USER_LAST_NAME_ATTRIBUTE",), "Graph's last name.", default="surname"),
)
GITHUB: tuple[Setting, ...] = (
    Setting("client_id", ("GITHUB_CLIENT_ID",), "Turns sign-in with GitHub on: the OAuth app's client id."),
    Setting("client_secret", ("GITHUB_CLIENT_SECRET",), "The OAuth app's client secret. Required.", secret=True),
    Setting(
        "allowed_organizations",
        ("GITHUB_ALLOWED_ORGANIZATIONS",),
        "The organizations whose members may sign in, by name or numeric id, with commas between them; `*` lets every "
        "GitHub account in. Required.",
        options.organizations,
    ),
    Setting(
        "enterprise_url",
        ("GITHUB_ENTERPRISE_URL",),
        "The address of GitHub Enterprise, instead of github.com.",
        options.address,
    ),
)
PROFILE = Setting(
    "profile",
    ("GENERIC_PROFILE",),
    "Which provider it is, for its ways and the words of help: `okta`, `keycloak`, `authentik`, `auth0`, `google`, "
    "`microsoft`, `github` or `generic`.",
    profile_name,
    default_doc="told by its addresses",
)
OUTSIDE = (*GOOGLE, *MICROSOFT, *GITHUB, PROFILE)

DEFAULTS = {
    "user_id_attribute": "user_id",
    "first_name_attribute": "first_name",
    "last_name_attribute": "last_name",
}
"""Fields of the GENERIC_* table, and the claim names that they are."""

WHO = {
    "allowed_domains": ("GOOGLE_ALLOWED_DOMAINS", "every Google account in the world could sign in"),
    "allowed_tenants": ("MICROSOFT_ALLOWED_TENANTS", "accounts of every directory in the world could sign in"),
    "allowed_organizations": ("GITHUB_ALLOWED_ORGANIZATIONS", "every GitHub account in the world could sign in"),
}


def read_outside(reader: Reader) -> tuple[SignInProvider, ...]:
    """Every provider that is configured. What is missing or wrong is gathered in `reader.errors`."""
    readers: tuple[Callable[[Reader], SignInProvider | None], ...] = (google, microsoft, generic, github)
    found = (reader.attempt(partial(read, reader), None) for read in readers)
    nothing: tuple[tuple[str, ...], Pairs] = ((), ())
    extra, kept = reader.attempt(partial(read_claim_map, reader), nothing)
    return tuple(_keeping(provider, extra, kept) for provider in found if provider is not None)


def google(reader: Reader) -> SignInProvider | None:
    """None without GOOGLE_CLIENT_ID. Raises SettingInvalid."""
    found = reader.table(GOOGLE)
    if found["client_id"] is None:
        return None
    _require(found, GOOGLE, ("client_secret",))
    return _restricted(reader, made("google", _options("google", found), id="google", **_client(found)))


def microsoft(reader: Reader) -> SignInProvider | None:
    """None without MICROSOFT_CLIENT_ID. Raises SettingInvalid."""
    found = reader.table(MICROSOFT)
    if found["client_id"] is None:
        return None
    _require(found, MICROSOFT, ("client_secret", "tenant"))
    graph = found["graph_endpoint"] or "https://graph.microsoft.com/v1.0"
    # `.default` stands for the permissions that the administrator of the directory granted, whichever they are.
    scope = f"openid profile email {graph.rpartition('/')[0]}/.default" if found["service_principal_id"] else None
    names = {name: found[name] for name in ("user_id", "email", "display_name", "first_name", "last_name")}
    provider = made(
        "microsoft",
        _options("microsoft", found),
        id="microsoft",
        scope=scope,
        claims=ClaimNames(**names, role="roles", groups="groups", teams="groups"),
        **{name: found[name] for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")},
        **_client(found),
    )
    return _restricted(reader, provider)


def github(reader: Reader) -> SignInProvider | None:
    """None without GITHUB_CLIENT_ID. Raises SettingInvalid."""
    found = reader.table(GITHUB)
    if found["client_id"] is None:
        return None
    _require(found, GITHUB, ("client_secret",))
    return _restricted(reader, made("github", _options("github", found), id="github", **_client(found)))


def generic(reader: Reader) -> SignInProvider | None:
    """The provider of GENERIC_* with its profile's ways. None without GENERIC_CLIENT_ID. Raises SettingInvalid."""
    provider, name = read_generic(reader), reader.value(PROFILE)
    if provider is None:
        return None
    name = name or guess(provider.issuer, provider.authorization_endpoint, provider.token_endpoint)
    if name == GENERIC:
        return provider
    known = {"microsoft": {"groups_from": "token"}}.get(name, {})
    tenant = _tenant(provider) if name == "microsoft" else None
    tables = {"google": GOOGLE, "microsoft": MICROSOFT, "github": GITHUB}
    rows = [row for row in tables.get(name, ()) if row.field.startswith("allowed_")]
    allowed = {row.field: value for row in rows if (value := reader.value(row)) is not None}
    given = {**known, **allowed, **({"tenant": tenant} if tenant else {})}
    changed = _with_defaults(reader, msgspec.structs.replace(provider, profile=name, options=given))
    return changed if name == "microsoft" and tenant is None else _restricted(reader, changed)


def _with_defaults(reader: Reader, provider: SignInProvider) -> SignInProvider:
    """The profile's claims where no variable names one; LiteLLM's defaults find nothing at many providers."""
    profile = find(provider.profile)
    unset = {row.field for row in GENERIC_ROWS if reader.find(row)[0] is None}
    # At Microsoft the profile's are Graph's.
    names = {} if provider.profile == "microsoft" else DEFAULTS
    claims = {name: getattr(profile.claims, name) for field, name in names.items() if field in unset}
    return msgspec.structs.replace(
        provider,
        claims=msgspec.structs.replace(provider.claims, **claims),
        token_claims=profile.token_claims if "token_claims" in unset else provider.token_claims,
    )


def _tenant(provider: SignInProvider) -> str | None:
    """The word for many tenants in the provider's addresses."""
    parts = f"{provider.issuer or ''}/{provider.authorization_endpoint or ''}/{provider.token_endpoint or ''}".split(
        "/"
    )
    return next((part for part in parts if part in MANY_TENANTS), None)


def _restricted(reader: Reader, provider: SignInProvider) -> SignInProvider:
    """The provider, once it was said who may sign in there. Raises SettingInvalid."""
    by_email = reader.variable(EMAIL_DOMAINS) is not None
    missing = unrestricted(provider.profile, provider.options, by_email=by_email)
    if missing is not None:
        name, danger = WHO[missing]
        raise SettingInvalid(
            name,
            source=ENVIRONMENT,
            problem=f"it is not set, so {danger}",
            fix="Name those who may, or write * if everybody is meant",
        )
    for option, (name, danger) in WHO.items():
        if ANYBODY in listed(provider.options.get(option)):
            reader.findings.append(Finding("doubt", name, f"{name} holds *, so {danger}"))
    kept = with_email(provider.profile, provider.options, by_email=by_email)
    return msgspec.structs.replace(provider, options=kept)


def _require(found: dict[str, Any], table: tuple[Setting, ...], fields: tuple[str, ...]) -> None:
    names = {row.field: row.env[0] for row in table}
    for field in fields:
        if found[field] is None:
            raise SettingInvalid(
                names[field],
                source=ENVIRONMENT,
                problem=f"{names['client_id']} is set but this is missing",
                fix=f"Set {names[field]}, or unset {names['client_id']}",
            )


def _options(name: str, found: dict[str, Any]) -> dict[str, str]:
    """The profile's options among the values that were read."""
    return {option: found[option] for option in options.PARSERS[name] if found.get(option) is not None}


def _keeping(provider: SignInProvider, extra: tuple[str, ...], kept: Pairs) -> SignInProvider:
    """The claims that are kept with a person, whichever provider sends them."""
    claims = msgspec.structs.replace(provider.claims, extra=extra, kept=kept)
    return msgspec.structs.replace(provider, claims=claims)


def _client(found: dict[str, Any]) -> dict[str, str]:
    return {"client_id": found["client_id"], "client_secret": found["client_secret"]}
