"""What a SCIM client reads, and the version that it may insist on."""

import hashlib
from typing import Any

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.scim.documents import Document
from gatewright.domain.scim.errors import VersionDiffers


class Resource(msgspec.Struct, frozen=True):
    """A resource without addresses: `document` has its attributes. `version` is None where a part was left out."""

    id: str
    document: Document
    created_at: Millis
    updated_at: Millis
    version: str | None


def version_of(*parts: Any) -> str:
    """A weak entity tag (RFC 9110 8.8.1), which changes with what a client can read."""
    return f'W/"{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:20]}"'


def check_version(expected: str | None, actual: str | None) -> None:
    """Raises VersionDiffers unless If-Match names the version, or is absent or `*`."""
    if expected is None or expected.strip() == "*":
        return
    wanted = [one.strip().removeprefix("W/") for one in expected.split(",")]
    if (actual or "").removeprefix("W/") not in wanted:
        raise VersionDiffers()
