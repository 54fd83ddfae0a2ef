"""Parse an expression's text. Its lines count from 1, its columns too; nothing here runs anything."""

import ast
import textwrap
import warnings

import msgspec

TEXT_LIMIT = 16 * 1024
NESTING_LIMIT = 120
NODES_LIMIT = 8000
INDENT = "    "
FUNCTION = "mapping"
VARIABLES = (
    *("request", "user", "provider", "token", "context", "http_request"),
    *("ak_logger", "ak_client_ip", "ak_user_by"),
)
"""Names that an expression finds bound, as parameters of the function that it is the body of (contract 2.2)."""

PROTOCOL_CLAIMS = frozenset(
    {
        *("iss", "sub", "aud", "exp", "iat", "nbf", "auth_time", "nonce", "azp", "at_hash", "c_hash", "jti", "sid"),
        *("acr", "amr", "scope", "client_id"),
    }
)
"""Claims of the protocol. Authentik lets a mapping overwrite them (contract 0.7); here it cannot."""


class Failure(msgspec.Struct, frozen=True):
    """Why an expression gave nothing. `line` and `column` count from 1 in the expression's own text.

    `stopped`: it had no say, because its worker was stopped, broke or never came free. Nothing follows from that about
    the person, so it must not be taken for an expression that gives no claim. `code` is one of `syntax`, `refused`,
    `error`, `stopped`, `not_a_dict`, `not_json`, `too_large`, `protocol_claim`.
    """

    cause: str
    line: int | None = None
    stopped: bool = False
    column: int | None = None
    code: str = "error"


def parse(text: str) -> ast.FunctionDef | Failure:
    """The function whose body the text is. Line n of the text is line n + 1 there, its columns are INDENT further."""
    if len(text) > TEXT_LIMIT:
        return Failure(f"the expression is longer than {TEXT_LIMIT} characters", code="syntax")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(wrapped(text))
    except SyntaxError as error:
        column = max(1, (error.offset or 1) - len(INDENT))
        return Failure(f"SyntaxError: {error.msg}", max(1, (error.lineno or 2) - 1), column=column, code="syntax")
    except (ValueError, MemoryError, RecursionError) as error:
        return Failure(f"the expression cannot be parsed: {error}", code="syntax")
    function = module.body[0]
    if len(module.body) != 1 or not isinstance(function, ast.FunctionDef):
        return Failure("SyntaxError: the expression leaves its function", 1, code="syntax")
    problem = too_much(function)
    return function if problem is None else Failure(problem, code="syntax")


def too_much(function: ast.FunctionDef) -> str | None:
    """Why the tree is too large: what walks it would run out of stack, or keep everybody else waiting."""
    level: list[ast.AST] = [function]
    count = 0
    for _ in range(NESTING_LIMIT):
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
        count += len(level)
        if not level:
            return None
        if count > NODES_LIMIT:
            return "the expression is too long"
    return f"the expression is nested more than {NESTING_LIMIT} levels deep"


def check(text: str) -> Failure | None:
    """What is wrong with the text's syntax, None when nothing is."""
    tree = parse(text)
    return tree if isinstance(tree, Failure) else None


def failure_at(node: ast.AST, cause: str) -> Failure:
    """A refusal at the place of a node of a parsed expression."""
    line, column = getattr(node, "lineno", 2), getattr(node, "col_offset", len(INDENT))
    return Failure(cause, max(1, line - 1), column=max(1, column - len(INDENT) + 1), code="refused")


def wrapped(text: str) -> str:
    """The text as the body of a function whose parameters are the variables, as Authentik does it (contract 2.2)."""
    return f"def {FUNCTION}({', '.join(VARIABLES)}):\n{textwrap.indent(text, INDENT)}\n"


def bound_names(function: ast.FunctionDef) -> frozenset[str]:
    """Every name that the expression itself binds, in whatever way; a variable of VARIABLES only when it is rebound."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    return frozenset(name for node in nodes for name in bound_by(node) if name)


def bound_by(node: ast.AST) -> list[str | None]:
    """The names that this node binds, in whatever way."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            return [name]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.ExceptHandler(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name):
            return [name]
        case ast.arg(arg=name) | ast.MatchMapping(rest=name):
            return [name]
        case ast.alias(name=module, asname=name):
            return [name or module.partition(".")[0]]
    return []
