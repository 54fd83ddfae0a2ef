"""The stored sign-ins: one entry a server, in one file that only its owner can read.

`credentials.json` (0600) in the platform's state folder (0700), replaced whole under a lock, so a reader needs none:
`{"version": 1, "last_server": origin, "servers": {origin: {"key", "user_id", "team_id", "created_at", "expires_at"}}}`
with times in milliseconds since the epoch. An entry is only ever found by the exact origin that issued it.
Standard library only: `gatewright token` imports this before click.
"""

import json
import os
from contextlib import suppress
from typing import Any, NamedTuple

from gatewright.cli.errors import CommandError
from gatewright.cli.locking import locked
from gatewright.cli.profile import state_folder
from gatewright.domain.clock import Millis

_VERSION = 1


class Credential(NamedTuple):
    """A sign-in at one server. `expires_at` is None when the server did not say."""

    server: str
    key: str
    user_id: str | None
    team_id: str | None
    created_at: Millis
    expires_at: Millis | None

    def __repr__(self) -> str:
        return f"Credential(server={self.server!r}, user_id={self.user_id!r})"


class Store:
    """The credential file of this person on this machine. Every method raises CommandError when the file fails it."""

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder or state_folder()
        self.path = os.path.join(self.folder, "credentials.json")

    def find(self, server: str) -> Credential | None:
        """The sign-in at this origin, expired or not."""
        entry = self._read()["servers"].get(server)
        return None if entry is None else self._credential(server, entry)

    def last_server(self) -> str | None:
        """The server of the last sign-in. It outlives the sign-out, so that `login` goes there again."""
        last = self._read()["last_server"]
        return last if isinstance(last, str) else None

    def prepare(self) -> None:
        """Make sure that a sign-in can be stored: asked before the browser opens, since a sign-in is issued once."""
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            os.chmod(self.folder, 0o700)
            with locked(self._lock_path()):
                self._read()
        except OSError as cause:
            raise self._unusable(cause) from cause

    def save(self, credential: Credential) -> None:
        """Store a sign-in in place of the server's earlier one, and remember its server as the last."""
        self.prepare()
        try:
            with locked(self._lock_path()):
                content = self._read()
                content["last_server"] = credential.server
                content["servers"][credential.server] = {
                    name: value for name, value in credential._asdict().items() if name != "server"
                }
                self._replace(content)
        except OSError as cause:
            raise self._unusable(cause) from cause

    def forget(self, credential: Credential) -> None:
        """Remove this sign-in; a newer one of the same server, stored meanwhile, stays."""
        try:
            with locked(self._lock_path()):
                content = self._read()
                entry = content["servers"].get(credential.server)
                if entry is not None and entry.get("key") == credential.key:
                    del content["servers"][credential.server]
                    self._replace(content)
        except OSError as cause:
            raise self._unusable(cause) from cause

    def _lock_path(self) -> str:
        return os.path.join(self.folder, "credentials.lock")

    def _read(self) -> dict[str, Any]:
        try:
            with open(self.path, encoding="utf-8") as file:
                content = json.load(file)
        except FileNotFoundError:
            return {"version": _VERSION, "last_server": None, "servers": {}}
        except OSError as cause:
            raise self._unusable(cause) from cause
        except ValueError as cause:
            raise self._damaged() from cause
        if not isinstance(content, dict) or not isinstance(content.get("servers"), dict):
            raise self._damaged()
        if content.get("version") != _VERSION or not all(isinstance(e, dict) for e in content["servers"].values()):
            raise self._damaged()
        return {"version": _VERSION, "last_server": content.get("last_server"), "servers": content["servers"]}

    def _credential(self, server: str, entry: dict[str, Any]) -> Credential:
        key, created_at, expires_at = entry.get("key"), entry.get("created_at"), entry.get("expires_at")
        if not isinstance(key, str) or not isinstance(created_at, int) or not isinstance(expires_at, int | None):
            raise self._damaged()
        return Credential(server, key, entry.get("user_id"), entry.get("team_id"), created_at, expires_at)

    def _replace(self, content: dict[str, Any]) -> None:
        # One name is enough under the lock; a stale file of a killed process goes first, since it keeps its own mode.
        new = f"{self.path}.new"
        with suppress(FileNotFoundError):
            os.unlink(new)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(descriptor)
        os.replace(new, self.path)

    def _unusable(self, cause: OSError) -> CommandError:
        reason = cause.strerror or type(cause).__name__
        return CommandError(
            f"Cannot use {self.path}: {reason}.", hint="Sign-ins are stored there; make it readable and writable."
        )

    def _damaged(self) -> CommandError:
        return CommandError(f"{self.path} is damaged.", hint="Delete it and sign in again with `gatewright login`.")
