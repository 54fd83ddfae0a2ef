"""Every rule that can be why somebody has a role has its words: on the command line, on the dashboard, in docs."""

import ast
import re
from pathlib import Path

from gatewright.cli.commands.whoami import _REASONS
from gatewright.domain.identity import RoleReason

ROOT = Path(__file__).resolve().parents[2]


def rules() -> set[str]:
    """The texts that the code gives RoleReason as `rule`."""
    found: set[str] = set()
    for path in (ROOT / "src" / "gatewright").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "RoleReason":
                for keyword in node.keywords:
                    found |= texts(keyword.value) if keyword.arg == "rule" else set()
    return found


def texts(node: ast.expr) -> set[str]:
    """What the expression can be: a text, or one of two by a condition."""
    both = (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,)
    return {one.value for one in both if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def test_every_rule_has_its_words_wherever_rules_are_told() -> None:
    written = rules()
    assert {"claim", "no_group", "proxy_admin_id", "no_owner"} <= written
    assert set(_REASONS) == written
    on_pages = re.findall(
        r'^    case "(\w+)":$', (ROOT / "ui" / "src" / "format" / "role.ts").read_text(), re.MULTILINE
    )
    assert set(on_pages) == written
    in_code = re.findall(r"`(\w+)`", (RoleReason.__doc__ or "").partition("one of: ")[2].partition("`steps`")[0])
    assert set(in_code) == written
