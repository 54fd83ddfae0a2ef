"""People and service accounts: `authentik_core.user`."""

import re
from collections.abc import Mapping
from typing import Any

from gatewright.domain.people import User
from gatewright.idp.objects.fields import Fields, Values

KINDS = ("internal", "external", "service_account", "internal_service_account")
# Read-only members that a client may send back as it read them.
READ_ONLY = ("last_login",)
NAMES = (
    *("username", "name", "is_active", "groups", "roles", "email", "email_verified", "attributes", "path", "type"),
    *READ_ONLY,
)
REQUIRED = ("username", "name")
LONGEST_USERNAME, LONGEST_EMAIL = 150, 254
PATH = re.compile(r"[^/\s](?:[^/]*[^/\s])?(?:/[^/\s](?:[^/]*[^/\s])?)*")


def attributes(user: User, group_ids: list[int]) -> Values:
    """The user in Authentik's names; `groups` are our ids."""
    return {
        "username": user.username,
        "name": user.display_name or "",
        "is_active": user.is_active,
        "email": user.email or "",
        "email_verified": user.email_verified,
        "attributes": user.attributes,
        "path": user.path,
        "type": user.kind,
        "groups": group_ids,
    }


def columns(attrs: Mapping[str, Any]) -> Values:
    """The columns, and `group_ids` when `groups` is there. Raises FieldsInvalid."""
    fields = Fields(attrs, NAMES, "user")
    fields.nothing("roles", "Roles of Authentik's kind do not exist here.")
    path = fields.text("path", "users")
    if PATH.fullmatch(path) is None:
        fields.problem("path", "A path is words between slashes, without one at its ends.")
    found: Values = {
        "username": username(fields),
        "display_name": fields.text("name") or None,
        "email": email(fields),
        "email_verified": fields.flag("email_verified"),
        "is_active": fields.flag("is_active", True),
        "attributes": fields.mapping("attributes"),
        "path": path,
        "kind": fields.choice("type", KINDS, "internal"),
    }
    if fields.has("groups"):
        found["group_ids"] = fields.items("groups", int)
    fields.done()
    return found


def username(fields: Fields) -> str:
    """A name without white space at its ends and with nothing that cannot be seen."""
    value = fields.text("username", None, most=LONGEST_USERNAME)
    if value and (value != value.strip() or not value.isprintable()):
        fields.problem("username", "The username has spaces at its ends or characters that cannot be seen.")
    return value


def email(fields: Fields) -> str | None:
    """An address; None when there is none."""
    value = fields.text("email", most=LONGEST_EMAIL).strip()
    if value and (value.count("@") != 1 or value[0] == "@" or value[-1] == "@" or " " in value):
        fields.problem("email", "Enter a valid email address.")
    return value or None
