"""DNS pinned between check and connect: resolve once, ask the policy for each address, connect to what it allowed."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.outbound.errors import AddressRefused, OutboundFailed, shown

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Takes host name and port, answers IP addresses in the order to try. Tests pass their own."""

PORTS = {"http": 80, "https": 443}
MOST_ADDRESSES = 4


class Target(msgspec.Struct, frozen=True):
    """A URL that was checked. `addresses` are the IP addresses that may be connected to, best first.

    `host` is the name for the certificate check, `host_header` what the Host header carries.
    """

    scheme: str
    host: str
    port: int
    host_header: str
    path: str
    addresses: tuple[str, ...]

    def url(self, address: str) -> str:
        """The URL with the host replaced by one of the checked addresses."""
        literal = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{literal}:{self.port}{self.path}"


async def system_resolve(host: str, port: int) -> list[str]:
    """The operating system's resolver, off the event loop."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def split(url: str) -> SplitResult:
    """An absolute http or https URL without user name or fragment. Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError as error:
        raise AddressRefused("This is not a URL.", code="url_invalid") from error
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise AddressRefused(f"{shown(url)} is not an http or https URL.", code="url_invalid")
    if any(not "!" <= char <= "~" for char in url) or "\\" in url or "%" in parts.netloc:
        raise AddressRefused(f"{shown(url)} holds a character that a URL may not hold.", code="url_invalid")
    return parts


def origin_of(url: str) -> str:
    """`https://host:port`, the port always written. Raises AddressRefused."""
    parts = split(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or PORTS[parts.scheme]}"


async def pin(url: str, policy: AddressPolicy, resolve: Resolve = system_resolve) -> Target:
    """Resolves the URL's host and keeps the addresses that the policy allows.

    Only these are ever connected to, so a second DNS answer changes nothing. Raises AddressRefused when none is
    allowed, OutboundFailed when the name does not resolve.
    """
    parts = split(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    found = [host] if _is_literal(host) else await _resolved(host, port, resolve, url)
    reasons: list[str] = []
    allowed: list[str] = []
    for address in found:
        reason = policy.refusal(address)
        if reason is None:
            allowed.append(address)
        else:
            reasons.append(reason)
    if not allowed:
        raise AddressRefused(f"{shown(url)} may not be reached: {reasons[0]}.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, parts.netloc, path, tuple(allowed[:MOST_ADDRESSES]))


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _resolved(host: str, port: int, resolve: Resolve, url: str) -> list[str]:
    try:
        found = await resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise OutboundFailed(f"The host name of {shown(url)} could not be resolved.", code="dns_failed") from error
    if not found:
        raise OutboundFailed(f"The host name of {shown(url)} has no address.", code="dns_failed")
    return found
