"""AWS Signature Version 4: the header lines that prove who sent a request and that it was not changed.

Source: AWS, "Signature Version 4 for API requests": the canonical request, the string to sign, the signing key.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

import msgspec

from gatewright.domain.clock import Millis

ALGORITHM = "AWS4-HMAC-SHA256"


class AwsKeys(msgspec.Struct, frozen=True):
    """A pair of keys; `token` comes with those that expire."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"AwsKeys({self.access_key!r})"


class Scope(msgspec.Struct, frozen=True):
    """Where a signature counts: `us-east-1`, `bedrock`."""

    region: str
    service: str


class Signable(msgspec.Struct, frozen=True):
    """What of a request stays the same for every body: `path` as it is sent, encoded, a query may follow.

    `authority` as the Host header has it, `content_type` as the header of that name.
    """

    method: str
    authority: str
    path: str
    content_type: str


def signed(request: Signable, body: bytes, keys: AwsKeys, scope: Scope, at: Millis) -> list[tuple[str, str]]:
    """The headers to add to this request, sent at this time."""
    now = _stamp(at // 1000)
    day = now[:8]
    fixed = f"content-type:{request.content_type}\nhost:{request.authority}\nx-amz-date:{now}\n"
    names = "content-type;host;x-amz-date"
    headers = [("x-amz-date", now)]
    if keys.token is not None:
        fixed += f"x-amz-security-token:{keys.token}\n"
        names += ";x-amz-security-token"
        headers.append(("x-amz-security-token", keys.token))
    payload = hashlib.sha256(body).hexdigest()
    canonical = f"{_first_lines(request.method, request.path)}{fixed}\n{names}\n{payload}"
    where = f"{day}/{scope.region}/{scope.service}/aws4_request"
    to_sign = f"{ALGORITHM}\n{now}\n{where}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(keys.secret_key, day, scope)
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    said = f"{ALGORITHM} Credential={keys.access_key}/{where}, SignedHeaders={names}, Signature={signature}"
    headers.append(("authorization", said))
    return headers


@lru_cache(maxsize=8)
def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(maxsize=1024)
def _first_lines(method: str, path: str) -> str:
    """Method, path and query in their canonical form. The path, encoded for the wire, is encoded once more."""
    bare, _, query = path.partition("?")
    return f"{method}\n{quote(_plain_path(bare), safe='/~')}\n{_canonical_query(query)}\n"


def _plain_path(path: str) -> str:
    """Without empty segments, `.` and `..`, which no server sees."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    closed = "/" if segments and path.endswith("/") else ""
    return "/" + "/".join(segments) + closed


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    return "&".join(f"{name}={value}" for name, _, value in sorted(pairs))


@lru_cache(maxsize=256)
def _signing_key(secret: str, day: str, scope: Scope) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
