"""The claims that an expression may return, read off its text: never by running it (contract 1.7)."""

import ast
import functools
from collections.abc import Iterator

import msgspec

from gatewright.idp.expressions.reading import Failure, parse

ADDING = ("update", "setdefault")


class Written(msgspec.Struct, frozen=True):
    """A claim, and the node that names it."""

    name: str
    node: ast.AST


@functools.lru_cache(512)
def claims_in(text: str) -> tuple[str, ...]:
    """The names, each once, in the order of the text. () for a text that cannot be parsed."""
    tree = parse(text)
    if isinstance(tree, Failure):
        return ()
    return tuple(dict.fromkeys(written.name for written in written_claims(tree)))


def written_claims(function: ast.FunctionDef) -> list[Written]:
    """Follows what is returned: dict literals, dict(...), merges with | and **, update and setdefault, assigned items,
    variables and local functions on the way. Takes no dict for a claim that never comes near a return.
    """
    reading = _Reading(function)
    found = [written for value in returned(function) for written in reading.of(value)]
    return sorted(found, key=lambda written: (written.node.lineno, written.node.col_offset))  # type: ignore[attr-defined] # expressions have a place


def returned(function: ast.AST) -> Iterator[ast.expr]:
    """The values of a function's own return statements, those of functions inside of it not among them."""
    for node in own_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Every node of the function outside of nested functions and lambdas."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)


class _Reading:
    """Reads one expression. Each variable and function is followed once."""

    def __init__(self, function: ast.FunctionDef) -> None:
        self._nodes = list(ast.walk(function))
        self._followed: set[str] = set()

    def of(self, value: ast.expr) -> Iterator[Written]:
        """The claims that a value holds."""
        if isinstance(value, ast.Dict):
            yield from self._literal(value)
        elif isinstance(value, ast.Name):
            yield from self._variable(value.id)
        elif isinstance(value, ast.Call):
            yield from self._call(value)
        else:
            for part in _parts(value):
                yield from self.of(part)

    def _literal(self, value: ast.Dict) -> Iterator[Written]:
        for key, item in zip(value.keys, value.values, strict=True):
            if key is None:
                yield from self.of(item)
            else:
                yield from _named(key)

    def _call(self, call: ast.Call) -> Iterator[Written]:
        function = call.func
        if isinstance(function, ast.Name) and function.id == "dict":
            yield from self._added(call)
        elif isinstance(function, ast.Attribute) and function.attr == "copy":
            yield from self.of(function.value)
        elif isinstance(function, ast.Name) and self._new(f"{function.id}()"):
            for node in self._nodes:
                if isinstance(node, ast.FunctionDef) and node.name == function.id:
                    for value in returned(node):
                        yield from self.of(value)

    def _added(self, call: ast.Call) -> Iterator[Written]:
        """The arguments of dict(...) and of update(...)."""
        for keyword in call.keywords:
            if keyword.arg is None:
                yield from self.of(keyword.value)
            else:
                yield Written(keyword.arg, keyword.value)
        for argument in call.args:
            if isinstance(argument, (ast.List, ast.Tuple)):
                pairs = [pair for pair in argument.elts if isinstance(pair, (ast.Tuple, ast.List)) and pair.elts]
                for pair in pairs:
                    yield from _named(pair.elts[0])
            else:
                yield from self.of(argument)

    def _variable(self, name: str) -> Iterator[Written]:
        if not self._new(name):
            return
        for node in self._nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    yield from self._assigned(name, target, node.value)
            elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and node.value is not None:
                yield from self._assigned(name, node.target, node.value)
            elif isinstance(node, ast.Call) and _method_of(node, name) in ADDING:
                yield from self._added(node) if _method_of(node, name) == "update" else _named(*node.args[:1])

    def _assigned(self, name: str, target: ast.expr, value: ast.expr) -> Iterator[Written]:
        if isinstance(target, ast.Name) and target.id == name:
            yield from self.of(value)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == name:
            yield from _named(target.slice)

    def _new(self, name: str) -> bool:
        known = name in self._followed
        self._followed.add(name)
        return not known


def _parts(value: ast.expr) -> list[ast.expr]:
    """The values that this one is one of, or is merged from."""
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    if isinstance(value, ast.BinOp):
        return [value.left, value.right]
    if isinstance(value, ast.BoolOp):
        return value.values
    return [value.value] if isinstance(value, ast.NamedExpr) else []


def _method_of(call: ast.Call, name: str) -> str | None:
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == name:
        return function.attr
    return None


def _named(*keys: ast.expr) -> Iterator[Written]:
    for key in keys:
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield Written(key.value, key)
