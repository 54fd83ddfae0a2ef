"""The outside OpenID provider that the GENERIC_* variables name (contract litellm 1.2)."""

from collections.abc import Iterator
from typing import Any

from gatewright.domain.errors import SettingInvalid
from gatewright.settings import sign_in_values, values
from gatewright.settings.claim_map import CLAIM_MAP, EXTRA
from gatewright.settings.findings import Finding
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.setting import Setting
from gatewright.settings.sign_in import ClaimNames, ClientAuth, RoleRules, SignInProvider

ID = "generic"

GENERIC: tuple[Setting, ...] = (
    Setting("client_id", ("GENERIC_CLIENT_ID",), "Turns the outside OpenID provider on: our client id there."),
    Setting(
        "client_secret",
        ("GENERIC_CLIENT_SECRET",),
        "Our client secret at the outside provider. Required with the ways `basic` and `post`.",
        secret=True,
    ),
    Setting(
        "issuer",
        ("GENERIC_ISSUER",),
        "Its issuer, exactly as it spells it. It is enough: the endpoints and keys are found by discovery, and every "
        "ID token must then be signed. An endpoint that is set beside it counts before the discovered one.",
        values.url,
    ),
    Setting(
        "authorization_endpoint",
        ("GENERIC_AUTHORIZATION_ENDPOINT",),
        "Its authorization endpoint. Required without `GENERIC_ISSUER`.",
        values.url,
    ),
    Setting(
        "token_endpoint",
        ("GENERIC_TOKEN_ENDPOINT",),
        "Its token endpoint. Required without `GENERIC_ISSUER`.",
        values.url,
    ),
    Setting(
        "userinfo_endpoint",
        ("GENERIC_USERINFO_ENDPOINT",),
        "Its userinfo endpoint. Required without `GENERIC_ISSUER`.",
        values.url,
    ),
    Setting(
        "jwks_uri",
        ("GENERIC_JWKS_URI",),
        "Where its keys are, for a provider without a discovery document.",
        values.url,
    ),
    Setting(
        "scope",
        ("GENERIC_SCOPE",),
        "The scopes to ask for, separated by spaces.",
        default="openid email profile",
    ),
    Setting("label", ("GENERIC_NAME",), "The name on its button. Without it, its host name."),
    Setting(
        "client_auth",
        ("GENERIC_CLIENT_AUTH",),
        "How we authenticate at its token endpoint: `basic`, `post`, `private_key_jwt` or `none`.",
        sign_in_values.client_auth,
        default_doc="`private_key_jwt` where a key is set and no secret; else `basic`",
    ),
    Setting(
        "include_client_id",
        ("GENERIC_INCLUDE_CLIENT_ID",),
        "LiteLLM's name for `GENERIC_CLIENT_AUTH=post`.",
        values.boolean,
        False,
    ),
    Setting(
        "private_key",
        ("GENERIC_CLIENT_PRIVATE_KEY",),
        "Our private key for `private_key_jwt`: PEM or a JWK; RSA, P-256, P-384 or Ed25519. Its public half is "
        "published at `/sso/jwks`, for the provider to fetch.",
        secret=True,
    ),
    Setting(
        "use_pkce",
        ("GENERIC_CLIENT_USE_PKCE",),
        "Whether the authorization request carries PKCE (S256). Unlike in LiteLLM it does by default.",
        values.boolean,
        True,
    ),
    Setting(
        "token_claims",
        ("GENERIC_INCLUDE_TOKEN_CLAIMS",),
        "Whether claims of the access token count too, under those of userinfo and of the ID token. Only of one that "
        "is a JWT and was verified with the provider's keys.",
        values.boolean,
        False,
    ),
    Setting(
        "headers",
        ("GENERIC_SSO_HEADERS",),
        "Headers to send along to the token and userinfo endpoints: `name=value,name2=value2`.",
        sign_in_values.headers,
        {},
        default_doc="–",
        secret=True,
    ),
    Setting(
        "ca",
        ("GENERIC_CA_FILE",),
        "A PEM file of certificate authorities that are trusted for this provider, beside the system's.",
        sign_in_values.certificates,
    ),
    Setting(
        "verify_tls",
        ("GENERIC_VERIFY_TLS",),
        "`false` takes any certificate for the provider's. Whoever sits between can then sign in as anybody; use "
        "`GENERIC_CA_FILE` instead.",
        values.boolean,
        True,
    ),
    Setting(
        "clock_skew_s",
        ("GENERIC_CLOCK_SKEW",),
        f"How many seconds its clock may differ from ours, 0 to {sign_in_values.LONGEST_SKEW_S}.",
        sign_in_values.skew,
        120,
    ),
    Setting(
        "user_id_attribute",
        ("GENERIC_USER_ID_ATTRIBUTE",),
        "The claim that names a new user's `user_id` when that id is free. It never finds an existing user.",
        default="preferred_username",
    ),
    Setting(
        "email_attribute", ("GENERIC_USER_EMAIL_ATTRIBUTE",), "The claim with the e-mail address.", default="email"
    ),
    Setting(
        "display_name_attribute",
        ("GENERIC_USER_DISPLAY_NAME_ATTRIBUTE",),
        "The claim with the name that people see.",
        default="name",
    ),
    Setting(
        "first_name_attribute",
        ("GENERIC_USER_FIRST_NAME_ATTRIBUTE",),
        "The claim with the first name; first and last name stand in for a display name that is absent.",
        default="first_name",
    ),
    Setting(
        "last_name_attribute",
        ("GENERIC_USER_LAST_NAME_ATTRIBUTE",),
        "The claim with the last name.",
        default="last_name",
    ),
    Setting(
        "provider_attribute",
        ("GENERIC_USER_PROVIDER_ATTRIBUTE",),
        "The claim that is kept as `auth_provider` in a new user's metadata; without the claim it is `generic`.",
        default="provider",
    ),
    Setting(
        "role_attribute",
        ("GENERIC_USER_ROLE_ATTRIBUTE",),
        "The claim with the role, dots for nested claims. When it is set the provider decides the role at every login: "
        "without the claim it is the default role. When it is not set, roles are given here.",
        default="role",
    ),
    EXTRA,
    CLAIM_MAP,
)

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
"""What must be set where no issuer is, as in LiteLLM."""

