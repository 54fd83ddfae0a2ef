"""From a provider's claims to a person: pure. Whose claims may be believed is decided before."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.identity import Role, parse_role, unknown_role
from gatewright.settings.sign_in import ClaimNames
from gatewright.sso.attribution import kept
from gatewright.sso.claim_paths import at

LONGEST_ID = 255
LONGEST_EMAIL = 254
LONGEST_NAME = 200
LONGEST_SHOWN = 200
MOST_ENTRIES = 5000
"""Of a list of groups or teams; further ones do not count."""


class RoleClaim(msgspec.Struct, frozen=True):
    """What the role claim said. `present` is False for a missing or empty claim; `role` None for one without a role."""

    name: str
    present: bool = False
    role: Role | None = None
    value: str | None = None
    warning: str | None = None


class Person(msgspec.Struct, frozen=True):
    """Who signed in, by (source, subject). The names are wishes of the provider; None means that it said nothing.

    `email_refuted`: the provider says that the address is not the person's. `claims` are all that may be believed.
    `provider` is the one that the claims name; `kept` is what the person's metadata gets of the claims.
    """

    source: str
    subject: str
    role: RoleClaim
    user_id: str | None = None
    username: str | None = None
    email: str | None = None
    email_verified: bool = False
    display_name: str | None = None
    email_refuted: bool = False
    provider: str | None = None
    kept: Mapping[str, Any] = {}
    claims: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"Person({self.source!r}, {self.subject!r})"


class Listed(msgspec.Struct, frozen=True):
    """The entries of a claim that names groups or teams. `present` is False for a missing claim or an empty one."""

    name: str
    entries: tuple[str, ...] = ()
    shown: str = ""

    @property
    def present(self) -> bool:
        return bool(self.entries)


def person(claims: Mapping[str, Any], names: ClaimNames, *, source: str, subject: str) -> Person:
    """The person that the claims describe."""
    email = _text(at(claims, names.email), LONGEST_EMAIL)
    user_id = _text(at(claims, names.user_id), LONGEST_ID)
    first, last = (_text(at(claims, name), LONGEST_NAME) for name in (names.first_name, names.last_name))
    both = " ".join(filter(None, (first, last)))[:LONGEST_NAME] or None
    display_name = _text(at(claims, names.display_name), LONGEST_NAME) or both
    provider = _text(at(claims, names.provider), LONGEST_NAME)
    role = role_claim(claims, names.role)
    own = {
        "id": user_id,
        "email": email,
        "first_name": first,
        "last_name": last,
        "display_name": display_name,
        "provider": provider,
        "user_role": None if role.role is None else role.role.value,
    }
    return Person(
        source=source,
        subject=subject,
        role=role,
        user_id=user_id,
        username=_text(claims.get("preferred_username"), LONGEST_ID) or user_id,
        email=None if email is None else email.lower(),
        email_verified=names.email == "email" and claims.get("email_verified") is True,
        display_name=display_name,
        provider=provider,
        kept=kept({name: at(claims, name) for name in names.extra}, own, names),
        email_refuted=names.email == "email" and claims.get("email_verified") in (False, "false"),
        claims=claims,
    )


def role_claim(claims: Mapping[str, Any], name: str) -> RoleClaim:
    """The role in the claim: a text, or a list of which the highest role counts."""
    value = at(claims, name)
    entries = [entry for entry in (value if isinstance(value, list) else [value]) if entry not in (None, "")]
    if not entries:
        return RoleClaim(name)
    shown = _shown(value)
    roles = [role for role in map(parse_role, entries) if role is not None]
    if roles:
        return RoleClaim(name, present=True, role=min(roles, key=lambda role: role.rank), value=shown)
    warning = f"The claim {name} holds {shown}, which is no role. {unknown_role(value)}"
    return RoleClaim(name, present=True, value=shown, warning=warning)


def listed(claims: Mapping[str, Any], path: str) -> Listed:
    """The groups or teams in a claim: a list, text with commas, or one value (contract litellm 1.8), each once."""
    value = at(claims, path)
    given = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    found = (_text(entry, LONGEST_ID) for entry in given[:MOST_ENTRIES])
    entries = tuple(dict.fromkeys(entry for entry in found if entry is not None))
    return Listed(path, entries, _shown(", ".join(entries)))


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    clean = "".join(char if char.isprintable() else "?" for char in text)
    return clean if len(clean) <= LONGEST_SHOWN else f"{clean[:LONGEST_SHOWN]}…"


def _text(value: object, longest: int) -> str | None:
    """A printable text of reasonable length, a number as text; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    return text if 0 < len(text) <= longest and text.isprintable() else None
