"""Scope-mapping expressions: Authentik's Python, unchanged, in sandboxed worker processes (Authentik contract 2).

`reading` parses, `refused` and `inspection` look, `program` rewrites, `engine` runs, `prelude*` is what runs beside it.
Nothing that a user typed is ever executed in this process.
"""

from gatewright.idp.expressions.claims_read import claims_in
from gatewright.idp.expressions.engine import Expressions, Outcome
from gatewright.idp.expressions.facts import ExpressionProvider, ExpressionUser, GroupFacts
from gatewright.idp.expressions.reading import TEXT_LIMIT, Failure, check

__all__ = [
    "TEXT_LIMIT",
    "ExpressionProvider",
    "ExpressionUser",
    "Expressions",
    "Failure",
    "GroupFacts",
    "Outcome",
    "check",
    "claims_in",
]
