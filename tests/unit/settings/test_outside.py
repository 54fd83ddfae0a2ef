"""GOOGLE_*, MICROSOFT_*, GITHUB_* and GENERIC_PROFILE: what each says of a provider, and what stops the start."""

from pathlib import Path
from typing import Any

import pytest

import gatewright
from gatewright.domain.errors import SettingInvalid
from gatewright.settings.load import load
from gatewright.settings.outside import OUTSIDE
from gatewright.settings.profiles import options
from gatewright.settings.profiles.made import made
from gatewright.settings.profiles.profile import FIELD, NAMES, find, guess
from gatewright.settings.sign_in import SignInProvider

TENANT = "11112222-3333-4444-5555-666677778888"
OTHER = "99992222-3333-4444-5555-666677778888"
GOOGLE = {"GOOGLE_CLIENT_ID": "g", "GOOGLE_CLIENT_SECRET": "gs", "GOOGLE_ALLOWED_DOMAINS": "example.com"}
MICROSOFT = {"MICROSOFT_CLIENT_ID": "m", "MICROSOFT_CLIENT_SECRET": "ms", "MICROSOFT_TENANT": TENANT}
GITHUB = {"GITHUB_CLIENT_ID": "h", "GITHUB_CLIENT_SECRET": "hs", "GITHUB_ALLOWED_ORGANIZATIONS": "acme"}
GENERIC = {
    "GENERIC_CLIENT_ID": "x",
    "GENERIC_CLIENT_SECRET": "xs",
    "GENERIC_AUTHORIZATION_ENDPOINT": "https://idp.example.com/authorize",
    "GENERIC_TOKEN_ENDPOINT": "https://idp.example.com/token",
    "GENERIC_USERINFO_ENDPOINT": "https://idp.example.com/userinfo",
}


def only(environ: dict[str, str], **more: str) -> SignInProvider:
    (found,) = load({}, {**environ, **more}).providers
    return found


EFFECTS: list[tuple[dict[str, str], str, str, str, Any]] = [
    (GOOGLE, "GOOGLE_CLIENT_ID", "other", "client_id", "other"),
    (GOOGLE, "GOOGLE_CLIENT_SECRET", "other", "client_secret", "other"),
    (GOOGLE, "GOOGLE_ALLOWED_DOMAINS", "A.example, b.example", "options.allowed_domains", "a.example,b.example"),
    (MICROSOFT, "MICROSOFT_CLIENT_ID", "other", "client_id", "other"),
    (MICROSOFT, "MICROSOFT_CLIENT_SECRET", "other", "client_secret", "other"),
    (MICROSOFT, "MICROSOFT_TENANT", OTHER, "issuer", f"https://login.microsoftonline.com/{OTHER}/v2.0"),
    (MICROSOFT, "MICROSOFT_ALLOWED_TENANTS", f"{OTHER},", "options.allowed_tenants", OTHER),
    (MICROSOFT, "MICROSOFT_AUTHORIZATION_ENDPOINT", "https://p/a", "authorization_endpoint", "https://p/a"),
    (MICROSOFT, "MICROSOFT_TOKEN_ENDPOINT", "https://p/t", "token_endpoint", "https://p/t"),
    (MICROSOFT, "MICROSOFT_USERINFO_ENDPOINT", "https://p/me", "userinfo_endpoint", "https://p/me"),
    (MICROSOFT, "MICROSOFT_GRAPH_ENDPOINT", "https://p/v1.0/", "options.graph_endpoint", "https://p/v1.0"),
    (MICROSOFT, "MICROSOFT_SERVICE_PRINCIPAL_ID", OTHER, "options.service_principal_id", OTHER),
    (MICROSOFT, "MICROSOFT_USER_ID_ATTRIBUTE", "x", "claims.user_id", "x"),
    (MICROSOFT, "MICROSOFT_USER_EMAIL_ATTRIBUTE", "x", "claims.email", "x"),
    (MICROSOFT, "MICROSOFT_USER_DISPLAY_NAME_ATTRIBUTE", "x", "claims.display_name", "x"),
    (MICROSOFT, "MICROSOFT_USER_FIRST_NAME_ATTRIBUTE", "x", "claims.first_name", "x"),
    (MICROSOFT, "MICROSOFT_USER_LAST_NAME_ATTRIBUTE", "x", "claims.last_name", "x"),
    (GITHUB, "GITHUB_CLIENT_ID", "other", "client_id", "other"),
    (GITHUB, "GITHUB_CLIENT_SECRET", "other", "client_secret", "other"),
    (GITHUB, "GITHUB_ALLOWED_ORGANIZATIONS", "Acme, 42", "options.allowed_organizations", "acme,42"),
    (GITHUB, "GITHUB_ENTERPRISE_URL", "https://ghe.a/", "token_endpoint", "https://ghe.a/login/oauth/access_token"),
    (GENERIC, "GENERIC_PROFILE", "auth0", "claims.user_id", "nickname"),
]


