"""deploy/Dockerfile without an engine: its commands run in folders of their own, and the result runs as its user."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import missing
from tests.servers import eventually, free_port
from tests.unit.deploy.test_files import DEPLOY, ROOT, instructions, last

pytestmark = pytest.mark.interop
KEY = "sk-4f1d0c8a9b7e6d5c4f1d0c8b"
# Debian's: one that was built below somebody's home cannot be started by another user.
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable


class Image:
    """What the Dockerfile makes, with its absolute paths below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "src"
        self.source.mkdir()
        subprocess.run([PYTHON, "-m", "venv", folder / "python"], check=True)
        self.path = f"{folder / 'python' / 'bin'}:{os.environ['PATH']}"

    def moved(self, text: str) -> str:
        for name in ("/app", "/wheels", "/data"):
            text = text.replace(name, f"{self.folder}{name}")
        return text

    def build(self) -> None:
        """Every instruction in its order, those of both stages."""
        for name, rest in instructions():
            if name == "RUN":
                self._run(rest)
            elif name == "COPY" and not rest.startswith("--from"):
                *sources, target = rest.split()
                for source in sources:
                    self._copy(source, self.source / target)

    def environment(self) -> dict[str, str]:
        pairs = (pair.split("=", 1) for pair in shlex.split(last("ENV")))
        found = {name: self.moved(value) for name, value in pairs}
        return {**found, "PATH": found["PATH"].replace("$PATH", "/usr/bin:/bin")}

    def start(self, command: list[str], **more: str) -> subprocess.Popen[str]:
        """Runs a command as the image's user, with nothing of this process's environment."""
        user, group = last("USER").split(":")
        wrapped = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", *command]
        environment = {**self.environment(), **more}
        return subprocess.Popen(
            wrapped, env=environment, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def _run(self, command: str) -> None:
        environment = {**os.environ, "PATH": self.path}
        for name in ("PYTHONPATH", "PIP_REQUIRE_VIRTUALENV", "VIRTUAL_ENV"):
            environment.pop(name, None)
        done = subprocess.run(
            ["/bin/sh", "-c", self.moved(command)],
            cwd=self.source,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"

    def _copy(self, source: str, target: Path) -> None:
        if source != ".":
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, target)
            return
        patterns = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        for name in (line[1:] for line in patterns if line.startswith("!")):
            if (ROOT / name).is_dir():
                # A dashboard that is built already is taken along, for the time that it takes.
                ignored = shutil.ignore_patterns("__pycache__", "node_modules")
                shutil.copytree(ROOT / name, target / name, ignore=ignored, dirs_exist_ok=True)
            else:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, target / name)


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        missing("root, who may become another user with setpriv,")
    folder = Path(tempfile.mkdtemp(prefix="gatewright-image-"))
    folder.chmod(0o755)
    found = Image(folder)
    found.build()
    yield found
    shutil.rmtree(folder)


def test_it_starts_as_its_user_and_writes_to_its_data_alone(image: Image) -> None:
    port = str(free_port())
    given = {"LITELLM_MASTER_KEY": KEY, "GATEWRIGHT_PORT": port}
    server = image.start(json.loads(last("CMD")), **given)
    check = json.loads(last("HEALTHCHECK").partition(" CMD ")[2])

    def is_healthy() -> bool:
        assert server.poll() is None, server.communicate()[0]
        done = image.start(check, **given)
        done.communicate(timeout=30)
        return done.returncode == 0

    try:
        eventually(is_healthy, "the health check succeeds", 60)
    finally:
        server.send_signal(signal.SIGTERM)
        output = server.communicate(timeout=60)[0]
    assert "Set up the first administrator" in output
    assert "Traceback" not in output
    user = int(last("USER").partition(":")[0])
    owned = {path for path in image.folder.rglob("*") if path.lstat().st_uid == user}
    data = image.folder / "data"
    assert data in owned
    assert any(path.suffix == ".db" or "gatewright" in path.name for path in owned - {data}), owned
    assert {path for path in owned if not path.is_relative_to(data)} == set()
    assert data.stat().st_mode & 0o077 == 0


def test_the_dashboard_is_in_the_wheel(image: Image) -> None:
    [wheel] = (image.folder / "wheels").iterdir()
    listed = subprocess.run(
        [PYTHON, "-m", "zipfile", "-l", str(wheel)], capture_output=True, text=True, check=True
    ).stdout
    for name in ("gatewright/_ui/index.html", "gatewright/web/pages/layout.html", "gatewright/settings/keys.toml"):
        assert name in listed
