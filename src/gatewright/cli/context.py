"""The options that every command takes, and what they come to: a server and the credential for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from gatewright.cli import profile
from gatewright.cli.address import DEFAULT_SERVER
from gatewright.cli.credentials import Credential, Store
from gatewright.cli.errors import SignInNeeded
from gatewright.cli.fast import login_hint
from gatewright.cli.profile import STORED, Key, Server

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


@dataclass
class Flags:
    """`--url` and `--api-key` as typed, before or after the command's name; the later one wins."""

    url: str | None = None
    api_key: str | None = None


@dataclass(frozen=True)
class Target:
    """Where a call goes and with what. `credential` is the stored sign-in when that is what `key` is."""

    server: Server
    key: Key
    credential: Credential | None


def url_option(command: Wrapped) -> Wrapped:
    """Add `--url`; its value is kept in `flags`."""
    variables = " or ".join(profile.URL_VARIABLES)
    text = f"The server. Else {variables}, the last sign-in's, {DEFAULT_SERVER}."
    option = click.option(
        "--url", "--base-url", "url", metavar="URL", expose_value=False, callback=_keep_url, help=text
    )
    return option(command)


def server_options(command: Wrapped) -> Wrapped:
    """Add `--url` and `--api-key`; their values are kept in `flags`."""
    text = f"A key to use in place of the sign-in. Else {' or '.join(profile.KEY_VARIABLES)}."
    option = click.option(profile.KEY_FLAG, "api_key", metavar="KEY", expose_value=False, callback=_keep_key, help=text)
    return url_option(option(command))


def flags(ctx: click.Context) -> Flags:
    """The flags of this command line."""
    return ctx.find_root().ensure_object(Flags)


def target(ctx: click.Context) -> Target:
    """The server and the key for it: flag, environment, else the sign-in that this very server issued.

    Raises SignInNeeded when there is no key, WrongUsage when the server's URL is none.
    """
    given, store = flags(ctx), Store()
    server = profile.server(given.url, store.last_server)
    if key := profile.key(given.api_key):
        return Target(server, key, None)
    credential = store.find(server.origin)
    if credential is None:
        raise SignInNeeded(f"Not signed in to {server.origin}.", hint=login_hint(server))
    return Target(server, Key(credential.key, STORED), credential)


def _keep_url(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        flags(ctx).url = value


def _keep_key(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        flags(ctx).api_key = value
