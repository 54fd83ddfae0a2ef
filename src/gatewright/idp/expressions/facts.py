"""What an expression gets to know: of the person, the client, the request and itself."""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.people import Origin

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class GroupFacts(msgspec.Struct, frozen=True):
    """One group that the person is in, directly or through a child group. `parents` are uuids of groups listed too."""

    name: str
    uuid: str
    direct: bool
    is_superuser: bool = False
    attributes: dict[str, Any] = {}
    parents: tuple[str, ...] = ()


class EntitlementFacts(msgspec.Struct, frozen=True):
    """One entitlement of the client's application that the person has."""

    name: str
    uuid: str
    attributes: dict[str, Any] = {}


class ExpressionUser(msgspec.Struct, frozen=True):
    """The person as expressions see them. `uid` is Authentik's hashed id; an unknown e-mail address is ''.

    `authenticators` are Authentik's device types: totp, webauthn, static.
    """

    pk: int
    uuid: str
    uid: str
    username: str
    name: str
    email: str
    email_verified: bool
    is_active: bool
    attributes: dict[str, Any]
    groups: tuple[GroupFacts, ...]
    kind: str = "internal"
    path: str = "users"
    created_at: Millis | None = None
    last_login_at: Millis | None = None
    password_changed_at: Millis | None = None
    authenticators: tuple[str, ...] = ()


class ExpressionProvider(msgspec.Struct, frozen=True):
    """The provider as expressions see it."""

    name: str
    client_id: str
    application_name: str
    slug: str


class Facts(msgspec.Struct, frozen=True):
    """Everything, for one evaluation. `origin` is None where no request asks; `context` is what a test adds to it."""

    user: ExpressionUser
    provider: ExpressionProvider
    scopes: tuple[str, ...]
    entitlements: tuple[EntitlementFacts, ...] = ()
    origin: Origin | None = None
    auth_time: Millis | None = None
    mapping_name: str = ""
    scope_name: str = ""
    context: dict[str, Any] = {}

    def as_data(self) -> dict[str, Any]:
        """The plain values that cross into the sandbox, in the shape that prelude.py reads."""
        user = self.user
        person = msgspec.to_builtins(user)
        person |= {
            "type": user.kind,
            "date_joined": _moment(user.created_at),
            "last_login": _moment(user.last_login_at),
            "password_change_date": _moment(user.password_changed_at),
            "is_superuser": any(group.is_superuser for group in user.groups),
        }
        return {
            "user": person,
            "provider": msgspec.to_builtins(self.provider),
            "entitlements": msgspec.to_builtins(self.entitlements),
            "token": {"scopes": list(self.scopes), "auth_time": _moment(self.auth_time)},
            "context": self.context,
            "mapping": {"name": self.mapping_name, "scope_name": self.scope_name},
            "http": None if self.origin is None else _request(self.origin),
        }


def _request(origin: Origin) -> dict[str, str | None]:
    try:
        address = None if origin.address is None else str(ipaddress.ip_address(origin.address))
    except ValueError:
        address = None
    return {"address": address, "user_agent": origin.user_agent or "", "reference": origin.reference}


def _moment(at: Millis | None) -> datetime | None:
    return None if at is None else EPOCH + timedelta(milliseconds=at)
