"""What an ID token must say, one function a claim (OpenID Connect Core 3.1.3.7). The signature is oidc.jwt's matter.

Times here are whole seconds, as in the token; `now` too.
"""

import hmac
import math
from collections.abc import Callable

import msgspec

from gatewright.oidc.errors import TokenInvalid
from gatewright.oidc.jwt import VerifiedClaims, half_hash

LONGEST_SUBJECT = 255
SKEW_SECONDS = 120
"""How far two clocks may differ."""


class Expectations(msgspec.Struct, frozen=True):
    """What this login expects. None for `nonce`, `access_token` or `max_age` means that the claim is not asked for.

    `issuer` None means that the issuer is not known beforehand (the seed's variables name none) and is not compared.
    `algorithm` is the header's, for `at_hash`. `now`, `max_age` and `skew` are seconds.
    """

    issuer: str | None
    client_id: str
    now: int
    nonce: str | None = None
    access_token: str | None = None
    algorithm: str = "RS256"
    max_age: int | None = None
    skew: int = SKEW_SECONDS


def validate(claims: VerifiedClaims, expected: Expectations) -> str:
    """Runs every check in order and returns the subject. Raises TokenInvalid with the first failed check's code."""
    for check in CHECKS:
        check(claims, expected)
    return str(claims["sub"])


def issuer(claims: VerifiedClaims, expected: Expectations) -> None:
    """`iss` equals the issuer exactly, trailing slash included (3.1.3.7 step 2)."""
    found = claims.get("iss")
    if not isinstance(found, str) or not found:
        raise TokenInvalid("id_token_issuer", "The ID token names no issuer.")
    if expected.issuer is not None and found != expected.issuer:
        raise TokenInvalid(
            "id_token_issuer",
            f"The ID token was issued by {found[:200]!r}, but {expected.issuer!r} was expected.",
            hint="The issuer must be configured exactly as the provider spells it, trailing slash included.",
        )


def audience(claims: VerifiedClaims, expected: Expectations) -> None:
    """`aud` holds our client id; with several audiences `azp` names us (steps 3 to 5)."""
    found = claims.get("aud")
    audiences = [found] if isinstance(found, str) else found
    if not isinstance(audiences, list) or expected.client_id not in audiences:
        raise TokenInvalid(
            "id_token_audience",
            "The ID token was issued for another client.",
            hint="Compare GENERIC_CLIENT_ID with the client id that the provider shows.",
        )
    party = claims.get("azp")
    if len(audiences) > 1 and party is None:
        raise TokenInvalid("id_token_azp", "The ID token has several audiences and does not say who asked for it.")
    if party is not None and party != expected.client_id:
        raise TokenInvalid("id_token_azp", "The ID token was issued to another client.")


def expiry(claims: VerifiedClaims, expected: Expectations) -> None:
    """`exp` is present and ahead, apart from the allowed skew (step 9)."""
    if _seconds(claims, "exp") + expected.skew <= expected.now:
        raise TokenInvalid(
            "id_token_expired", "The ID token has expired.", hint="Compare the clocks of this machine and the provider."
        )


def issued_at(claims: VerifiedClaims, expected: Expectations) -> None:
    """`iat` is present and not ahead (step 10)."""
    if _seconds(claims, "iat") - expected.skew > expected.now:
        raise TokenInvalid(
            "id_token_issued_in_future",
            "The ID token was issued in the future.",
            hint="Compare the clocks of this machine and the provider.",
        )


def not_before(claims: VerifiedClaims, expected: Expectations) -> None:
    """`nbf`, when present, has passed (RFC 7519 4.1.5)."""
    if "nbf" in claims and _seconds(claims, "nbf") - expected.skew > expected.now:
        raise TokenInvalid("id_token_not_yet_valid", "The ID token is not valid yet.")


def subject(claims: VerifiedClaims, expected: Expectations) -> None:  # noqa: ARG001 - one signature for all checks
    """`sub` is a text of 1 to 255 characters (OpenID Connect Core 2)."""
    if not is_subject(claims.get("sub")):
        raise TokenInvalid("id_token_subject", "The ID token does not name a person.")


def is_subject(value: object) -> bool:
    """Whether this names a person: 1 to 255 characters that can be seen, none of them a control or an invisible one."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_SUBJECT and value.isprintable()


def nonce(claims: VerifiedClaims, expected: Expectations) -> None:
    """`nonce` is the one that this login sent (step 11)."""
    if expected.nonce is None:
        return
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), expected.nonce.encode()):
        raise TokenInvalid(
            "nonce_mismatch", "The ID token belongs to another sign-in attempt.", hint="Start the sign-in again."
        )


def access_token_hash(claims: VerifiedClaims, expected: Expectations) -> None:
    """`at_hash`, when present, belongs to the access token that came along (3.1.3.8)."""
    found = claims.get("at_hash")
    if found is None or expected.access_token is None:
        return
    right = half_hash(expected.access_token, expected.algorithm) if expected.access_token.isascii() else ""
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), right.encode()):
        raise TokenInvalid("at_hash_mismatch", "The access token does not belong to the ID token.")


def authentication_time(claims: VerifiedClaims, expected: Expectations) -> None:
    """`auth_time` is recent enough when `max_age` was asked for (step 13)."""
    if expected.max_age is None:
        return
    if "auth_time" not in claims:
        raise TokenInvalid("auth_time_missing", "The provider did not say when the person signed in.")
    if _seconds(claims, "auth_time") + expected.max_age + expected.skew < expected.now:
        raise TokenInvalid("auth_time_too_old", "The person signed in to the provider too long ago.")


CHECKS: tuple[Callable[[VerifiedClaims, Expectations], None], ...] = (
    issuer,
    audience,
    expiry,
    issued_at,
    not_before,
    subject,
    nonce,
    access_token_hash,
    authentication_time,
)


def _seconds(claims: VerifiedClaims, name: str) -> float:
    value = claims.get(name)
    # bool is an int in Python; NaN and Infinity would pass comparisons.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TokenInvalid("id_token_malformed", f"The ID token's {name} is missing or not a number.")
    return value
