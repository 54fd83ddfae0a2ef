"""`gatewright doctor`: why a sign-in fails, and why somebody gets a role. The server asks the provider."""

import json
import sys
import webbrowser
from pathlib import Path
from typing import Any

import click

from gatewright.cli import output
from gatewright.cli.client import Client
from gatewright.cli.context import Target, server_options, target
from gatewright.cli.errors import FAILED, CommandError, WrongUsage
from gatewright.cli.failures import failure

PATH = "/api/v1/sign-in-providers"
MARKS = {"ok": "ok", "warning": "look", "problem": "PROBLEM", "skipped": "skipped"}
PATIENCE_S = 60
"""The server waits for the provider, several times where that does not answer."""

PROVIDER_HELP = "The provider's id; all of them without it."


@click.group()
def doctor() -> None:
    """Find out why a sign-in fails, and why somebody has a role."""


@doctor.command()
@server_options
@click.option("--provider", metavar="ID", help=PROVIDER_HELP)
@click.option("--sign-in", "try_it", is_flag=True, help="Then open a test sign-in in the browser; it signs nobody in.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def sso(ctx: click.Context, provider: str | None, try_it: bool, as_json: bool) -> None:
    """Check discovery, certificates, keys, redirect URI, client credentials, userinfo, clock and sign-out.

    Exits with 1 when something stands in the way of a sign-in.
    """
    found = target(ctx)
    with Client(found.server.origin, found.key) as client:
        ids = [provider] if provider else [str(one["id"]) for one in _ask(client, found, "GET", PATH)["items"]]
        diagnoses = [_ask(client, found, "POST", f"{PATH}/{name}/check") for name in ids]
    if as_json:
        output.as_json(diagnoses)
    for one in () if as_json else diagnoses:
        _print(one)
    if try_it:
        address = f"{found.server.origin}/sso/test?provider={ids[0]}"
        output.note(f"Open {address} in a browser that is signed in as an administrator.")
        webbrowser.open(address)
    if not all(one["is_good"] for one in diagnoses):
        ctx.exit(FAILED)


@doctor.command()
@server_options
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=str))
@click.option("--provider", metavar="ID", help="The provider's id; the first one without it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def claims(ctx: click.Context, file: str, provider: str | None, as_json: bool) -> None:
    """Say what a sign-in with the claims in FILE (JSON, `-` for standard input) would come to. Asks no provider."""
    pasted = _read(file)
    found = target(ctx)
    with Client(found.server.origin, found.key) as client:
        name = provider or str(_ask(client, found, "GET", PATH)["items"][0]["id"])
        said = _ask(client, found, "POST", f"{PATH}/{name}/explain", {"claims": pasted})
    if as_json:
        output.as_json(said)
        return
    for number, step in enumerate(said["steps"], 1):
        output.line(f"{number}. {output.clean(step['text'])}")
    output.line(f"Role: {output.clean(said['role'])}")
    if said["warning"]:
        output.warning(str(said["warning"]))
    if said["refusal"]:
        output.line(f"Refused: {output.clean(said['refusal'])} ({output.clean(said['refusal_code'])})")


def _ask(client: Client, found: Target, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = client.request(method, path, body=body, seconds=PATIENCE_S)
    if not answer.ok:
        raise failure(answer, found.server, found.key)
    return answer.json_object()


def _read(file: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        raise WrongUsage(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"{file} is not JSON: {error}.", hint="Paste the claims as one JSON object.") from error
    if not isinstance(found, dict):
        raise CommandError(f"{file} is JSON, but not an object.", hint="Paste the claims as one JSON object.")
    return found


def _print(diagnosis: dict[str, Any]) -> None:
    output.line(f"{output.clean(diagnosis['label'])} ({output.clean(diagnosis['source'])})")
    for check in diagnosis["checks"]:
        mark = MARKS.get(check["outcome"], check["outcome"])
        output.line(f"  {mark:8} {output.clean(check['title'])}: {output.clean(check['found'])}")
        if check["fix"]:
            output.line(f"  {'':8} {output.clean(check['fix'])}")
