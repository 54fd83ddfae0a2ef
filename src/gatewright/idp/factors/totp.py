"""Time-based one-time passwords (RFC 6238): six digits, thirty seconds and SHA-1, which every app reads."""

import base64
import hmac
import secrets
from urllib.parse import quote, urlencode

from gatewright.domain.clock import SECOND, Millis

SECRET_BYTES = 20
DIGITS = 6
PERIOD: Millis = 30 * SECOND
# A phone's clock may be one period off in either direction (RFC 6238 5.2).
DRIFT = (0, -1, 1)


def new_secret() -> bytes:
    """As long as SHA-1's output (RFC 4226 4, R6)."""
    return secrets.token_bytes(SECRET_BYTES)


def typed(secret: bytes) -> str:
    """The secret as people type it into an app: Base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def address(secret: bytes, issuer: str, account: str) -> str:
    """What the QR code says: the `otpauth` URI of the secret."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    query = {"secret": typed(secret), "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": 30}
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"


def code_at(secret: bytes, step: int) -> str:
    """The code of one time step (RFC 4226 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: bytes, code: str, now: Millis, last_step: int | None) -> int | None:
    """The time step whose code this is, None when it is none's, or one that was used already (RFC 6238 5.2)."""
    found = None
    for drift in DRIFT:
        step = now // PERIOD + drift
        # Every step is compared, so that the time taken does not tell which one it was.
        if step >= 0 and hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step if found is None else found
    return None if found is None or (last_step is not None and found <= last_step) else found
