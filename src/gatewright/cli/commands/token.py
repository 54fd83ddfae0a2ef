"""`gatewright token` as click sees it: its help and its wrong uses. `main` answers the plain ones without click."""

import click

from gatewright.cli import fast
from gatewright.cli.context import flags, url_option


@click.command()
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print server, token and expiry as JSON.")
@click.pass_context
def token(ctx: click.Context, as_json: bool) -> None:
    """Print the stored credential, for scripts and agents.

    Exits with 4 when there is none for the server or it has expired.
    """
    fast.print_token(fast.TokenRequest(flags(ctx).url, as_json))
