"""`gatewright whoami`: the server's word on who this credential is, and how long it lasts."""

from typing import Any

import click

from gatewright.cli import output
from gatewright.cli.client import Client
from gatewright.cli.context import Target, server_options, target
from gatewright.cli.credentials import Store
from gatewright.cli.failures import failure
from gatewright.cli.times import duration, now, parse_iso
from gatewright.domain.clock import iso_or_none

# domain.identity.RoleReason's rules, in words.
_REASONS = {
    "group": "the group {value} in the provider's claim {claim} gives it",
    "no_group": "no group in the provider's claim {claim} gives a role ({value}), so the default applies",
    "claim": "the provider's claim {claim} says {value}",
    "default": "the provider sent no claim {claim}, so the default applies",
    "unknown_value": "the provider's claim {claim} names no role ({value}), so the default applies",
    "manual": "set by an administrator",
    "first_admin": "the first administrator of this server",
    "stored": "set earlier; the provider decides no roles here",
    "proxy_admin_id": "PROXY_ADMIN_ID names you",
    "master_key": "the master key",
    "break_glass": "a local emergency account",
    "no_owner": "a key that belongs to nobody",
}
_BY_DEFAULT = "the default, since nothing gave another"


@click.command()
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def whoami(ctx: click.Context, as_json: bool) -> None:
    """Ask the server who you are.

    Exits with 4 when you are not signed in, or no longer.
    """
    found = target(ctx)
    with Client(found.server.origin, found.key) as client:
        answer = client.request("GET", "/api/v1/me")
    if not answer.ok:
        raise failure(answer, found.server, found.key)
    me = answer.json_object()
    expires_at = parse_iso(me.get("expires_at")) or (found.credential and found.credential.expires_at)
    if as_json:
        created_at = iso_or_none(found.credential.created_at) if found.credential else None
        credential = {"source": found.key.source, "created_at": created_at, "expires_at": iso_or_none(expires_at)}
        output.as_json({"server": found.server.origin, "credential": credential, "me": me})
        return
    _print(me, found, expires_at)


def _print(me: dict[str, Any], found: Target, expires_at: int | None) -> None:
    name, username = me.get("display_name"), me.get("username") or me.get("user_id")
    both = f"{name} ({username})" if name and username and name != username else name or username or "unknown"
    lines = [("Server", found.server.origin), ("User", both), ("E-mail", me.get("email")), ("Role", _role(me))]
    if found.credential:
        lines.append(("Credential", f"{found.key.source}, {Store().path}"))
        lines.append(("Token age", duration(now() - found.credential.created_at)))
    else:
        lines.append(("Credential", found.key.source))
    for label, value in lines:
        if value:
            output.line(f"{label}: {output.clean(value)}")
    output.line(f"Expires in {duration(max(expires_at - now(), 0))}" if expires_at else "Does not expire")
    reason = me.get("role_reason")
    if isinstance(reason, dict) and reason.get("warning"):
        output.warning(str(reason["warning"]))


def _role(me: dict[str, Any]) -> str | None:
    """`Admin (proxy_admin), because …`."""
    role, label, reason = me.get("role"), me.get("role_label"), me.get("role_reason")
    if not role:
        return None
    text = f"{label} ({role})" if label and label != role else str(role)
    if not isinstance(reason, dict):
        return text
    rule = str(reason.get("rule", ""))
    if rule == "manual":
        return f"{text}, because: {_REASONS[rule]}{' and locked' if me.get('role_locked') else ''}"
    words = _BY_DEFAULT if rule == "default" and not reason.get("claim") else _REASONS.get(rule, rule)
    claim, value = reason.get("claim") or "of the role", reason.get("value") or "nothing"
    return f"{text}, because: {words.replace('{claim}', str(claim)).replace('{value}', str(value))}" if words else text
