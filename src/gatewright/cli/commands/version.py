"""`gatewright version`."""

import click

from gatewright import __version__
from gatewright.cli import output, profile
from gatewright.cli.context import flags, url_option
from gatewright.cli.credentials import Store


@click.command()
@url_option
@click.option("--server", "ask", is_flag=True, help="Ask the server for its version too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def version(ctx: click.Context, ask: bool, as_json: bool) -> None:
    """Print the version."""
    server = None
    if ask:
        server = _server_version(ctx)
    if as_json:
        output.as_json({"version": __version__, "server": server})
        return
    output.line(f"gatewright {__version__}")
    if server:
        output.line(f"{server['url']}: {output.clean(server['product'])} {output.clean(server['version'])}")


def _server_version(ctx: click.Context) -> dict[str, object]:
    # Imported here, so that the plain command needs no HTTP.
    from gatewright.cli.client import Client  # noqa: PLC0415
    from gatewright.cli.failures import failure  # noqa: PLC0415

    found = profile.server(flags(ctx).url, Store().last_server)
    with Client(found.origin) as client:
        answer = client.request("GET", "/api/v1/ui")
    if not answer.ok:
        raise failure(answer, found)
    body = answer.json_object()
    return {"url": found.origin, "product": body.get("product"), "version": body.get("version")}
