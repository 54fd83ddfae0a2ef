"""`gatewright version`."""

import click

from gatewright import __version__
from gatewright.cli import output


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def version(as_json: bool) -> None:
    """Print the version."""
    if as_json:
        output.as_json({"version": __version__})
    else:
        output.line(f"gatewright {__version__}")
