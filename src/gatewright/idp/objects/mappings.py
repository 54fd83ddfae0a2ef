"""Scope mappings: `authentik_providers_oauth2.scopemapping`."""

from collections.abc import Mapping
from typing import Any

from gatewright.idp import expressions
from gatewright.idp.objects.fields import Fields, Values
from gatewright.oidc import scopes
from gatewright.storage.scope_mappings import ScopeMapping

NAMES = ("name", "managed", "scope_name", "description", "expression")
REQUIRED = ("name", "scope_name", "expression")


def attributes(mapping: ScopeMapping) -> Values:
    """The mapping in Authentik's names."""
    return {name: getattr(mapping, name) for name in NAMES}


def columns(attrs: Mapping[str, Any]) -> Values:
    """The columns. Raises FieldsInvalid."""
    fields = Fields(attrs, NAMES, "scopemapping")
    expression = fields.text("expression", None, most=expressions.TEXT_LIMIT, lines=True)
    scope = fields.text("scope_name", None)
    found = {
        # A packaged mapping goes by its managed id.
        "name": fields.text("name", fields.raw("managed")),
        "managed": fields.text("managed") or None,
        "scope_name": scope,
        "description": fields.text("description", most=2000, lines=True),
        "expression": expression,
    }
    if scope and scopes.parse(scope) != (scope,):
        fields.problem("scope_name", f"{scope!r} is not a scope name: one word of printable ASCII.")
    failure = expressions.check(expression) if expression else None
    if failure is not None:
        fields.problem("expression", f"Line {failure.line}: {failure.cause}.")
    fields.done()
    return found