WITHOUT_EFFECT = {
    "GENERIC_CLIENT_STATE": "the state is random at every sign-in, since a fixed one lets others sign people in as "
    "themselves",
    "PKCE_STRICT_CACHE_MISS": "a verifier cannot get lost, it is in the database",
    "SSL_VERIFY": "certificates are always verified. SSL_CERT_FILE names the authorities to trust, GENERIC_CA_FILE "
    "more of them for the sign-in provider alone, and GENERIC_VERIFY_TLS=false takes any certificate there",
    "SSL_CERTIFICATE": "no certificate of ours is shown to others. SSL_CERT_FILE names the authorities to trust",
}
"""Variables of LiteLLM that change nothing here, and why."""


def read_generic(reader: Reader) -> SignInProvider | None:
    """None without GENERIC_CLIENT_ID. Raises SettingInvalid for what is missing beside it."""
    for name, why in WITHOUT_EFFECT.items():
        if reader.variable(name) is not None:
            reader.findings.append(Finding("absent", name, f"{name} has no effect: {why}"))
    found = {one.field: reader.value(one) for one in GENERIC if one not in (EXTRA, CLAIM_MAP)}
    if found["client_id"] is None:
        return None
    auth = _client_auth(found)
    _check_parts(found, auth)
    reader.findings += _doubts(found, auth)
    role = next(setting for setting in GENERIC if setting.field == "role_attribute")
    same = ("client_id", "client_secret", "private_key", "label", "issuer", *ENDPOINTS, "jwks_uri", "use_pkce")
    more = ("token_claims", "headers", "ca", "verify_tls", "clock_skew_s")
    return SignInProvider(
        id=ID,
        profile="generic",
        client_auth=auth,
        scope=" ".join(found["scope"].split()),
        **{name: found[name] for name in (*same, *more)},
        claims=ClaimNames(
            user_id=found["user_id_attribute"],
            email=found["email_attribute"],
            display_name=found["display_name_attribute"],
            first_name=found["first_name_attribute"],
            last_name=found["last_name_attribute"],
            provider=found["provider_attribute"],
            role=found["role_attribute"],
        ),
        roles=RoleRules(is_configured=reader.find(role)[0] is not None),
    )


