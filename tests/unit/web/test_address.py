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
        (TRUSTED, "10.0.0.1", ["not an address"], None),
        (TRUSTED, "10.0.0.1", ["1.2.3.4, "], None),
        (TRUSTED, None, ["1.2.3.4"], None),
    ],
)
def test_the_address_of_a_caller(
    trusted: tuple[str, ...], peer: str | None, forwarded: list[str], address: str | None
) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "client": (peer, 1) if peer else None, "headers": headers}
    assert caller_address(trusted)(scope) == address
