"""What a client may say about itself when it registers."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.oidc import client_metadata
from gatewright.oidc.client_metadata import REFUSED, ClientMetadata
from gatewright.oidc.errors import InvalidClientMetadata, InvalidRedirectUri, UnapprovedSoftwareStatement

GRANTS = ("authorization_code", "refresh_token", "client_credentials")
OWN = "https://gateway.example"
URI = "https://rp.example/cb"
KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}]}


def read(**raw: Any) -> ClientMetadata:
    return client_metadata.read({"redirect_uris": [URI], **raw}, grants=GRANTS, own_origin=OWN)


def test_what_is_left_out_has_the_protocols_defaults() -> None:
    found = read()
    assert (found.grant_types, found.auth_method, found.scopes) == (
        ("authorization_code",),
        "client_secret_basic",
        None,
    )
    assert client_metadata.response_types(found.grant_types) == ["code"]
    assert (found.name, found.client_uri, found.jwks, found.algorithm, found.notice_uri) == ("", "", None, None, "")


def test_null_is_left_out_too() -> None:
    names = ("client_name", "scope", "grant_types", "response_types", "jwks", "jwks_uri", "software_statement")
    assert read(**dict.fromkeys(names)) == read()


def test_members_that_nobody_knows_change_nothing() -> None:
    assert read(contacts=["x"], logo_uri="https://rp.example/logo", tos_uri=7, client_id="mine", x_y={}) == read()


def test_keys_are_kept_for_whoever_proves_itself_with_them() -> None:
    assert read(token_endpoint_auth_method="private_key_jwt", jwks=KEYS).jwks == KEYS
    assert read(jwks=KEYS).jwks is None


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_would_promise_too_much_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidClientMetadata, match=name):
        read(**{name: "https://rp.example/x"})
    assert read(**{name: None}) == read()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grant_types": ["implicit"]}, "grant_types"),
        ({"grant_types": ["urn:ietf:params:oauth:grant-type:device_code"]}, "grant_types"),
        ({"grant_types": ["refresh_token"]}, "grant_types"),
        ({"grant_types": "authorization_code"}, "grant_types"),
        ({"grant_types": [7]}, "grant_types"),
        ({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}, "grant_types"),
        ({"response_types": ["id_token"]}, "response_types"),
        ({"response_types": ["code", "code id_token"]}, "response_types"),
        ({"response_types": []}, "response_types"),
        ({"response_types": ["code"], "grant_types": ["client_credentials"]}, "response_types"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": []}, "jwks"),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "jwks": KEYS, "token_endpoint_auth_signing_alg": "HS256"},
            "token_endpoint_auth_signing_alg",
        ),
        ({"subject_type": "pairwise"}, "subject_type"),
        ({"application_type": "desktop"}, "application_type"),
        ({"scope": "openid  e\tmail"}, "scope"),
        ({"scope": ["openid"]}, "scope"),
        ({"client_name": "x" * 101}, "client_name"),
        ({"client_name": "evil\u202ename"}, "client_name"),
        ({"client_uri": "javascript:alert(1)"}, "client_uri"),
        ({"client_uri": "com.example.app:/x"}, "client_uri"),
        ({"client_uri": "https://rp.example/?u=%(username)s"}, "client_uri"),
        ({"backchannel_logout_uri": "http://rp.example/out"}, "backchannel_logout_uri"),
        ({"backchannel_logout_uri": f"{OWN}/out"}, "backchannel_logout_uri"),
        ({"backchannel_logout_uri": "com.example.app:/out"}, "backchannel_logout_uri"),
        ({"backchannel_logout_uri": URI, "frontchannel_logout_uri": URI}, "frontchannel_logout_uri"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        read(**changes)
    assert caught.value.message.startswith(f"{words}:")
    assert caught.value.cause == f"metadata_{words}"


@pytest.mark.parametrize(
    "uri",
    [
        "http://rp.example/cb",
        "https://rp.example/cb#x",
        "https://rp@evil.example/cb",
        "https://rp.example/a/../cb",
        "https://rp.example\\@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "app:/cb",
        "{base_url}/sso/callback",
        f"{OWN}/sso/callback",
        "https://GATEWAY.example/sso/callback",
        "https://gateway.example:443/sso/callback",
        "",
        "x" * 3000,
    ],
)
def test_redirect_uris_that_nobody_may_have(uri: str) -> None:
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        with pytest.raises(InvalidRedirectUri):
            read(**{name: [URI, uri]})
    with pytest.raises(InvalidRedirectUri):
        read(redirect_uris=URI)


def test_a_code_needs_somewhere_to_go() -> None:
    missing: list[list[str] | None] = [[], None]
    for uris in missing:
        with pytest.raises(InvalidRedirectUri):
            read(redirect_uris=uris)
    assert read(redirect_uris=None, grant_types=["client_credentials"]).redirect_uris == ()


def test_apps_have_addresses_of_their_own() -> None:
    native = ["com.example.app:/cb", "http://127.0.0.1/cb", "http://localhost:9/cb"]
    assert read(redirect_uris=native).redirect_uris == tuple(native)
    assert client_metadata.application_type(native) == "native"
    assert read(redirect_uris=native, application_type="native") == read(redirect_uris=native)
    with pytest.raises(InvalidRedirectUri, match="private-use"):
        read(redirect_uris=native, application_type="web")


def test_a_software_statement_is_refused() -> None:
    with pytest.raises(UnapprovedSoftwareStatement):
        read(software_statement="e30.e30.")


NAMES = sorted({*REFUSED, *ClientMetadata.__struct_fields__, "redirect_uris", "token_endpoint_auth_method", "scope"})
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text("a%:/\x00\u202e\ud800 ", max_size=9)
    | st.sampled_from([URI, "none", "code", *GRANTS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("keys"), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
def test_any_document_passes_whole_or_is_refused_in_the_protocols_words(raw: dict[str, Any]) -> None:
    """Whatever else is raised fails this test."""
    with suppress(InvalidClientMetadata, InvalidRedirectUri):
        found = client_metadata.read(raw, grants=GRANTS, own_origin=OWN)
        assert set(found.grant_types) <= set(GRANTS)
        assert found.redirect_uris or "authorization_code" not in found.grant_types
