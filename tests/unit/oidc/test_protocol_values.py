import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.oidc import errors, metadata, parameters, pkce, scopes

ISSUER = "https://idp.example/application/o/litellm/"


def document(**changes: object) -> bytes:
    base: dict[str, object] = {
        "issuer": ISSUER,
        "authorization_endpoint": "https://idp.example/authorize/",
        "token_endpoint": "https://idp.example/token/",
        "jwks_uri": "https://idp.example/jwks/",
        "userinfo_endpoint": None,
        "unknown": {"x": 1},
    }
    return json.dumps({**base, **changes}).encode()


class TestPkce:
    def test_the_example_of_the_specification(self) -> None:
        """RFC 7636 appendix B."""
        assert pkce.challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == (
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        )

    def test_a_new_verifier_fits_and_is_new(self) -> None:
        one, two = pkce.new_verifier(), pkce.new_verifier()
        assert one != two
        assert pkce.is_verifier(one)
        assert pkce.is_challenge(pkce.challenge(one))
        assert pkce.matches(one, pkce.challenge(one))
        assert not pkce.matches(two, pkce.challenge(one))

    @pytest.mark.parametrize("text", ["", "a" * 42, "a" * 129, "a" * 42 + "é", "a" * 42 + " ", "a" * 43 + "\n"])
    def test_malformed_verifiers_never_match(self, text: str) -> None:
        assert not pkce.is_verifier(text)
        assert not pkce.matches(text, pkce.challenge("a" * 43))


class TestParameters:
    def test_values_are_single(self) -> None:
        found = parameters.parse("client_id=litellm&state=a%20b&nonce=&x=1&x=2")
        assert found == {"client_id": "litellm", "state": "a b", "nonce": "", "x": "1"}
        assert found.value("nonce") is None
        found.refuse_repeated()

    def test_repeated_oauth_parameters_are_refused(self) -> None:
        found = parameters.parse("scope=openid&scope=openid")
        assert found.repeated == {"scope"}
        with pytest.raises(errors.InvalidRequest, match="scope"):
            found.refuse_repeated()

    @pytest.mark.parametrize("text", ["x" * 20_000, "&".join(f"p{n}=1" for n in range(100)), "a=%ff", "a=%00", b"\xff"])
    def test_over_long_or_malformed_input_is_refused(self, text: str | bytes) -> None:
        with pytest.raises(errors.InvalidRequest):
            parameters.parse(text)

    @given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=20).filter(lambda v: "\x00" not in v)))
    def test_encoding_and_parsing_are_inverse(self, values: dict[str, str]) -> None:
        try:
            encoded = urlencode(values)
        except UnicodeEncodeError:
            return
        if len(values) <= parameters.MAX_FIELDS and len(encoded) < parameters.MAX_CHARS:
            assert parameters.parse(encoded) == values


class TestScopes:
    def test_names_come_once_and_in_order(self) -> None:
        assert scopes.parse("openid  email openid\tx é") == ("openid", "email")

    def test_unknown_scopes_are_dropped_and_none_means_all(self) -> None:
        assert scopes.clamp(("openid", "root"), ["openid", "email"]) == ("openid",)
        assert scopes.clamp((), ["openid", "email", "openid"]) == ("openid", "email")
        assert scopes.clamp(("root",), ["openid"]) == ()

    @given(st.lists(st.sampled_from("abcdef")), st.lists(st.sampled_from("abcxyz")))
    def test_nothing_unconfigured_is_ever_granted(self, asked: list[str], configured: list[str]) -> None:
        assert set(scopes.clamp(tuple(asked), configured)) <= set(configured)


class TestMetadata:
    def test_a_good_document_is_read(self) -> None:
        found = metadata.parse(document(end_session_endpoint="https://idp.example/end/"), issuer=ISSUER)
        assert found.token_endpoint == "https://idp.example/token/"
        assert found.userinfo_endpoint is None
        assert found.end_session_endpoint == "https://idp.example/end/"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"<html>", "metadata_malformed"),
            (b"[]", "metadata_malformed"),
            (b"\xff", "metadata_malformed"),
            (document(token_endpoint=None), "metadata_malformed"),
            (document(issuer=ISSUER[:-1]), "metadata_issuer"),
            (document(token_endpoint="http://idp.example/token/"), "metadata_endpoint"),
            (document(jwks_uri="file:///etc/passwd"), "metadata_endpoint"),
        ],
    )
    def test_bad_documents_are_refused_with_their_code(self, body: bytes, code: str) -> None:
        with pytest.raises(errors.MetadataInvalid) as caught:
            metadata.parse(body, issuer=ISSUER)
        assert caught.value.error_code == code

    @pytest.mark.parametrize("issuer", [ISSUER, ISSUER[:-1]])
    def test_the_document_lies_below_the_issuer(self, issuer: str) -> None:
        assert metadata.discovery_url(issuer) == ISSUER + ".well-known/openid-configuration"

    def test_our_own_document_can_be_read_by_us(self) -> None:
        ours = metadata.document(
            ISSUER,
            {name: f"https://idp.example/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")},
            algorithms=["RS256"],
            scopes_supported=["openid"],
        )
        found = metadata.parse(json.dumps(ours).encode(), issuer=ISSUER)
        assert found.authorization_response_iss_parameter_supported
        assert found.code_challenge_methods_supported == ("S256",)


def test_descriptions_hold_only_what_the_grammar_allows() -> None:
    """RFC 6749 5.2."""
    assert errors.InvalidRequest('a"b\\c\nd\u20ac').message == "a'b'c'd'"


def test_errors_that_come_before_the_proof_of_client_and_address_never_redirect() -> None:
    assert not errors.UnknownClient().redirectable
    assert not errors.RedirectUriMismatch().redirectable
    assert errors.LoginRequired().redirectable