@pytest.mark.parametrize(("base", "name", "value", "path", "expected"), EFFECTS, ids=lambda one: str(one)[:40])
def test_a_variable_has_its_effect(base: dict[str, str], name: str, value: str, path: str, expected: Any) -> None:
    def at(found: Any) -> Any:
        for step in path.split("."):
            found = found.get(step) if isinstance(found, dict) else getattr(found, step)
        return found

    assert at(only(base, **{name: value})) == expected
    assert at(only(base)) != expected


def test_every_variable_is_tried_here() -> None:
    assert {name for row in OUTSIDE for name in row.env} == {effect[1] for effect in EFFECTS}


def test_several_providers_stand_in_the_order_of_litellms_choice() -> None:
    found = load({}, {**GITHUB, **GENERIC, **MICROSOFT, **GOOGLE}).providers
    assert [provider.id for provider in found] == ["google", "microsoft", "generic", "github"]
    assert [provider.label for provider in found] == ["Google", "Microsoft", None, "GitHub"]
    assert "ms" not in repr(found)


@pytest.mark.parametrize(
    "name",
    [
        *("GOOGLE_CLIENT_SECRET", "GOOGLE_ALLOWED_DOMAINS"),
        *("MICROSOFT_CLIENT_SECRET", "MICROSOFT_TENANT"),
        *("GITHUB_CLIENT_SECRET", "GITHUB_ALLOWED_ORGANIZATIONS"),
    ],
)
def test_what_is_missing_stops_the_start_by_its_name(name: str) -> None:
    base = {"GOOGLE": GOOGLE, "MICROSOFT": MICROSOFT, "GITHUB": GITHUB}[name.partition("_")[0]]
    with pytest.raises(SettingInvalid, match=name):
        load({}, {key: value for key, value in base.items() if key != name})


@pytest.mark.parametrize("tenant", ["common", "Organizations", "consumers"])
def test_many_tenants_need_to_be_told_which(tenant: str) -> None:
    with pytest.raises(SettingInvalid, match="MICROSOFT_ALLOWED_TENANTS"):
        only(MICROSOFT, MICROSOFT_TENANT=tenant)
    found = only(MICROSOFT, MICROSOFT_TENANT=tenant, MICROSOFT_ALLOWED_TENANTS="*")
    # No one issuer stands for them: the ID token names it.
    assert found.issuer is None
    assert found.token_endpoint == f"https://login.microsoftonline.com/{tenant.lower()}/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("base", "name"),
    [
        (GOOGLE, "GOOGLE_ALLOWED_DOMAINS"),
        ({**MICROSOFT, "MICROSOFT_TENANT": "common"}, "MICROSOFT_ALLOWED_TENANTS"),
        (GITHUB, "GITHUB_ALLOWED_ORGANIZATIONS"),
    ],
)
def test_letting_the_world_in_is_doubted(base: dict[str, str], name: str) -> None:
    (warning,) = load({}, {**base, name: "*"}).warnings
    assert name in warning
    assert "in the world could sign in" in warning


def test_a_national_cloud_is_the_issuer_where_its_token_endpoint_is_named() -> None:
    us = f"https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token"
    assert only(MICROSOFT, MICROSOFT_TOKEN_ENDPOINT=us).issuer == f"https://login.microsoftonline.us/{TENANT}/v2.0"


def test_with_a_service_principal_the_granted_permissions_are_asked_for() -> None:
    assert only(MICROSOFT).scope == "openid profile email User.Read"
    found = only(
        MICROSOFT, MICROSOFT_SERVICE_PRINCIPAL_ID=OTHER, MICROSOFT_GRAPH_ENDPOINT="https://graph.microsoft.us/v1.0"
    )
    assert found.scope == "openid profile email https://graph.microsoft.us/.default"


