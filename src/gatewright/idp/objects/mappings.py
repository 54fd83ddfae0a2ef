"""Scope mappings: `authentik_providers_oauth2.scopemapping`."""

from collections.abc import Mapping
from typing import Any

from gatewright.idp.expressions.inspection import ERROR, inspect
from gatewright.idp.expressions.reading import TEXT_LIMIT
from gatewright.idp.objects.fields import Fields, Values
from gatewright.oidc import scopes
from gatewright.storage.scope_mappings import ScopeMapping

# `required` is ours: Authentik has no such field, and its clients pass over it.
NAMES = ("name", "managed", "scope_name", "description", "expression", "required")
REQUIRED = ("name", "scope_name", "expression")


def attributes(mapping: ScopeMapping) -> Values:
    """The mapping in Authentik's names."""
    return {name: getattr(mapping, name) for name in NAMES}


def columns(attrs: Mapping[str, Any]) -> Values:
    """The columns. Raises FieldsInvalid."""
    fields = Fields(attrs, NAMES, "scopemapping")
    expression = fields.text("expression", None, most=TEXT_LIMIT, lines=True)
    scope = fields.text("scope_name", None)
    found = {
        # A packaged mapping goes by its managed id.
        "name": fields.text("name", fields.raw("managed")),
        "managed": fields.text("managed") or None,
        "scope_name": scope,
        "description": fields.text("description", most=2000, lines=True),
        "expression": expression,
        "required": fields.flag("required"),
    }
    if scope and scopes.parse(scope) != (scope,):
        fields.problem("scope_name", f"{scope!r} is not a scope name: one word of printable ASCII.")
    for finding in inspect(expression).findings if expression else ():
        if finding.level == ERROR:
            fields.problem("expression", f"Line {finding.line}: {finding.message}")
    fields.done()
    return found
