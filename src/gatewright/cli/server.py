"""Server commands: those that run here, on the settings and the database of this machine, and not over HTTP."""

import importlib
from typing import Any

from gatewright.cli import errors


def server(module: str) -> Any:
    """A module of `app`, imported when its command runs. Raises CommandError where the server is not installed."""
    try:
        return importlib.import_module(f"gatewright.app.{module}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("gatewright"):
            raise
        raise errors.CommandError(
            f"the server is not installed ({error.name} is missing)", hint="pip install 'gatewright[server]'"
        ) from error