def _client_auth(found: dict[str, Any]) -> ClientAuth:
    said: ClientAuth | None = found["client_auth"]
    if found["include_client_id"]:
        if said not in (None, "post"):
            raise _wrong(
                "GENERIC_CLIENT_AUTH", f"it is {said}, but GENERIC_INCLUDE_CLIENT_ID=true means post", "Keep one"
            )
        return "post"
    if said is None:
        return "private_key_jwt" if found["private_key"] and not found["client_secret"] else "basic"
    return said


def _check_parts(found: dict[str, Any], auth: ClientAuth) -> None:
    """Everything that a sign-in needs is there."""
    for field in ENDPOINTS:
        if found[field] is None and found["issuer"] is None:
            raise _missing(f"GENERIC_{field.upper()}", "or set GENERIC_ISSUER alone to find it by discovery")
    if auth in ("basic", "post") and found["client_secret"] is None:
        raise _missing("GENERIC_CLIENT_SECRET", "or say in GENERIC_CLIENT_AUTH how to authenticate without it")
    if auth == "private_key_jwt" and found["private_key"] is None:
        raise _missing("GENERIC_CLIENT_PRIVATE_KEY", "or take GENERIC_CLIENT_AUTH=private_key_jwt out")
    if auth == "none" and not found["use_pkce"]:
        raise _wrong(
            "GENERIC_CLIENT_USE_PKCE",
            "a client that does not authenticate cannot go without PKCE: anybody could redeem a stolen code",
            "Take it out",
        )


def _doubts(found: dict[str, Any], auth: ClientAuth) -> Iterator[Finding]:
    if not found["verify_tls"]:
        name = "GENERIC_VERIFY_TLS"
        text = "THE SIGN-IN PROVIDER'S CERTIFICATE IS NOT VERIFIED: whoever sits between can sign in as anybody, "
        yield Finding("doubt", name, f"{name}=false: {text}administrators included. Set GENERIC_CA_FILE instead")
    if not found["use_pkce"]:
        name = "GENERIC_CLIENT_USE_PKCE"
        text = "sign-ins go without PKCE, so a stolen authorization code is easier to use"
        yield Finding("doubt", name, f"{name}=false: {text}. Take it out unless the provider refuses PKCE")
    unused = {
        "GENERIC_CLIENT_SECRET": found["client_secret"] if auth in ("private_key_jwt", "none") else None,
        "GENERIC_CLIENT_PRIVATE_KEY": found["private_key"] if auth != "private_key_jwt" else None,
    }
    for name, value in unused.items():
        if value is not None:
            yield Finding("doubt", name, f"{name} is not used: GENERIC_CLIENT_AUTH is {auth}")


def _missing(name: str, otherwise: str) -> SettingInvalid:
    return _wrong(
        name,
        "GENERIC_CLIENT_ID is set but this is missing",
        f"Set {name}, {otherwise}, or unset GENERIC_CLIENT_ID to use the embedded provider",
    )


def _wrong(name: str, problem: str, fix: str) -> SettingInvalid:
    return SettingInvalid(name, source=ENVIRONMENT, problem=problem, fix=fix)
