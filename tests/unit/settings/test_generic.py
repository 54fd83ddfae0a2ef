"""The GENERIC_* variables: what each of them says of the outside provider, and what is missing or not honoured."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.outbound.test_tls import certificate

from gatewright.domain import errors
from gatewright.domain.errors import SettingInvalid
from gatewright.settings.claim_map import DESTINATION, SECRET_WORDS, parse
from gatewright.settings.load import load
from gatewright.settings.sign_in import SignInProvider

SEED = {
    "GENERIC_CLIENT_ID": "litellm",
    "GENERIC_CLIENT_SECRET": "your-client-secret",
    "GENERIC_AUTHORIZATION_ENDPOINT": "https://auth.yourdomain.com/application/o/authorize/",
    "GENERIC_TOKEN_ENDPOINT": "https://auth.yourdomain.com/application/o/token/",
    "GENERIC_USERINFO_ENDPOINT": "https://auth.yourdomain.com/application/o/userinfo/",
}
ISSUER = {
    "GENERIC_CLIENT_ID": "litellm",
    "GENERIC_CLIENT_SECRET": "s",
    "GENERIC_ISSUER": "https://auth.example.com/o/app/",
}


def provider(**environ: str) -> SignInProvider:
    (found,) = load({}, environ).providers
    return found


def warnings(**environ: str) -> str:
    return "\n".join(load({}, environ).warnings)


EFFECTS: list[tuple[str, str, str, Any]] = [
    ("GENERIC_NAME", "Example", "label", "Example"),
    ("GENERIC_ISSUER", "https://auth.yourdomain.com/", "issuer", "https://auth.yourdomain.com/"),
    ("GENERIC_JWKS_URI", "https://auth.yourdomain.com/jwks", "jwks_uri", "https://auth.yourdomain.com/jwks"),
    ("GENERIC_SCOPE", " openid   groups ", "scope", "openid groups"),
    ("GENERIC_INCLUDE_CLIENT_ID", "true", "client_auth", "post"),
    ("GENERIC_CLIENT_AUTH", "client_secret_post", "client_auth", "post"),
    ("GENERIC_CLIENT_AUTH", "none", "client_auth", "none"),
    ("GENERIC_CLIENT_USE_PKCE", "False", "use_pkce", False),
    ("GENERIC_INCLUDE_TOKEN_CLAIMS", "true", "token_claims", True),
    ("GENERIC_SSO_HEADERS", "X-Api-Key=a=b, x-org=7,", "headers", {"x-api-key": "a=b", "x-org": "7"}),
    ("GENERIC_VERIFY_TLS", "false", "verify_tls", False),
    ("GENERIC_CLOCK_SKEW", "0", "clock_skew_s", 0),
    ("GENERIC_USER_ID_ATTRIBUTE", "uid", "claims.user_id", "uid"),
    ("GENERIC_USER_EMAIL_ATTRIBUTE", "mail", "claims.email", "mail"),
    ("GENERIC_USER_DISPLAY_NAME_ATTRIBUTE", "cn", "claims.display_name", "cn"),
    ("GENERIC_USER_FIRST_NAME_ATTRIBUTE", "given_name", "claims.first_name", "given_name"),
    ("GENERIC_USER_LAST_NAME_ATTRIBUTE", "family_name", "claims.last_name", "family_name"),
    ("GENERIC_USER_PROVIDER_ATTRIBUTE", "idp", "claims.provider", "idp"),
    ("GENERIC_USER_ROLE_ATTRIBUTE", "litellm_role", "claims.role", "litellm_role"),
    ("GENERIC_USER_EXTRA_ATTRIBUTES", "department, org.unit,department", "claims.extra", ("department", "org.unit")),
    ("CLI_SSO_CLAIM_MAP", "id->metadata.sso.id", "claims.kept", (("id", "sso.id"),)),
    ("LITELLM_CLI_SSO_CLAIM_MAP", "email->mail , id->uid", "claims.kept", (("email", "mail"), ("id", "uid"))),
]


@pytest.mark.parametrize(("name", "text", "field", "value"), EFFECTS)
def test_every_variable_has_its_effect(name: str, text: str, field: str, value: Any) -> None:
    before: Any = provider(**SEED)
    found: Any = provider(**SEED, **{name: text})
    for part in field.split("."):
        before, found = getattr(before, part), getattr(found, part)
    assert found == value
    assert before != value


def test_a_file_of_authorities_becomes_their_text(tmp_path: Path) -> None:
    pair = certificate(tmp_path, "auth.example.com")
    assert provider(**SEED, GENERIC_CA_FILE=str(pair)).ca == pair.read_text()


def test_the_issuer_alone_is_enough() -> None:
    found = provider(**ISSUER)
    assert (found.issuer, found.token_endpoint, found.userinfo_endpoint) == (ISSUER["GENERIC_ISSUER"], None, None)
    beside = provider(**ISSUER, GENERIC_TOKEN_ENDPOINT="https://other.example/token")
    assert beside.token_endpoint == "https://other.example/token"


@pytest.mark.parametrize("name", [name for name in SEED if name != "GENERIC_CLIENT_ID"])
def test_a_part_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        provider(**{key: value for key, value in SEED.items() if key != name})


WRONG: list[tuple[dict[str, str], str]] = [
    ({"GENERIC_CLIENT_AUTH": "mtls"}, "no way to authenticate"),
    ({"GENERIC_CLIENT_AUTH": "private_key_jwt"}, "GENERIC_CLIENT_PRIVATE_KEY"),
    ({"GENERIC_CLIENT_AUTH": "basic", "GENERIC_INCLUDE_CLIENT_ID": "true"}, "means post"),
    ({"GENERIC_CLIENT_AUTH": "none", "GENERIC_CLIENT_USE_PKCE": "false"}, "GENERIC_CLIENT_USE_PKCE"),
    ({"GENERIC_SSO_HEADERS": "Authorization=Basic x"}, "authorization|Authorization"),
    ({"GENERIC_SSO_HEADERS": "Host=evil"}, "Host"),
    ({"GENERIC_SSO_HEADERS": "content-length=0"}, "content-length"),
    ({"GENERIC_SSO_HEADERS": "x-a=1\r\nx-b: 2"}, "x-a"),
    ({"GENERIC_SSO_HEADERS": "x-a=1,X-A=2"}, "twice"),
    ({"GENERIC_SSO_HEADERS": "just-a-word"}, "name=value"),
    ({"GENERIC_SSO_HEADERS": "x a=1"}, "name=value"),
    ({"GENERIC_CA_FILE": "/nowhere/ca.pem"}, "GENERIC_CA_FILE"),
    ({"GENERIC_CA_FILE": errors.__file__ or ""}, "holds no certificate"),
    ({"GENERIC_CLOCK_SKEW": "301"}, "between 0 and 300"),
    ({"GENERIC_CLOCK_SKEW": "-1"}, "between 0 and 300"),
    ({"GENERIC_ISSUER": "auth.example.com"}, "GENERIC_ISSUER"),
    ({"CLI_SSO_CLAIM_MAP": "id->a", "LITELLM_CLI_SSO_CLAIM_MAP": "id->b"}, "LITELLM_CLI_SSO_CLAIM_MAP"),
]


@pytest.mark.parametrize(("more", "words"), WRONG)
def test_what_cannot_be_used_stops_the_start_by_name(more: dict[str, str], words: str) -> None:
    with pytest.raises(SettingInvalid, match=words) as caught:
        provider(**SEED, **more)
    assert "Basic x" not in str(caught.value)


def test_a_secret_is_needed_only_where_it_authenticates() -> None:
    without = {name: text for name, text in SEED.items() if name != "GENERIC_CLIENT_SECRET"}
    assert provider(**without, GENERIC_CLIENT_AUTH="none").client_auth == "none"
    assert provider(**without, GENERIC_CLIENT_PRIVATE_KEY="pem").client_auth == "private_key_jwt"
    with pytest.raises(SettingInvalid, match="GENERIC_CLIENT_SECRET"):
        provider(**without, GENERIC_CLIENT_AUTH="post")


HOLES = [
    ({"GENERIC_CLIENT_STATE": "fixed"}, "the state is random at every sign-in"),
    ({"PKCE_STRICT_CACHE_MISS": "true"}, "cannot get lost"),
    ({"SSL_VERIFY": "false"}, "GENERIC_VERIFY_TLS=false"),
    ({"SSL_CERTIFICATE": "/etc/ssl/mine.pem"}, "SSL_CERT_FILE"),
    ({"GENERIC_CLIENT_USE_PKCE": "false"}, "without PKCE"),
    ({"GENERIC_VERIFY_TLS": "false"}, "CERTIFICATE IS NOT VERIFIED"),
    ({"GENERIC_CLIENT_AUTH": "none"}, "GENERIC_CLIENT_SECRET is not used"),
    ({"GENERIC_CLIENT_PRIVATE_KEY": "pem"}, "GENERIC_CLIENT_PRIVATE_KEY is not used"),
    ({"GENERIC_USER_EXTRA_ATTRIBUTES": "department"}, "has no effect without CLI_SSO_CLAIM_MAP"),
    ({"CLI_SSO_CLAIM_MAP": "department->cost"}, "department is not in GENERIC_USER_EXTRA_ATTRIBUTES"),
    ({"CLI_SSO_CLAIM_MAP": "id->api_key_of_me"}, "named like a secret"),
]


@pytest.mark.parametrize(("more", "words"), HOLES)
def test_a_hole_is_said_at_every_start(more: dict[str, str], words: str) -> None:
    assert words in warnings(**SEED, **more)
    assert words not in warnings(**SEED)


def test_the_map_holds_for_every_provider() -> None:
    google = {"GOOGLE_CLIENT_ID": "g", "GOOGLE_CLIENT_SECRET": "s", "GOOGLE_ALLOWED_DOMAINS": "example.com"}
    more = {"GENERIC_USER_EXTRA_ATTRIBUTES": "department", "CLI_SSO_CLAIM_MAP": "department->cost, other->x"}
    found = load({}, {**SEED, **google, **more})
    assert [one.id for one in found.providers] == ["google", "generic"]
    for one in found.providers:
        assert (one.claims.extra, one.claims.kept) == (("department",), (("department", "cost"), ("other", "x")))
    assert len([warning for warning in found.warnings if "CLI_SSO_CLAIM_MAP" in warning]) == 1


def test_both_names_of_the_map_may_say_the_same() -> None:
    found = provider(**SEED, CLI_SSO_CLAIM_MAP="id->a", LITELLM_CLI_SSO_CLAIM_MAP="id->a")
    assert found.claims.kept == (("id", "a"),)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("department->cost.centre, org\\.unit->metadata.unit", (("department", "cost.centre"), ("org\\.unit", "unit"))),
        ("a->my_TOKEN, b->x.Secrets.y, c->metadata.password, d->ok", (("d", "ok"),)),
        ("a->b c, a->, ->b, a, a->.b, a->ü, a->metadata.", ()),
        ("a->x, b->x.y, c->x, d->xy", (("a", "x"), ("d", "xy"))),
        ("", ()),
    ],
)
def test_the_map_keeps_what_may_be_kept(text: str, pairs: tuple[tuple[str, str], ...]) -> None:
    found, left_out = parse(text)
    assert found == pairs
    assert len(left_out) == len([part for part in text.split(",") if part.strip()]) - len(pairs)


@given(st.text(st.sampled_from("ab.-> ,metadatoken_secretü\\\x00"), max_size=60) | st.text(max_size=60))
def test_no_text_breaks_the_map_and_no_place_is_a_secret(text: str) -> None:
    pairs, _ = parse(text)
    places = [place for _, place in pairs]
    for source, place in pairs:
        assert source
        assert DESTINATION.fullmatch(place)
        assert not any(word in place.lower() for word in SECRET_WORDS)
        assert not any(other != place and f"{other}.".startswith(f"{place}.") for other in places)
    assert len(set(places)) == len(places)
