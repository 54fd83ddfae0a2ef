"""What the environment says to the command line. The one module of it that reads the environment.

Standard library only: `gatewright token` imports this before click.
"""

import os


def colour_refused() -> bool:
    """NO_COLOR set to anything but nothing (no-color.org), or a terminal that says it cannot."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
