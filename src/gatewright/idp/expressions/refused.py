"""What an expression cannot have here, each with the reason and a way out (contract 2.3, 2.4, 2.6)."""

import ast
from collections.abc import Iterator

from gatewright.idp.expressions.reading import Failure, bound_by, bound_names, failure_at

MODULES = frozenset(
    {
        *("re", "json", "datetime", "math", "ipaddress", "time", "base64", "binascii", "hashlib", "unicodedata"),
        *("collections", "itertools", "functools", "typing", "decimal", "random", "copy"),
    }
)
NO_NETWORK = "Expressions have no network: keep what they need in the attributes of users and groups."
NO_TOKENS = "Expressions issue no tokens: return claims, the provider signs them."
NO_CODE = "Expressions cannot run text as code: write the condition itself."
NO_FILES = "Expressions have no files: keep what they need in the attributes of users and groups."
NO_SCOPE = "Expressions cannot look into the interpreter: name the variable itself."
NAMES = {
    "requests": NO_NETWORK,
    "resolve_dns": NO_NETWORK,
    "reverse_dns": NO_NETWORK,
    "ak_send_email": "Expressions send no e-mail; ak_create_event leaves a line in the audit log.",
    "ak_create_jwt": NO_TOKENS,
    "ak_create_jwt_raw": NO_TOKENS,
    "ak_call_policy": "There are no policies here: write the condition into the expression, "
    "or bind the application to groups.",
    "ak_message": "There are no policies here whose message a person would see.",
    "ak_is_sso_flow": "There are no flows here.",
    "exec": NO_CODE,
    "eval": NO_CODE,
    "compile": NO_CODE,
    "__import__": NO_CODE,
    "open": NO_FILES,
    "globals": NO_SCOPE,
    "locals": NO_SCOPE,
    "vars": NO_SCOPE,
    "dir": NO_SCOPE,
    "input": "There is nobody to ask while claims are made.",
    "breakpoint": NO_SCOPE,
    "User": "There is no database behind expressions: request.user is the person who signs in.",
    "Group": "There is no database behind expressions: use ak_is_group_member, or request.user.all_groups().",
}
NO_DATABASE = (
    "Authentik's own modules do not exist here, and there is no database behind expressions: "
    "use request.user, ak_is_group_member or request.user.all_groups()."
)
NODES: tuple[tuple[tuple[type[ast.AST], ...], str], ...] = (
    ((ast.Yield, ast.YieldFrom), "A scope mapping returns one dict: `yield` is for SAML mappings. Use return."),
    ((ast.ClassDef,), "An expression defines no class: use a dict or a nested def."),
    ((ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await), "An expression waits for nothing: no async."),
    ((ast.Global,), "Names outside of the expression cannot be changed."),
    ((ast.With,), "There is nothing here to open with `with`."),
)


def refusals(function: ast.FunctionDef) -> Iterator[Failure]:
    """What the expression uses and cannot have, in no particular order."""
    own = bound_names(function)
    for node in (node for statement in function.body for node in ast.walk(statement)):
        yield from _hidden(node)
        for kinds, reason in NODES:
            if isinstance(node, kinds):
                yield failure_at(node, reason)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _imports(node)
        elif isinstance(node, ast.Name):
            yield from _name(node, own)
        elif isinstance(node, ast.Attribute):
            yield from _attribute(node)
        elif isinstance(node, ast.Delete):
            yield from _delete(node)


def first_refusal(function: ast.FunctionDef) -> Failure | None:
    """The refusal that stands first in the text, None when there is none."""
    return min(refusals(function), key=lambda failure: (failure.line or 0, failure.column or 0), default=None)


def _hidden(node: ast.AST) -> Iterator[Failure]:
    """Names with __ in front, however they are said: the program's own have such names."""
    names = [node.id] if isinstance(node, ast.Name) else bound_by(node)
    names += node.names if isinstance(node, ast.Nonlocal) else []
    for name in names:
        if name and name.startswith("__"):
            reason = NAMES.get(name, "names with __ in front are the interpreter's own.")
            yield failure_at(node, f"{name} is not available. {reason}")


def _attribute(node: ast.Attribute) -> Iterator[Failure]:
    if node.attr.startswith("_"):
        yield failure_at(node, f"The attribute {node.attr} is private: names with _ in front cannot be read.")
    if not isinstance(node.ctx, ast.Load):
        yield failure_at(node, f"Objects cannot be changed: keep {node.attr} in a variable of your own.")


def _name(node: ast.Name, own: frozenset[str]) -> Iterator[Failure]:
    if node.id in NAMES and node.id not in own:
        yield failure_at(node, f"{node.id} is not available. {NAMES[node.id]}")


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[Failure]:
    if isinstance(node, ast.ImportFrom):
        names = ["." * node.level + (node.module or "")]
        if any(alias.name == "*" for alias in node.names):
            yield failure_at(node, "An import names what it wants: `*` is not possible in a function.")
    else:
        names = [alias.name for alias in node.names]
    for name in names:
        if name in MODULES:
            continue
        root = name.partition(".")[0]
        if root in ("requests", "urllib", "http", "httpx", "socket"):
            reason = NO_NETWORK
        elif root in ("authentik", "django", "guardian", "structlog"):
            reason = NO_DATABASE
        elif root in ("os", "pathlib", "io", "shutil", "tempfile"):
            reason = NO_FILES
        else:
            reason = f"Possible are {', '.join(sorted(MODULES))}."
        yield failure_at(node, f"The module {name} cannot be imported. {reason}")


def _delete(node: ast.Delete) -> Iterator[Failure]:
    for target in node.targets:
        if not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Slice):
            yield failure_at(node, "`del` takes one item, as in `del claims['name']`.")
