"""Look at an expression before it is saved: one function for the API, blueprints and the dashboard."""

import ast

import msgspec

from gatewright.idp.expressions import vocabulary
from gatewright.idp.expressions.claims_read import own_nodes, returned, written_claims
from gatewright.idp.expressions.mending import mend
from gatewright.idp.expressions.reading import PROTOCOL_CLAIMS, Failure, bound_names, failure_at, parse
from gatewright.idp.expressions.refused import NAMES as REFUSED
from gatewright.idp.expressions.refused import refusals

ERROR, WARNING = "error", "warning"
KINDS: dict[type[ast.expr], str] = {
    ast.List: "a list",
    ast.ListComp: "a list",
    ast.Tuple: "a tuple",
    ast.Set: "a set",
    ast.SetComp: "a set",
    ast.GeneratorExp: "a generator",
    ast.JoinedStr: "a text",
    ast.Compare: "true or false",
    ast.Lambda: "a function",
}
RESULTS = {
    **dict.fromkeys(("str", "slugify", "regex_replace", "repr"), "a text"),
    **dict.fromkeys(("list", "sorted"), "a list"),
    **dict.fromkeys(("bool", "any", "all", "regex_match"), "true or false"),
    **dict.fromkeys(("ak_is_group_member", "ak_user_has_authenticator"), "true or false"),
    **dict.fromkeys(("len", "int", "sum", "float", "round"), "a number"),
    **dict.fromkeys(("set", "frozenset"), "a set"),
}


class Finding(msgspec.Struct, frozen=True):
    """One thing to know. An expression with an `error` is not saved. Line and column count from 1."""

    level: str
    code: str
    message: str
    line: int | None = None
    column: int | None = None


class Inspection(msgspec.Struct, frozen=True):
    """`mended` is a text that parses, where the given one does not and something common is wrong with it.

    `claims` are those that the expression may return.
    """

    findings: tuple[Finding, ...]
    claims: tuple[str, ...] = ()
    mended: str | None = None

    @property
    def first_error(self) -> Finding | None:
        return next((finding for finding in self.findings if finding.level == ERROR), None)


def inspect(text: str) -> Inspection:
    """Everything that can be said of the text without running it, in the order of its lines."""
    tree = parse(text)
    if isinstance(tree, Failure):
        mended = mend(text)
        offer = "" if mended is None else ". The text lost its shape on the way here: look at the mended one."
        words = f"{tree.cause}{offer}"
        return Inspection((_finding(ERROR, "syntax", tree, words),), mended=mended)
    found = [_finding(ERROR, "refused", failure) for failure in refusals(tree)]
    found += _unknown_names(tree)
    found += [_finding(ERROR, "unknown_attribute", failure) for failure in vocabulary.unknown(tree, bound_names(tree))]
    claims = written_claims(tree)
    for claim in claims:
        if claim.name in PROTOCOL_CLAIMS:
            words = f"The claim {claim.name} is the protocol's own: the provider sets it, a mapping cannot."
            found.append(_finding(ERROR, "protocol_claim", failure_at(claim.node, words)))
    found += _results(tree)
    found.sort(key=lambda finding: (finding.line or 0, finding.column or 0))
    return Inspection(tuple(dict.fromkeys(found)), tuple(dict.fromkeys(claim.name for claim in claims)))


def _finding(level: str, code: str, failure: Failure, words: str | None = None) -> Finding:
    return Finding(level, code, words or failure.cause, failure.line, failure.column)


def _unknown_names(tree: ast.FunctionDef) -> list[Finding]:
    own = bound_names(tree)
    known = own | vocabulary.NAMES
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        if node.id in known or node.id in REFUSED or node.id.startswith("__"):
            continue
        words = f"The name {node.id} is not known.{vocabulary.meant(node.id, known)}"
        found.append(_finding(ERROR, "unknown_name", failure_at(node, words)))
    return found


def _results(tree: ast.FunctionDef) -> list[Finding]:
    """Return paths whose value is no dict and not None, which gives no claim."""
    values = list(returned(tree))
    if not values and not any(isinstance(node, ast.Return) for node in own_nodes(tree)):
        return [Finding(WARNING, "returns_nothing", "The expression returns nothing: it gives no claim.", 1)]
    found = []
    for value in values:
        kind = _kind(tree, value)
        if kind is not None:
            words = f"This returns {kind}, not a dict: it gives no claim, and a failure in the log."
            found.append(_finding(WARNING, "not_a_dict", failure_at(value, words)))
    return found


def _kind(tree: ast.FunctionDef, value: ast.expr) -> str | None:
    """What a value certainly is, None when it may be a dict or None."""
    if isinstance(value, ast.Constant):
        return None if value.value is None else f"the constant {value.value!r}"[:60]
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id not in bound_names(tree):
        return RESULTS.get(value.func.id)
    if isinstance(value, ast.IfExp):
        return _kind(tree, value.body) or _kind(tree, value.orelse)
    if isinstance(value, ast.Name):
        return _kind_of_variable(tree, value.id)
    return KINDS.get(type(value))


def _kind_of_variable(tree: ast.FunctionDef, name: str) -> str | None:
    """The kind of a variable that is assigned once, outside of every other way to bind it."""
    assigned = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets)
    ]
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    stored = [node for node in named if isinstance(node.ctx, ast.Store)]
    single = len(assigned) == len(stored) == 1 and not isinstance(assigned[0], ast.Name)
    return _kind(tree, assigned[0]) if single else None
