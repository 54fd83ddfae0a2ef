"""Where a request came from: the other end of the connection, or what a trusted reverse proxy says of it."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope


def caller_address(trusted_proxies: tuple[str, ...]) -> Callable[[Scope], str | None]:
    """The function that answers the caller's address of an ASGI scope.

    X-Forwarded-For is read from its end, and only as long as the hop before is a trusted proxy, so that a caller cannot
    make an address up. What is no address counts as the hop that sent it: nobody escapes a limit by nonsense. None
    only when the connection itself has no address.
    """
    is_proxy = is_within(trusted_proxies)

    def peer(scope: Scope) -> str | None:
        client = scope.get("client")
        return client[0] if client else None

    def behind_proxies(scope: Scope) -> str | None:
        address = peer(scope)
        hops = [
            hop.strip()
            for name, value in scope["headers"]
            if name == b"x-forwarded-for"
            for hop in value.decode("latin-1").split(",")
        ]
        while address is not None and hops and is_proxy(address):
            before = _read(hops.pop())
            if before is None:
                break
            address = str(before)
        return address

    return behind_proxies if trusted_proxies else peer


def is_within(networks: tuple[str, ...]) -> Callable[[str], bool]:
    """The function that says whether an address is in one of the networks; what is no address is in none."""
    known = [ip_network(text) for text in networks]

    def check(address: str) -> bool:
        ip = _read(address)
        return ip is not None and any(ip in network for network in known)

    return check


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """The address in a hop, with or without the port that some proxies add; None when there is none."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        ip = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return mapped or ip
