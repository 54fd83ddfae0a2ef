"""Where a request came from: the other end of the connection, or what a trusted reverse proxy says of it."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from starlette.types import Scope


def caller_address(trusted_proxies: tuple[str, ...]) -> Callable[[Scope], str | None]:
    """The function that answers the caller's address of an ASGI scope.

    X-Forwarded-For is read from its end, and only as long as the hop before is a trusted proxy, so that a caller cannot
    make an address up. None when a trusted proxy sent something that is no address.
    """
    proxies = [ip_network(text) for text in trusted_proxies]

    def is_proxy(address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in proxies)

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
            address = hops.pop()
            try:
                ip_address(address)
            except ValueError:
                return None
        return address

    return behind_proxies if proxies else peer
