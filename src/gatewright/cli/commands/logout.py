"""`gatewright logout`: end the credential on the server, then forget it here, whatever the server says."""

import click

from gatewright.cli import output, profile
from gatewright.cli.client import Client
from gatewright.cli.context import flags, url_option
from gatewright.cli.credentials import Store
from gatewright.cli.errors import CommandError, Unreachable
from gatewright.cli.failures import read
from gatewright.cli.profile import STORED, Key


@click.command()
@click.argument("server_url", metavar="[URL]", required=False)
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def logout(ctx: click.Context, server_url: str | None, as_json: bool) -> None:
    """End the sign-in on the server and forget it here.

    The stored credential is removed even when the server cannot be reached; the exit code is 7 then.
    """
    store = Store()
    server = profile.server(server_url or flags(ctx).url, store.last_server)
    credential = store.find(server.origin)
    if credential is None:
        _say(as_json, server.origin, f"Not signed in to {server.origin}.", revoked=False)
        return
    failed: CommandError | None = None
    try:
        with Client(server.origin, Key(credential.key, STORED)) as client:
            answer = client.request("POST", "/api/v1/me/logout")
        # 401: the server ended it before us.
        if not answer.ok and answer.status != 401:
            told = read(answer)
            reason = told.message or f"It answered {answer.phrase}."
            failed = CommandError(f"{server.origin} did not end the sign-in: {reason}", reference=told.reference)
    except CommandError as cause:
        failed = cause
    store.forget(credential)
    if failed is None:
        _say(as_json, server.origin, f"Signed out of {server.origin}.", revoked=True)
        return
    failed.hint = "It was removed here, but works until it expires. End it in the dashboard, under Sessions."
    if isinstance(failed, Unreachable):
        failed.message += " The sign-in could not be ended there."
    raise failed


def _say(as_json: bool, server: str, text: str, *, revoked: bool) -> None:
    if as_json:
        output.as_json({"server": server, "revoked": revoked})
    else:
        output.line(text)
