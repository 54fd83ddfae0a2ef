"""The shape that review cannot hold by itself: sizes, room descriptions, names, generated documents, import cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src" / "gatewright"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(path.parent for path in SOURCE.rglob("__init__.py") if "migrations" not in path.parts)
LONGEST_MODULE, LONGEST_FUNCTION = 400, 60
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


def test_no_module_is_a_drawer() -> None:
    assert [path.name for path in MODULES if path.stem in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: path.name)
def test_every_room_says_what_it_is_for(room: Path) -> None:
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
    assert docstring is not None
    assert 1 <= docstring.count("\n") + 1 <= 15


def test_the_generated_documents_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate_docs.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "most_libraries", "most_ours"), [("gatewright.app.build", 650, 550), ("gatewright.cli.main", 80, 20)]
)
def test_importing_stays_cheap(module: str, most_libraries: int, most_ours: int) -> None:
    """docs/decisions/0006 and 0007: a library's modules cost what they cost, ours are small and many."""
    code = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = done.stdout.split()
    ours = [name for name in names if name.startswith("gatewright")]
    assert len(names) - len(ours) <= most_libraries
    assert len(ours) <= most_ours


def test_no_tracked_file_names_a_registry_or_this_machine() -> None:
    words = "|".join(("py" + "pi[.]org", "python" + "hosted", "registry[.]npm" + "js", "deb[.]deb" + "ian"))
    done = subprocess.run(
        ["git", "grep", "-nIE", words, "--", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout[:500]
