"""One browser and one command line for the journeys."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.browsers import chromium_path, launched
from tests.conftest import missing
from tests.servers import Upstream


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless. Its library runs an event loop in this thread, which async tests cannot share."""
    if chromium_path() is None:
        missing("Chromium")
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def provider() -> Iterator[Upstream]:
    """One model provider for a whole file."""
    found = Upstream()
    yield found
    found.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A model provider on loopback."""
    found = Upstream()
    yield found
    found.close()


class CommandLine:
    """`gatewright` as a user of their own: home folder, environment, nothing of this machine's."""

    def __init__(self, home: Path, url: str) -> None:
        self.environment = {
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "PATH": os.environ["PATH"],
            "LITELLM_PROXY_URL": url,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command and leaves it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "gatewright", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "gatewright", *arguments],
            env={**self.environment, **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
