"""`gatewright serve`: prepare once in the parent, print three lines, serve with one or more workers."""

import asyncio
import functools
import logging
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

import uvicorn
from uvicorn.supervisors import Multiprocess

from gatewright import __version__
from gatewright.app import first_start
from gatewright.app.keyfiles import with_keys
from gatewright.app.open_files import allow_files, most_connections
from gatewright.app.worker import create
from gatewright.domain.errors import GatewrightError, SettingInvalid
from gatewright.settings.load import load
from gatewright.settings.schema import Settings
from gatewright.web.bounded import BoundedProtocol
from gatewright.web.connections import Bounds, Watch
from gatewright.web.model_api.door import DirectProtocol

BACKLOG = 2048
DRAIN_S = 25


def run(flags: Mapping[str, str | None]) -> int:
    """Serves until a signal ends it; the exit status. Trouble at the start is one text on stderr, no traceback."""
    # Database, journal and keys are this user's alone, in a folder that others may read too; workers inherit it.
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = with_keys(load(flags))
        sockets = listen(settings)
        prepared = asyncio.run(first_start.prepare(settings))
    except GatewrightError as error:
        sys.stderr.write(f"error: {error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return 2
    for warning in settings.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    announce(settings, prepared)
    config = uvicorn.Config(
        functools.partial(create, dict(flags)),
        factory=True,
        workers=settings.workers,
        http=protocol(settings),
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    with suppress(KeyboardInterrupt):
        if settings.workers > 1:
            Multiprocess(config, sockets=sockets).run()
        else:
            uvicorn.Server(config).run(sockets=sockets)
    return 0


def protocol(settings: Settings) -> type[asyncio.Protocol]:
    """What uvicorn makes of each connection."""
    most = most_connections(settings.max_connections, allow_files())
    watch = Watch(Bounds(head_s=settings.head_timeout_s, body_s=settings.body_timeout_s, most=most))
    made = functools.partial(DirectProtocol if settings.direct_door else BoundedProtocol, watch=watch)
    return cast("type[asyncio.Protocol]", made)


def announce(settings: Settings, prepared: first_start.Prepared) -> None:
    """The three lines."""
    sys.stdout.write(f"Gatewright {__version__} at {settings.base_url}\n")
    sys.stdout.write(f"Data: {prepared.data}\n")
    if prepared.setup_link:
        sys.stdout.write(f"Set up the first administrator (one use, one hour): {prepared.setup_link}\n")
    else:
        sys.stdout.write(f"Sign in: {settings.base_url}/ui\n")
    sys.stdout.flush()


def listen(settings: Settings) -> list[socket.socket]:
    """The listening sockets: both loopback addresses for `localhost`. Raises SettingInvalid when a port is taken."""
    hosts = ["127.0.0.1", "::1"] if settings.host == "localhost" else [settings.host]
    found: list[socket.socket] = []
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if settings.host == "localhost" else 0)
            sock.bind((host, settings.port))
            sock.listen(BACKLOG)
        except OSError as error:
            # A machine without IPv6 still has a localhost.
            if host == "::1" and found:
                continue
            raise SettingInvalid(
                "GATEWRIGHT_PORT" if error.errno in (13, 98, 48) else "GATEWRIGHT_HOST",
                source="flag or environment",
                problem=f"cannot listen on {host} port {settings.port} ({os.strerror(error.errno or 0)})",
                fix="Stop the other program, or choose another port with --port",
            ) from error
        sock.set_inheritable(True)
        found.append(sock)
    return found
