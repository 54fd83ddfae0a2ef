"""The words of the expression language: the names that are bound, and the attributes of the objects behind them."""

import ast
import difflib
from collections.abc import Iterator
from importlib import resources

from gatewright.idp.expressions.reading import VARIABLES, Failure, failure_at

FUNCTIONS = (
    *("ak_is_group_member", "ak_user_has_authenticator", "ak_create_event", "regex_match", "regex_replace"),
    *("list_flatten", "slugify", "ip_address", "ip_network", "SkipObject"),
)
BUILTINS = (
    *("abs", "all", "any", "bin", "bool", "bytes", "chr", "dict", "divmod", "enumerate", "filter", "float"),
    *("frozenset", "getattr", "hasattr", "hash", "hex", "id", "int", "isinstance", "iter", "len", "list", "map", "max"),
    *("min", "next", "oct", "ord", "pow", "print", "range", "repr", "reversed", "round", "set", "slice", "sorted"),
    *("str", "sum", "tuple", "type", "zip"),
    *("ArithmeticError", "AssertionError", "AttributeError", "Exception", "IndexError", "KeyError", "LookupError"),
    *("NotImplementedError", "OverflowError", "PermissionError", "RuntimeError", "StopIteration", "TypeError"),
    *("ValueError", "ZeroDivisionError"),
)
NAMES = frozenset((*VARIABLES, *FUNCTIONS, *BUILTINS))
PRELUDES = ("prelude.py", "prelude_queries.py", "prelude_addresses.py")

OBJECTS = {
    "request": "PolicyRequest",
    "user": "User",
    "provider": "Provider",
    "token": "Token",
    "http_request": "HttpRequest",
    "ak_logger": "Logger",
    "ak_client_ip": "Address",
}
GROUPS = "Query of groups"
MEMBERS = {
    ("PolicyRequest", "user"): "User",
    ("PolicyRequest", "http_request"): "HttpRequest",
    ("PolicyRequest", "obj"): "Mapping",
    ("User", "groups"): GROUPS,
    ("User", "ak_groups"): GROUPS,
    ("Provider", "application"): "Application",
    ("Token", "user"): "User",
    ("Token", "provider"): "Provider",
    ("Group", "parents"): GROUPS,
    ("Group", "parent"): "Group",
}
RESULTS = {
    ("User", "all_groups"): GROUPS,
    ("User", "app_entitlements"): "Query",
    ("User", "all_roles"): "Query",
    **{(GROUPS, name): GROUPS for name in ("all", "filter", "exclude", "order_by", "distinct", "none")},
    **{(GROUPS, name): "Group" for name in ("first", "last", "get")},
}
FIELDS = frozenset({"name", "pk", "uuid", "group_uuid", "is_superuser", "attributes", "parent", "parents"})
"""What groups are looked up by."""


def _members() -> dict[str, frozenset[str]]:
    """The attributes of each class of the prelude, read off its text."""
    found: dict[str, set[str]] = {}
    folder = resources.files("gatewright.idp.expressions")
    for name in PRELUDES:
        for node in ast.parse(folder.joinpath(name).read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                own = found.setdefault(node.name, set())
                own |= {part.name for part in ast.walk(node) if isinstance(part, ast.FunctionDef)}
                own |= {
                    part.attr
                    for part in ast.walk(node)
                    if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self"
                }
    return {name: frozenset(members) for name, members in found.items()}


ATTRIBUTES = _members()
ATTRIBUTES[GROUPS] = ATTRIBUTES["Query"]


def unknown(tree: ast.FunctionDef, own: frozenset[str]) -> Iterator[Failure]:
    """Attributes and methods that the objects behind the variables do not have, and fields that groups do not have."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            kind = kind_of(node.value, own)
            if kind is not None and node.attr not in ATTRIBUTES[kind] and not node.attr.startswith("_"):
                thing = ast.unparse(node.value)[:60]
                words = f"{thing} has no {node.attr}.{meant(node.attr, ATTRIBUTES[kind])}"
                yield failure_at(node, words)
        elif isinstance(node, ast.Call) and _looks_up_groups(node, own):
            for keyword in node.keywords:
                field = (keyword.arg or "name").partition("__")[0]
                if field not in FIELDS:
                    yield failure_at(keyword, f"Groups have no field {field}.{meant(field, FIELDS)}")


def meant(word: str, known: frozenset[str]) -> str:
    """Did you mean ...?", or nothing."""
    near = difflib.get_close_matches(word, sorted(known), 1, 0.7)
    return f" Did you mean {near[0]}?" if near else ""


def kind_of(node: ast.expr, own: frozenset[str]) -> str | None:
    """The class of the prelude that a value is an instance of, None when that is not certain."""
    if isinstance(node, ast.Name):
        return None if node.id in own else OBJECTS.get(node.id)
    if isinstance(node, ast.Attribute):
        kind = kind_of(node.value, own)
        return None if kind is None else MEMBERS.get((kind, node.attr))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        kind = kind_of(node.func.value, own)
        return None if kind is None else RESULTS.get((kind, node.func.attr))
    return None


def _looks_up_groups(call: ast.Call, own: frozenset[str]) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id == "ak_is_group_member" and function.id not in own
    if isinstance(function, ast.Attribute) and function.attr in ("filter", "exclude", "get"):
        return kind_of(function.value, own) == GROUPS
    return False
