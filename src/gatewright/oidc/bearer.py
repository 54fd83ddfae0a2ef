"""A signed token of an outside issuer as a credential: what is read before its signature, and what it must say after.

Sources: RFC 7519, RFC 8725 (best practices), RFC 9068 (access tokens). Times in a token are whole seconds.
"""

import base64
import binascii
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from gatewright.oidc.errors import TokenInvalid
from gatewright.oidc.id_token import SKEW_SECONDS
from gatewright.oidc.jwt import VerifiedClaims
from gatewright.oidc.strict_json import parse_object

KIND = "jwt"
LONGEST = 16 * 1024
"""Characters of a token; who is in more groups than that gets a list of them from the issuer another way."""

TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""What `typ` may say. Other kinds of token say theirs, so that nobody takes them for this one (RFC 8725 3.11)."""

LAST_SECOND = 1e11
"""After every time that a token could mean."""

BEGINNING = "eyJ"
"""How the base64 of a JSON object begins that has a member."""


def looks_like_one(text: str) -> bool:
    """Whether a credential is a signed token rather than a key."""
    return text.startswith(BEGINNING) and text.count(".") == 2


class Peek(msgspec.Struct, frozen=True):
    """What an unverified token says of itself: good for finding the issuer's keys, for nothing else."""

    issuer: str
    kid: str | None


def peek(token: str) -> Peek:
    """Raises TokenInvalid for what is no token, too long, of another kind, or says something twice."""
    if len(token) > LONGEST or not token.isascii():
        raise _malformed()
    first, second, _ = token.split(".")
    header, claims = _object(first), _object(second)
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise TokenInvalid(
            f"{KIND}_type", "The token is of a kind that is no credential.", hint="Send the access token."
        )
    issuer, kid = claims.get("iss"), header.get("kid")
    if not isinstance(issuer, str) or not issuer:
        raise TokenInvalid(f"{KIND}_issuer", "The token names no issuer.")
    if kid is not None and not isinstance(kid, str):
        raise _malformed()
    return Peek(issuer, kid)


def validate(claims: VerifiedClaims, *, issuer: str, audiences: Collection[str], now: int) -> str:
    """The subject of a token whose signature that issuer's keys made. Raises TokenInvalid with the check's code."""
    if claims.get("iss") != issuer:
        raise TokenInvalid(f"{KIND}_issuer", "The token was issued by somebody else.")
    _check_audience(claims.get("aud"), audiences)
    if _seconds(claims, "exp") + SKEW_SECONDS <= now:
        raise TokenInvalid(f"{KIND}_expired", "The token has expired.", hint="Get a new one.")
    for name in ("nbf", "iat"):
        if name in claims and _seconds(claims, name) - SKEW_SECONDS > now:
            raise TokenInvalid(
                f"{KIND}_not_yet_valid", "The token is not valid yet.", hint="Compare the clocks of the two machines."
            )
    # Logout tokens and security events are for the same audience, and many say no `typ` (Back-Channel Logout 2.4).
    if "events" in claims:
        raise TokenInvalid(f"{KIND}_type", "The token tells of an event; it is no credential.")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise TokenInvalid(f"{KIND}_subject", "The token does not say whom it is about.")
    return subject


def until(claims: VerifiedClaims) -> int:
    """When it ends, in seconds since the epoch; the allowed difference between the clocks is not in it."""
    return int(_seconds(claims, "exp"))


def issued_at(claims: VerifiedClaims) -> int:
    """When it was issued, 0 when it does not say."""
    return int(_seconds(claims, "iat")) if "iat" in claims else 0


def _check_audience(found: object, audiences: Collection[str]) -> None:
    """None to expect means that the operator said, by name, that it is not looked at."""
    said = found if isinstance(found, list) else [found]
    if audiences and not any(isinstance(one, str) and one in audiences for one in said):
        raise TokenInvalid(
            f"{KIND}_audience",
            "The token was issued for another program.",
            hint="Ask the issuer for a token whose `aud` is this gateway's (JWT_AUDIENCE).",
        )


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # bool is an int in Python; NaN, Infinity and numbers of a thousand digits are in no range.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < LAST_SECOND:
        raise TokenInvalid(f"{KIND}_malformed", f"The token's {name} is missing or not a number.")
    return value


def _object(segment: str) -> dict[str, Any]:
    try:
        return parse_object(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _malformed() from error


def _malformed() -> TokenInvalid:
    return TokenInvalid(f"{KIND}_malformed", "The token is not a signed JSON Web Token.")
