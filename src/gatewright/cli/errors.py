"""The ways a command can fail, and the exit code of each (interface study 3.4).

0 ok · 1 failed · 2 usage · 3 not found or conflict · 4 sign-in needed · 5 not allowed · 6 rate limit or budget ·
7 server unreachable · 130 interrupted. `main` turns every one of these into `error: …` and `hint: …` on stderr.
Standard library only: `gatewright token` imports this before click.
"""

from typing import ClassVar

OK = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
SIGN_IN = 4
NOT_ALLOWED = 5
LIMITED = 6
UNREACHABLE = 7
INTERRUPTED = 130


class CommandError(Exception):
    """The root, and the plain failure. `message` and `hint` are for people and hold no secret.

    `reference` is the server's id of the request, which finds it in the server's log.
    """

    exit_code: ClassVar[int] = FAILED

    def __init__(self, message: str, *, hint: str | None = None, reference: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.reference = reference


class WrongUsage(CommandError):
    exit_code = USAGE


class Missing(CommandError):
    """The server knows no such thing (404), or it changed meanwhile (409)."""

    exit_code = NOT_FOUND


class SignInNeeded(CommandError):
    """No credential for this server, or the server refused it (401)."""

    exit_code = SIGN_IN


class NotAllowed(CommandError):
    exit_code = NOT_ALLOWED


class Limited(CommandError):
    """A rate limit or a spent budget (429)."""

    exit_code = LIMITED


class Unreachable(CommandError):
    """No answer: refused, timed out, name not found, TLS failed, broken off."""

    exit_code = UNREACHABLE
