"""Groups: `authentik_core.group`."""

from collections.abc import Mapping, Sequence
from typing import Any

from gatewright.domain.people import Group
from gatewright.idp.objects.fields import Fields, Values

NAMES = ("name", "is_superuser", "parent", "parents", "users", "attributes", "roles", "requires_mfa")
REQUIRED = ("name",)


def attributes(group: Group, members: Sequence[int]) -> Values:
    """The group in Authentik's names; `parents` are our ids."""
    return {
        "name": group.name,
        "is_superuser": group.is_superuser,
        "parents": list(group.parent_ids),
        "users": list(members),
        "attributes": group.attributes,
        "requires_mfa": group.requires_mfa,
    }


def columns(attrs: Mapping[str, Any]) -> Values:
    """The columns, `parent_ids`, and `member_pks` when `users` is there. Raises FieldsInvalid.

    Old clients name one `parent`, newer ones `parents`; both are ids of ours by now.
    """
    fields = Fields(attrs, NAMES, "group")
    fields.nothing("roles", "Roles of Authentik's kind do not exist here.")
    parents = fields.items("parents", int)
    if fields.has("parent") and not parents:
        parents = [fields.raw("parent")] if isinstance(fields.raw("parent"), int) else []
    found: Values = {
        "name": fields.text("name", None),
        "is_superuser": fields.flag("is_superuser"),
        "attributes": fields.mapping("attributes"),
        "requires_mfa": fields.flag("requires_mfa"),
        "parent_ids": parents,
    }
    if fields.has("users"):
        found["member_pks"] = fields.items("users", int)
    fields.done()
    return found
