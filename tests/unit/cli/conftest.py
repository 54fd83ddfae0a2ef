"""Fixtures: gateways on loopback, and the command line as a process of its own with a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .gateway import Gateway


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Cli:
    """`gatewright` for one person on one machine."""

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "state" / "gatewright"

    @property
    def file(self) -> Path:
        return self.folder / "credentials.json"

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "gatewright"]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Nothing of the machine that runs the tests but its PATH."""
        home = {"HOME": str(self.home), "XDG_STATE_HOME": str(self.home / "state")}
        return {"PATH": os.environ["PATH"], **home, **(extra or {})}

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: str = "") -> Result:
        done = subprocess.run(
            [*self.command, *arguments],
            input=stdin,
            env=self.environment(env),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def stored(self) -> dict[str, Any]:
        content = json.loads(self.file.read_text())
        assert isinstance(content, dict)
        return content

    def store(self, server: str, key: str, *, created_at: int = 0, expires_at: int | None = None) -> None:
        """Put a sign-in into the file by hand, as if it had happened at that time."""
        content: dict[str, Any] = self.stored() if self.file.exists() else {"version": 1, "servers": {}}
        entry = {"key": key, "user_id": "u-1", "team_id": None, "created_at": created_at, "expires_at": expires_at}
        content["last_server"] = server
        content["servers"][server] = entry
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(content))


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def gateways() -> Iterator[Callable[[], Gateway]]:
    """Starts as many gateways as a test needs."""
    started: list[Gateway] = []

    def start() -> Gateway:
        started.append(Gateway())
        return started[-1]

    yield start
    for gateway in started:
        gateway.stop()


@pytest.fixture
def gateway(gateways: Callable[[], Gateway]) -> Gateway:
    return gateways()
