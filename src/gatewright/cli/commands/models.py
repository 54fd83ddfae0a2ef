"""`gatewright models`: the models that this credential may use."""

from typing import Any

import click

from gatewright.cli import output
from gatewright.cli.client import Client
from gatewright.cli.context import server_options, target
from gatewright.cli.errors import CommandError
from gatewright.cli.failures import failure


@click.group(invoke_without_command=True)
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the models that you may use."""
    if ctx.invoked_subcommand is None:
        _list(ctx, as_json)


@models.command("list")
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_models(ctx: click.Context, as_json: bool) -> None:
    """List the models that you may use: a table on a terminal, else one name a line."""
    # `models --json list` means what `models list --json` does.
    _list(ctx, as_json or bool(ctx.parent and ctx.parent.params.get("as_json")))


def _list(ctx: click.Context, as_json: bool) -> None:
    found = target(ctx)
    with Client(found.server.origin, found.key) as client:
        answer = client.request("GET", "/v1/models")
    if not answer.ok:
        raise failure(answer, found.server, found.key)
    rows = answer.json_object().get("data")
    if not isinstance(rows, list) or not all(isinstance(r, dict) and isinstance(r.get("id"), str) for r in rows):
        raise CommandError("The server's answer is not a list of models.")
    rows.sort(key=lambda row: str(row["id"]))
    if as_json:
        output.as_json(rows)
    elif not rows:
        # On stderr: a script that reads the names gets none.
        output.note(f"There is no model that you may use. Administrators add them at {found.server.origin}/ui.")
    elif output.is_terminal():
        output.table(("MODEL", "PROVIDER"), [(row["id"], _owner(row)) for row in rows])
    else:
        for row in rows:
            output.line(output.clean(row["id"]))


def _owner(row: dict[str, Any]) -> str:
    owner = row.get("owned_by")
    return owner if isinstance(owner, str) else ""
