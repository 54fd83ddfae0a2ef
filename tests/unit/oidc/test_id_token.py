from typing import Any

import pytest

from gatewright.oidc import id_token
from gatewright.oidc.errors import TokenInvalid
from gatewright.oidc.jwt import VerifiedClaims, half_hash

NOW = 1_800_000_000
ISSUER = "http://localhost:4000/application/o/litellm/"
EXPECTED = id_token.Expectations(issuer=ISSUER, client_id="litellm", now=NOW, nonce="n-1", access_token="at.at.at")


def claims(**changes: Any) -> VerifiedClaims:
    base = {
        "iss": ISSUER,
        "sub": "alice",
        "aud": "litellm",
        "exp": NOW + 600,
        "iat": NOW,
        "nonce": "n-1",
        "at_hash": half_hash("at.at.at", "RS256"),
    }
    base.update(changes)
    return VerifiedClaims({name: value for name, value in base.items() if value is not ...})


def test_a_good_token_names_its_subject() -> None:
    assert id_token.validate(claims(), EXPECTED) == "alice"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": ISSUER.rstrip("/")}, "id_token_issuer"),
        ({"iss": ...}, "id_token_issuer"),
        ({"iss": [ISSUER]}, "id_token_issuer"),
        ({"aud": "other"}, "id_token_audience"),
        ({"aud": ...}, "id_token_audience"),
        ({"aud": ["litellm", "other"]}, "id_token_azp"),
        ({"aud": ["litellm", "other"], "azp": "other"}, "id_token_azp"),
        ({"azp": "other"}, "id_token_azp"),
        ({"exp": NOW - 121}, "id_token_expired"),
        ({"exp": ...}, "id_token_malformed"),
        ({"exp": True}, "id_token_malformed"),
        ({"exp": float("nan")}, "id_token_malformed"),
        ({"exp": float("inf")}, "id_token_malformed"),
        ({"exp": "9999999999"}, "id_token_malformed"),
        ({"iat": NOW + 121}, "id_token_issued_in_future"),
        ({"iat": ...}, "id_token_malformed"),
        ({"nbf": NOW + 121}, "id_token_not_yet_valid"),
        ({"sub": ...}, "id_token_subject"),
        ({"sub": ""}, "id_token_subject"),
        ({"sub": 7}, "id_token_subject"),
        ({"sub": "x" * 256}, "id_token_subject"),
        ({"nonce": ...}, "nonce_mismatch"),
        ({"nonce": "n-2"}, "nonce_mismatch"),
        ({"nonce": 1}, "nonce_mismatch"),
        ({"at_hash": "x"}, "at_hash_mismatch"),
        ({"at_hash": 1}, "at_hash_mismatch"),
    ],
)
def test_each_broken_claim_has_its_code(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(TokenInvalid) as caught:
        id_token.validate(claims(**changes), EXPECTED)
    assert caught.value.error_code == code
    assert len(caught.value.message) > 20


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 119},
        {"iat": NOW + 119},
        {"nbf": NOW + 119},
        {"at_hash": ...},
        {"aud": ["litellm"]},
        {"aud": ["litellm", "other"], "azp": "litellm"},
    ],
)
def test_what_the_specification_allows_passes(changes: dict[str, Any]) -> None:
    assert id_token.validate(claims(**changes), EXPECTED) == "alice"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({}, "auth_time_missing"), ({"auth_time": NOW - 421}, "auth_time_too_old"), ({"auth_time": NOW - 419}, None)],
)
def test_max_age_asks_for_a_recent_sign_in(changes: dict[str, Any], code: str | None) -> None:
    expected = id_token.Expectations(issuer=ISSUER, client_id="litellm", now=NOW, max_age=300)
    if code is None:
        assert id_token.validate(claims(**changes), expected) == "alice"
        return
    with pytest.raises(TokenInvalid) as caught:
        id_token.validate(claims(**changes), expected)
    assert caught.value.error_code == code


def test_an_unknown_issuer_must_still_be_named() -> None:
    expected = id_token.Expectations(issuer=None, client_id="litellm", now=NOW)
    assert id_token.validate(claims(iss="https://anyone"), expected) == "alice"
    with pytest.raises(TokenInvalid):
        id_token.validate(claims(iss=...), expected)
