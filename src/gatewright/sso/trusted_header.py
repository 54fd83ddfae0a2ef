"""What an authenticating proxy in front says of the person: claims like a provider's, without a provider's protocol."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.people import PROXY_SOURCE
from gatewright.oidc.errors import LoginRefused
from gatewright.settings.sign_in import ClaimNames, RoleRules, SignInProvider
from gatewright.settings.trusted_header import TrustedHeader
from gatewright.sso.sources import Source

UNTRUSTED = "trusted_header_untrusted"
LONGEST_SUBJECT = 255


class HeaderRefused(LoginRefused):
    """Headers that name a person and cannot be believed. Under the code `UNTRUSTED` they are ignored."""

    summary = "The headers of the authenticating proxy in front cannot be believed."


class Assertion(msgspec.Struct, frozen=True):
    """Who the proxy says is there, or a SAML response. `identity` is the first half of the identity: header values of
    another name are other people. `claims` are the person's, by the names of the source."""

    source: Source
    identity: str
    subject: str
    claims: Mapping[str, Any]

    @property
    def binding(self) -> str:
        """What a session that came of it is bound to."""
        return hashlib.sha256(f"{self.identity}\0{self.subject}".encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Assertion({self.identity!r})"


NAMES = ClaimNames(user_id="user", email="email", display_name="name", role="role", groups="groups")


def assertion(source: Source, header: TrustedHeader, values: Mapping[str, str]) -> Assertion:
    """The assertion in the headers' values, by field of `TrustedHeader`. Raises HeaderRefused."""
    subject = values["user"].strip()
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise HeaderRefused("trusted_header_malformed", "The proxy in front names nobody in a readable way.")
    # A proxy may join a client's header and its own with a comma (RFC 9110 5.3).
    if "," in subject:
        raise HeaderRefused("trusted_header_repeated", "The proxy in front names several people at once.")
    lists = {field: split(values[field]) for field in ("groups", "role") if field in values}
    texts = {field: values[field] for field in ("user", "email", "name") if field in values}
    return Assertion(source, f"{PROXY_SOURCE}:{header.user}", subject, {**texts, **lists})


def split(value: str) -> list[str]:
    """Authentik's outpost writes `|` between groups, the others a comma."""
    return [part for one in value.split("|" if "|" in value else ",") if (part := one.strip())]


def source_of(header: TrustedHeader) -> Source:
    """The proxy as a source, for the role decision and the teams."""

    async def no_secret() -> str:
        return ""

    names = NAMES if header.groups is None else msgspec.structs.replace(NAMES, teams="groups")
    roles = RoleRules(is_configured=header.role is not None)
    provider = SignInProvider(id=PROXY_SOURCE, profile="generic", client_id="", claims=names, roles=roles)
    return Source(provider, no_secret)
