"""The command `gatewright`: choose the command, turn every expected failure into one line and an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from gatewright.cli import errors, fast, output


def main() -> NoReturn:
    """The entry point of the console script and of `python -m gatewright`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Expected failures are written to stderr, never raised."""
    try:
        if (request := fast.parse(arguments)) is not None:
            fast.print_token(request)
            return errors.OK
        # Imported here, so that `gatewright token` pays for the standard library alone.
        from gatewright.cli.group import run_group  # noqa: PLC0415

        return run_group(arguments)
    except errors.CommandError as failure:
        output.error(failure)
        return failure.exit_code
    except KeyboardInterrupt:
        output.note("Interrupted.")
        return errors.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone (`| head`); point stdout away, or Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.FAILED