@pytest.mark.parametrize(
    ("base", "name", "value"),
    [
        (GOOGLE, "GOOGLE_ALLOWED_DOMAINS", "exa mple.com"),
        (GOOGLE, "GOOGLE_ALLOWED_DOMAINS", " , "),
        (MICROSOFT, "MICROSOFT_TENANT", "../evil"),
        (MICROSOFT, "MICROSOFT_ALLOWED_TENANTS", "acme"),
        (MICROSOFT, "MICROSOFT_SERVICE_PRINCIPAL_ID", "me/../x"),
        (MICROSOFT, "MICROSOFT_GRAPH_ENDPOINT", "graph"),
        (GITHUB, "GITHUB_ALLOWED_ORGANIZATIONS", "a/b"),
        (GITHUB, "GITHUB_ENTERPRISE_URL", "ghe"),
        (GENERIC, "GENERIC_PROFILE", "yahoo"),
    ],
)
def test_what_cannot_be_meant_stops_the_start_by_its_name(base: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        load({}, {**base, name: value})


# Profiles are data.

ADDRESSES = [
    ("https://accounts.google.com", "google"),
    (f"https://login.microsoftonline.com/{TENANT}/v2.0", "microsoft"),
    ("https://login.microsoftonline.com/common/oauth2/v2.0/token", "microsoft"),
    ("https://acme.okta.com", "okta"),
    ("https://acme.oktapreview.com/oauth2/default", "okta"),
    ("https://acme.okta.mil", "okta"),
    ("https://acme.okta", "generic"),
    ("https://sso.example.com/realms/staff", "keycloak"),
    ("https://sso.example.com/auth/realms/staff/protocol/openid-connect/token", "keycloak"),
    ("https://auth.example.com/application/o/litellm/", "authentik"),
    ("https://auth.example.com/application/o/token/", "authentik"),
    ("https://acme.eu.auth0.com/", "auth0"),
    ("https://github.com/login/oauth/authorize", "github"),
    ("https://idp.example.com", "generic"),
    ("https://okta.com.evil.example", "generic"),
    ("https://evil.example/https://github.com/", "generic"),
]


@pytest.mark.parametrize(("address", "name"), ADDRESSES)
def test_a_profile_is_told_by_an_address(address: str, name: str) -> None:
    assert guess(None, address) == name


@pytest.mark.parametrize("name", NAMES)
def test_a_profiles_words_are_whole(name: str) -> None:
    profile = find(name)
    known = {"redirect_uri": "https://llm.example/sso/callback", "issuer": "https://i", "client_id": "c"}
    words = [*profile.steps_for(**known), *(str(profile.fix(code, **known)) for code in profile.fixes)]
    assert any(known["redirect_uri"] in step for step in profile.steps_for(**known))
    assert not any(FIELD.search(text) for text in words)
    assert all(text.endswith(".") for text in words)
    # An option can be given, and one that is parsed is explained.
    assert set(FIELD.findall(profile.issuer or "")) <= set(profile.fields)
    assert set(options.PARSERS.get(name, {})) <= set(profile.fields)
    assert profile.fix("no_such_code") is None


def test_a_fix_is_for_an_error_that_exists() -> None:
    source = "\n".join(path.read_text() for path in Path(gatewright.__file__).parent.rglob("*.py"))
    codes = {code for name in NAMES for code in find(name).fixes}
    of_tokens = {code: code.replace("id_token_", "{kind}_") for code in codes}
    assert [code for code in sorted(codes) if f'"{code}"' not in source and of_tokens[code] not in source] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_recipes_say_the_same_steps(name: str) -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "providers.md").read_text()
    known = {"redirect_uri": "https://llm.example.com/sso/callback", "client_id": "gatewright"}
    for number, step in enumerate(find(name).steps_for(**known), 1):
        assert f"{number}. {step}" in text


def test_fields_make_the_issuer() -> None:
    assert made("keycloak", {"domain": "k.example", "realm": "a"}, id="k", client_id="c").issuer == (
        "https://k.example/realms/a"
    )
    assert find("auth0").issuer_of({"domain": "acme.eu.auth0.com"}) == "https://acme.eu.auth0.com/"
    assert find("keycloak").issuer_of({"domain": "k.example"}) is None


def test_the_generic_provider_takes_its_profiles_ways() -> None:
    keycloak = {**GENERIC, "GENERIC_TOKEN_ENDPOINT": "https://k.example/realms/a/protocol/openid-connect/token"}
    found = only(keycloak)
    assert (found.profile, found.token_claims, found.claims.first_name) == ("keycloak", True, "given_name")
    assert not only(keycloak, GENERIC_INCLUDE_TOKEN_CLAIMS="false").token_claims
    assert only(keycloak, GENERIC_USER_FIRST_NAME_ATTRIBUTE="first").claims.first_name == "first"
    assert only(GENERIC).profile == "generic"


def test_the_generic_provider_lets_the_world_in_as_little() -> None:
    common = {**GENERIC, "GENERIC_TOKEN_ENDPOINT": "https://login.microsoftonline.com/common/oauth2/v2.0/token"}
    with pytest.raises(SettingInvalid, match="MICROSOFT_ALLOWED_TENANTS"):
        only(common)
    assert only(common, MICROSOFT_ALLOWED_TENANTS=TENANT).options == {
        "tenant": "common",
        "allowed_tenants": TENANT,
        "groups_from": "token",
    }
    with pytest.raises(SettingInvalid, match="GOOGLE_ALLOWED_DOMAINS"):
        only(GENERIC, GENERIC_PROFILE="google")
    one = {**GENERIC, "GENERIC_TOKEN_ENDPOINT": f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"}
    assert only(one).profile == "microsoft"


def test_options_that_a_profile_has_not_are_refused_by_name() -> None:
    assert options.checked("microsoft", {"tenant": TENANT.upper()}) == {"tenant": TENANT}
    for name, wrong in (("google", {"tenant": TENANT}), ("microsoft", {"tenant": "a/b"}), ("generic", {"x": "y"})):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            options.checked(name, wrong)
