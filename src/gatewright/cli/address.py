"""The address of a server as its origin: scheme, host and port. A credential is bound to one of these.

Standard library only: `gatewright token` imports this before click.
"""

from urllib.parse import urlsplit

from gatewright.cli.errors import WrongUsage

DEFAULT_SERVER = "http://localhost:4000"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def server_origin(text: str, *, source: str) -> str:
    """The origin that `text` names: lower case, no default port, no trailing slash.

    Without a scheme, this machine's own names get http and every other host https. `source` says in an error where
    the text came from. Raises WrongUsage for anything that is not the root of an http(s) server.
    """
    text = text.strip()
    if "://" not in text:
        text = _with_scheme(text)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as cause:
        raise WrongUsage(f"{source}: not a URL ({cause}).", hint=f"It looks like {DEFAULT_SERVER}.") from cause
    if parts.scheme not in _DEFAULT_PORTS or not host or not _is_host(host):
        raise WrongUsage(f"{source}: not an http or https URL.", hint=f"It looks like {DEFAULT_SERVER}.")
    if "@" in parts.netloc:
        raise WrongUsage(f"{source}: the URL holds a user name or password.", hint="Sign in with `gatewright login`.")
    name = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{name}"
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        origin += f":{port}"
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise WrongUsage(f"{source}: the server's URL has no path.", hint=f"Use {origin}.")
    return origin


def is_loopback(origin: str) -> bool:
    """Whether this origin is on this machine, by its name alone."""
    host = urlsplit(origin).hostname or ""
    if host in ("localhost", "::1") or host.endswith(".localhost"):
        return True
    numbers = host.split(".")
    return len(numbers) == 4 and numbers[0] == "127" and all(n.isdecimal() for n in numbers)


def is_exposed(origin: str) -> bool:
    """Whether what is sent to this origin crosses a network in clear text."""
    return origin.startswith("http://") and not is_loopback(origin)


def _with_scheme(text: str) -> str:
    return f"http://{text}" if is_loopback(f"http://{text}") else f"https://{text}"


def _is_host(host: str) -> bool:
    return all(c.isalnum() or c in "-._:" for c in host)
