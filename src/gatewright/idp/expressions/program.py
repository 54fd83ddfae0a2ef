"""Make an expression's text into the program that the sandbox runs.

The sandbox's interpreter differs from Python in a few places that expressions meet. They are rewritten here, in the
syntax tree; the program is written anew from that tree, so that what was checked is what runs:

- an instance has no length and is always true there, an empty query too: `if user.groups.filter(name="admins"):` would
  let everybody in;
- a generator expression is a list there, which `next` does not take;
- there is no `del`, and no module `ipaddress`.
"""

import ast
import functools
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from gatewright.idp.expressions.reading import FUNCTION, INDENT, VARIABLES, Failure, bound_names, parse
from gatewright.idp.expressions.refused import first_refusal

ANSWER, TRUTH, BUILD, SHIMS = "__answer", "__truth", "__build", "__Addresses"
DATA, ADDRESSES = "__data", "__ipaddress"
REPLACED = {"any": "__any_of", "all": "__all_of", "filter": "__filtered", "len": "__size"}
"""Names that the prelude binds (preparing.py). No expression can say them, so none can take their place."""
ADDRESS_WORDS = frozenset({"ak_client_ip", "ip_address", "ip_network", "ipaddress"})
CACHED = 512


class Program(msgspec.Struct, frozen=True):
    """`constant` is the result's JSON of an expression that needs no engine, else None.

    `places` has the line and column in the expression's text of each node of `source`, by its place there. `words` are
    all names and attributes in it; `with_addresses` says that one of them is about addresses.
    """

    source: str
    constant: str | None
    places: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    words: frozenset[str] = frozenset()

    @property
    def with_addresses(self) -> bool:
        return not ADDRESS_WORDS.isdisjoint(self.words)

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Where in the expression's text this place of the program comes from. All count from 1."""
        found = (1, 1)
        for here, there in self.places:
            if here <= (line, column):
                found = there
        return found


@functools.lru_cache(CACHED)
def program(text: str) -> Program | Failure:
    """The program, or why there is none: bad syntax, or something that expressions cannot have."""
    tree = parse(text)
    if isinstance(tree, Failure):
        return tree
    refused = first_refusal(tree)
    if refused is not None:
        return refused
    constant = _constant(tree)
    if constant is not None:
        return Program("", constant)
    words = frozenset(said(tree))
    try:
        source, places = _written(_Rewriting(bound_names(tree)).visit(tree))
    except (RecursionError, ValueError) as error:
        return Failure(f"the expression cannot be read: {error}", code="syntax")
    names = ", ".join(VARIABLES)
    moved = tuple(((line + 1, column), there) for (line, column), there in places)
    made = Program("", None, moved, words)
    shims = f", {SHIMS}()" if made.with_addresses else ""
    head, last = f"{names}, {ADDRESSES} = {BUILD}({DATA}{shims})", f"{ANSWER}({FUNCTION}({names}))"
    return msgspec.structs.replace(made, source=f"{head}\n{source}\n{last}\n")


def said(tree: ast.AST) -> Iterator[str]:
    """Every name, attribute and module in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _constant(function: ast.FunctionDef) -> str | None:
    statement = function.body[0]
    if len(function.body) != 1 or not isinstance(statement, ast.Return) or statement.value is None:
        return None
    try:
        return json.dumps([ast.literal_eval(statement.value), []], allow_nan=False)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None


def _written(function: ast.FunctionDef) -> tuple[str, list[tuple[tuple[int, int], tuple[int, int]]]]:
    """The tree as text, and where each node of it came from: both trees have the same nodes in the same order."""
    ast.fix_missing_locations(function)
    source = ast.unparse(function)
    again = ast.parse(source).body[0]
    places: list[tuple[tuple[int, int], tuple[int, int]]] = []
    waiting: list[tuple[ast.AST, ast.AST]] = [(again, function)]
    while waiting:
        new, old = waiting.pop()
        if type(new) is not type(old):
            continue
        if isinstance(new, (ast.expr, ast.stmt)) and isinstance(old, (ast.expr, ast.stmt)):
            there = (max(1, old.lineno - 1), max(1, old.col_offset - len(INDENT) + 1))
            places.append(((new.lineno, new.col_offset + 1), there))
        waiting += zip(ast.iter_child_nodes(new), ast.iter_child_nodes(old), strict=False)
    return source, sorted(places, key=lambda pair: pair[0])


class _Rewriting(ast.NodeTransformer):
    """`own` are the names that the expression binds itself: they are not the built-in ones."""

    def __init__(self, own: frozenset[str]) -> None:
        self._own = own

    def visit_If(self, node: ast.If) -> ast.AST:
        return self._tested(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._tested(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        return self._tested(node)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return self._tested(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            node.operand = _truth(node.operand)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        node.values = [*(_truth(value) for value in node.values[:-1]), node.values[-1]]
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs = [_truth(test) for test in node.ifs]
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        self.generic_visit(node)
        node.guard = None if node.guard is None else _truth(node.guard)
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        self.generic_visit(node)
        made = ast.copy_location(ast.ListComp(node.elt, node.generators), node)
        return node if "iter" in self._own else _call("iter", made)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in REPLACED and node.id not in self._own:
            return ast.copy_location(ast.Name(REPLACED[node.id], ast.Load()), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "bool" and "bool" not in self._own:
            node.args = [_truth(argument) for argument in node.args]
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.exc, ast.Name) and node.exc.id == "SkipObject":
            node.exc = _call("SkipObject", located_at=node.exc)
        return node

    def visit_Delete(self, node: ast.Delete) -> ast.AST | list[ast.AST]:
        """Every target is an item: refused.py sees to that."""
        self.generic_visit(node)
        made: list[ast.AST] = []
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                pop = ast.Attribute(target.value, "pop", ast.Load())
                made.append(ast.Expr(ast.Call(ast.copy_location(pop, target), [target.slice], [])))
        return [ast.fix_missing_locations(ast.copy_location(one, node)) for one in made]

    def visit_Import(self, node: ast.Import) -> ast.AST | list[ast.AST]:
        kept = [alias for alias in node.names if alias.name != "ipaddress"]
        shims = [alias for alias in node.names if alias.name == "ipaddress"]
        made: list[ast.AST] = [ast.copy_location(ast.Import(kept), node)] if kept else []
        return made + [_assigned(one.asname or one.name, ast.Name(ADDRESSES, ast.Load()), node) for one in shims]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.AST]:
        if node.module != "ipaddress":
            return node
        made: list[ast.AST] = []
        for alias in node.names:
            value = ast.Attribute(ast.Name(ADDRESSES, ast.Load()), alias.name, ast.Load())
            made.append(_assigned(alias.asname or alias.name, value, node))
        return made

    def _tested(self, node: Any) -> ast.AST:
        made: ast.AST = self.generic_visit(node)
        node.test = _truth(node.test)
        return made


def _truth(node: ast.expr) -> ast.expr:
    """A comparison and a constant are what they are."""
    return node if isinstance(node, (ast.Compare, ast.Constant)) else _call(TRUTH, node)


def _call(name: str, *arguments: ast.expr, located_at: ast.AST | None = None) -> ast.Call:
    place = located_at or arguments[0]
    made = ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
    ast.copy_location(made, place)
    ast.copy_location(made.func, place)
    return made


def _assigned(name: str, value: ast.expr, place: ast.AST) -> ast.AST:
    made = ast.Assign([ast.Name(name, ast.Store())], value)
    return ast.fix_missing_locations(ast.copy_location(made, place))
