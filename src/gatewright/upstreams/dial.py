"""Open a connection to a target: resolve, ask the address policy, connect to the address that it allowed."""

import asyncio
import contextlib
import socket
import ssl
from ipaddress import ip_address

from gatewright.upstreams.connection import Connection
from gatewright.upstreams.failures import AddressRefused, CallFailed, CallTimedOut, Phase
from gatewright.upstreams.target import Origin, Target


async def dial(target: Target, tls: ssl.SSLContext | None, deadline: float) -> Connection:
    """A new connection, over TLS when `tls` is given, before `deadline` (the event loop's time).

    The name is resolved once and the connection goes to an address that the policy was asked about, so a second DNS
    answer cannot lead elsewhere. Certificates are checked against the name.

    Raises AddressRefused, CallFailed, CallTimedOut (phase CONNECT).
    """
    loop = asyncio.get_running_loop()
    origin = target.origin
    try:
        async with asyncio.timeout_at(deadline):
            addresses = _allowed(await _resolve(origin), target)
    except TimeoutError:
        raise CallTimedOut(f"The name {origin.host} was not resolved in time.", phase=Phase.CONNECT) from None
    problem: OSError | None = None
    for at, address in enumerate(addresses):
        share = (deadline - loop.time()) / (len(addresses) - at)  # a dead address must not use up the others' time
        try:
            async with asyncio.timeout(share):
                return await _connect(origin, address, tls)
        except OSError as error:  # TimeoutError is one
            problem = error
    raise _failure(origin, problem) from None


async def _resolve(origin: Origin) -> list[str]:
    with contextlib.suppress(ValueError):
        return [str(ip_address(origin.host))]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise CallFailed(f"The name {origin.host} could not be resolved.", phase=Phase.CONNECT)
    return addresses


def _allowed(addresses: list[str], target: Target) -> list[str]:
    refusals = [(address, target.policy.refusal(address)) for address in addresses]
    allowed = [address for address, refusal in refusals if refusal is None]
    if not allowed:
        reasons = "; ".join(refusal for _, refusal in refusals if refusal is not None)
        raise AddressRefused(f"{target.origin.authority} may not be reached: {reasons}.")
    return allowed


async def _connect(origin: Origin, address: str, tls: ssl.SSLContext | None) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(loop, origin),
        address,
        origin.port,
        ssl=tls,
        server_hostname=origin.host if tls is not None else None,
    )
    return connection


def _failure(origin: Origin, problem: OSError | None) -> CallFailed | CallTimedOut:
    name = origin.authority
    if isinstance(problem, TimeoutError):
        return CallTimedOut(f"{name} did not accept a connection in time.", phase=Phase.CONNECT)
    if isinstance(problem, ssl.SSLCertVerificationError):
        return CallFailed(
            f"{name} has a certificate that is not trusted: {problem.verify_message}.",
            phase=Phase.CONNECT,
            code="upstream_certificate_invalid",
        )
    if isinstance(problem, ssl.SSLError):
        return CallFailed(f"{name} and we do not agree on TLS ({problem.reason}).", phase=Phase.CONNECT)
    cause = problem.strerror if problem is not None and problem.strerror else "the connection was refused"
    return CallFailed(f"{name} could not be reached: {cause}.", phase=Phase.CONNECT)
