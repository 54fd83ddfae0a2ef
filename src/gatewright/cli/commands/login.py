"""`gatewright login`: sign in with the browser, choose a team, store the credential, say who that is."""

import sys
import webbrowser
from typing import Any, TextIO

import click

from gatewright.cli import output, profile, sign_in
from gatewright.cli.client import Client
from gatewright.cli.context import flags, url_option
from gatewright.cli.credentials import Credential, Store
from gatewright.cli.errors import CommandError, WrongUsage
from gatewright.cli.profile import Key, Server
from gatewright.cli.times import duration, now, parse_iso
from gatewright.domain.clock import iso_or_none


@click.command()
@click.argument("server_url", metavar="[URL]", required=False)
@url_option
@click.option("--no-browser", is_flag=True, help="Only print the link; open it yourself, on any machine.")
@click.option("--team", metavar="TEAM", help="The team to sign in for, by id or name, without being asked.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, all else on stderr.")
@click.pass_context
def login(ctx: click.Context, server_url: str | None, no_browser: bool, team: str | None, as_json: bool) -> None:
    """Sign in with the browser and store the credential.

    URL is the server, such as https://llm.example.com.
    """
    given = flags(ctx)
    if server_url and given.url and server_url != given.url:
        raise WrongUsage("Two servers are named.", hint="Give the URL once.")
    store = Store()
    store.prepare()
    server = profile.server(server_url or given.url, store.last_server)
    progress = sys.stderr if as_json else sys.stdout
    with Client(server.origin) as client:
        started = sign_in.start(client, server)
        _show(started, server, progress, open_browser=not no_browser)
        ready = sign_in.wait(client, server, started)
        if ready.key is None:
            team_id = _choose(ready.teams, team, progress)
            ready = sign_in.wait(client, server, started, team_id=team_id)
        if ready.key is None:
            raise CommandError("The server asks for a team again and again.", hint="Tell its administrator.")
        client.authorize(Key(ready.key, "the server"))
        expires_at = parse_iso(ready.expires_at)
        credential = Credential(server.origin, ready.key, ready.user_id, ready.team_id, now(), expires_at)
        # Stored first: the server gives it out once, and what follows may fail.
        store.save(credential)
        me = _me(client)
    if expires_at is None and (expires_at := parse_iso(me.get("expires_at"))):
        credential = credential._replace(expires_at=expires_at)
        store.save(credential)
    _report(credential, ready, me, store.path, as_json=as_json)


def _show(started: sign_in.Started, server: Server, to: TextIO, *, open_browser: bool) -> None:
    """Print link and code at once, then try the browser; a browser that does not open is no failure."""
    output.line(f"To sign in to {server.origin}, open this link:", to=to)
    output.line(f"\n  {started.url}\n", to=to)
    output.line(f"Verification code: {output.clean(started.user_code)}", to=to)
    output.line("Type the code when the page asks for it. Waiting… (Ctrl-C stops)\n", to=to)
    if not open_browser or not profile.browser_likely():
        return
    try:
        opened = webbrowser.open(started.url)
    except webbrowser.Error:
        opened = False
    if not opened:
        output.line("No browser could be opened; open the link yourself.", to=to)


def _choose(teams: list[dict[str, str | None]], wanted: str | None, to: TextIO) -> str:
    """The id of the team that the person names by number, id or name; the first for an empty line or `skip`.

    Raises CommandError when `--team` names none of them, or when nobody is there to answer.
    """
    if not teams:
        raise CommandError("The server asks for a team and offers none.", hint="Tell its administrator.")
    names = ", ".join(_team_name(team) for team in teams)
    if wanted is not None:
        if found := _team(teams, wanted):
            return found
        raise CommandError(f"You are not in a team {wanted}.", hint=f"Your teams: {names}.")
    output.line("Your teams:", to=to)
    for number, team in enumerate(teams, start=1):
        output.line(f"  {number}. {_team_name(team)}", to=to)
    while True:
        to.write("Team [1]: ")
        to.flush()
        typed = sys.stdin.readline()
        if not typed:
            raise CommandError("No team was chosen.", hint=f"Name it with --team. Your teams: {names}.")
        typed = typed.strip()
        number = int(typed) if typed.isdecimal() else 1 if typed in ("", "skip") else 0
        if found := _team(teams, typed) or (teams[number - 1]["team_id"] if 1 <= number <= len(teams) else None):
            return found
        output.line(f"Type a number from 1 to {len(teams)}.", to=to)


def _team(teams: list[dict[str, str | None]], name: str) -> str | None:
    return next((t["team_id"] for t in teams if name and name in (t["team_id"], t["team_alias"])), None)


def _team_name(team: dict[str, str | None]) -> str:
    return output.clean(team["team_alias"] or team["team_id"])


def _me(client: Client) -> dict[str, Any]:
    """The server's own word on who signed in; empty when it has none (LiteLLM), which is no failure of the sign-in."""
    try:
        answer = client.request("GET", "/api/v1/me")
        return answer.json_object() if answer.ok else {}
    except CommandError:
        return {}


def _report(credential: Credential, ready: sign_in.Ready, me: dict[str, Any], path: str, *, as_json: bool) -> None:
    user_id, role = me.get("user_id") or ready.user_id, me.get("role")
    if as_json:
        output.as_json(
            {
                "server": credential.server,
                "user_id": user_id,
                "email": me.get("email"),
                "role": role,
                "team_id": credential.team_id,
                "expires_at": iso_or_none(credential.expires_at),
                "attribution_metadata": ready.attribution_metadata,
                "saved_to": path,
            }
        )
    else:
        name = output.clean(me.get("display_name") or me.get("email") or user_id or "a user without a name")
        label = output.clean(me.get("role_label") or role or "")
        output.line(f"Signed in to {credential.server} as {name}{f' ({label})' if label else ''}.")
        output.line(f"Saved to {path}")
        if credential.expires_at:
            output.line(f"Expires in {duration(credential.expires_at - now())}")
    if override := profile.key(None):
        output.warning(f"{override.source} is set and is used in place of this sign-in.")
