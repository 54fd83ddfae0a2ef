"""Proof Key for Code Exchange, S256 only (RFC 7636)."""

import base64
import hashlib
import hmac
import re
import secrets

METHOD = "S256"
VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII)
CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}", re.ASCII)


def new_verifier() -> str:
    """A fresh code verifier: 64 characters, 384 bits (RFC 7636 4.1 asks for 256)."""
    return secrets.token_urlsafe(48)


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def is_verifier(text: str) -> bool:
    """Whether the text has a verifier's shape (RFC 7636 4.1)."""
    return VERIFIER.fullmatch(text) is not None


def is_challenge(text: str) -> bool:
    """Whether the text has the shape of an S256 challenge: 32 bytes in base64url without padding."""
    return CHALLENGE.fullmatch(text) is not None


def matches(verifier: str, expected_challenge: str) -> bool:
    """Whether the verifier belongs to the challenge, in constant time; False when malformed (RFC 7636 4.6)."""
    return is_verifier(verifier) and hmac.compare_digest(challenge(verifier), expected_challenge)
