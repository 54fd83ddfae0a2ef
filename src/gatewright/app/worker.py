"""What each worker process runs: read the settings again, build the program."""

from collections.abc import Mapping

from starlette.types import ASGIApp

from gatewright.app.build import build
from gatewright.app.keyfiles import with_keys
from gatewright.app.memory import keep_freed_memory
from gatewright.settings.load import load


def create(flags: Mapping[str, str | None]) -> ASGIApp:
    """The ASGI application of one worker. `flags` are those of the command line."""
    keep_freed_memory()
    return build(with_keys(load(flags)))
