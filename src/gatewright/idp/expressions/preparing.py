"""Make the prelude's files into the text that the sandbox loads before an expression.

Every name in it that is not one of the language's own gets two underscores in front. No expression can say such a name
(refused.py), so none can reach into the prelude, or leave something there for the next. Annotations and docstrings stay
behind: the text is copied for each run.
"""

import ast
from importlib import resources

from gatewright.idp.expressions.vocabulary import FUNCTIONS

ADDRESSES_FILE = "prelude_addresses.py"
FILES = ("prelude_queries.py", "prelude.py")
OWN = "gatewright."
HIDDEN = "__"


def prelude(*, with_addresses: bool) -> str:
    """The text; `with_addresses` adds ip_address and what belongs to it."""
    folder = resources.files("gatewright.idp.expressions")
    names = ((ADDRESSES_FILE,) if with_addresses else ()) + FILES
    body = [node for name in names for node in ast.parse(folder.joinpath(name).read_text("utf-8")).body]
    module = ast.Module([node for node in body if not _left_out(node)], [])
    shaped = _Shaping(frozenset(defined(module)) - frozenset(FUNCTIONS)).visit(module)
    return ast.unparse(ast.fix_missing_locations(shaped)) + "\n"


def defined(module: ast.Module) -> set[str]:
    """The names that a module's own statements bind."""
    found: set[str] = set()
    for node in module.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return found


def _left_out(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "typing" or (node.module or "").startswith(OWN)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Shaping(ast.NodeTransformer):
    def __init__(self, hidden: frozenset[str]) -> None:
        self._hidden = hidden

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.name, node.returns, node.body = self._name(node.name), None, _spoken(node.body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        methods = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
        self.generic_visit(node)
        node.name, node.body = self._name(node.name), _spoken(node.body)
        # A method is an attribute: its name is part of the language.
        for part, name in zip([one for one in node.body if isinstance(one, ast.FunctionDef)], methods, strict=True):
            part.name = name
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.Assign([node.target], node.value or ast.Constant(None)), node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg, node.annotation = self._name(node.arg), None
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._name(node.id)
        return node

    def visit_alias(self, node: ast.alias) -> ast.AST:
        node.asname = HIDDEN + (node.asname or node.name)
        return node

    def _name(self, name: str) -> str:
        return HIDDEN + name if name in self._hidden else name


def _spoken(body: list[ast.stmt]) -> list[ast.stmt]:
    """Without a docstring."""
    first = body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] or [ast.Pass()] if is_text else body
