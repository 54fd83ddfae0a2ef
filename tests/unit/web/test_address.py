"""Whose address counts: behind a trusted proxy what that proxy says, never what a caller makes up."""

import pytest

from gatewright.web.address import caller_address

TRUSTED = ("10.0.0.0/8", "fd00::/8")


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ((), "10.0.0.1", ["1.2.3.4"], "10.0.0.1"),
        (TRUSTED, "203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        (TRUSTED, "10.0.0.1", [], "10.0.0.1"),
        (TRUSTED, "10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        (TRUSTED, "fd00::1", ["2001:db8::7"], "2001:db8::7"),
        # The end of the list is the proxy's word, what stands before it is the caller's.
        (TRUSTED, "10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (TRUSTED, "10.0.0.1", ["6.6.6.6", "1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        # Some proxies name the port too, and a socket of both families writes IPv4 as IPv6.
        (TRUSTED, "10.0.0.1", ["1.2.3.4:4711"], "1.2.3.4"),
        (TRUSTED, "10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        (TRUSTED, "::ffff:10.0.0.1", ["::ffff:1.2.3.4"], "1.2.3.4"),
        # Nonsense counts as whoever sent it, so that nobody is without an address.
        (TRUSTED, "10.0.0.1", ["not an address"], "10.0.0.1"),
        (TRUSTED, "10.0.0.1", ["1.2.3.4, "], "10.0.0.1"),
        (TRUSTED, "10.0.0.1", ["1.2.3.4, nonsense, 10.0.0.2"], "10.0.0.2"),
        (TRUSTED, None, ["1.2.3.4"], None),
    ],
)
def test_the_address_of_a_caller(
    trusted: tuple[str, ...], peer: str | None, forwarded: list[str], address: str | None
) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "client": (peer, 1) if peer else None, "headers": headers}
    assert caller_address(trusted)(scope) == address
