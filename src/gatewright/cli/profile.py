"""Which server and which key a command uses, and what else the environment says.

The one module of the command line that reads the environment. Precedence: flag, environment, the server of the last
sign-in, the default. Standard library only on Linux: `gatewright token` imports this before click.
"""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from gatewright.cli.address import DEFAULT_SERVER, server_origin

# Ours first: it is the more specific of the two.
URL_VARIABLES = ("GATEWRIGHT_URL", "LITELLM_PROXY_URL")
KEY_VARIABLES = ("GATEWRIGHT_API_KEY", "LITELLM_PROXY_API_KEY")
KEY_FLAG = "--api-key"
STORED = "the stored sign-in"


class Server(NamedTuple):
    """The server of a call. `given` is true when the command line named it, so that hints name it too."""

    origin: str
    source: str
    given: bool = False


class Key(NamedTuple):
    """A credential and where it came from: `--api-key`, a variable's name or `the stored sign-in`."""

    value: str
    source: str

    def __repr__(self) -> str:
        return f"Key(source={self.source!r})"


def server(flag: str | None, last: Callable[[], str | None]) -> Server:
    """The server that this call goes to. `last` tells the server of the last sign-in and is asked only when needed.

    Raises WrongUsage when the flag or variable that decides is not a server's URL.
    """
    if flag is not None:
        return Server(server_origin(flag, source="--url"), "--url", given=True)
    for name in URL_VARIABLES:
        if value := _variable(name):
            return Server(server_origin(value, source=name), name)
    if stored := last():
        return Server(stored, "the last sign-in")
    return Server(DEFAULT_SERVER, "the default")


def key(flag: str | None) -> Key | None:
    """The key that the flag or the environment names; None leaves it to the stored sign-in."""
    if flag:
        return Key(flag, KEY_FLAG)
    for name in KEY_VARIABLES:
        if value := _variable(name):
            return Key(value, name)
    return None


def state_folder() -> str:
    """The folder of the credential file: the platform's place for a person's state."""
    platform: str = sys.platform
    if platform == "linux":
        # platformdirs' rule, without the 15 ms CPU of importing it: coding agents run `gatewright token` all the time.
        base = _variable("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
        return os.path.join(base, "gatewright")
    import platformdirs  # noqa: PLC0415 - see above

    return platformdirs.user_state_dir("gatewright")


def colour_refused() -> bool:
    """NO_COLOR set to anything but nothing (no-color.org), or a terminal that says it cannot."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def browser_likely() -> bool:
    """Whether opening a browser shows something to this person.

    On Linux without a display, `webbrowser` would start a text browser in this very terminal.
    """
    if sys.platform in ("win32", "darwin"):
        return not _variable("SSH_CONNECTION")
    return any(_variable(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _variable(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None
