"""The pure rules: roles, money, addresses."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.identity import Role, parse_role
from gatewright.domain.money import Price, Usage, cost, dollars, price_per_million


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("proxy_admin", Role.PROXY_ADMIN),
        (" Proxy_Admin ", Role.PROXY_ADMIN),
        ("internal_user_view_only", Role.INTERNAL_USER_VIEWER),
        ("internal_user_viewer", Role.INTERNAL_USER_VIEWER),
        ("boss", None),
        ("", None),
        (None, None),
        (["proxy_admin"], None),
    ],
)
def test_a_role_is_recognised_in_both_spellings(value: object, role: Role | None) -> None:
    assert parse_role(value) is role


def test_roles_rank_by_privilege() -> None:
    assert sorted(Role, key=lambda role: role.rank) == list(Role)


tokens = st.integers(0, 10_000_000)
nanos = st.integers(0, 10**12)


@given(tokens, tokens, nanos, nanos, nanos)
def test_a_cost_is_exact_and_rounded_once(
    fresh: int, cached: int, input_price: int, output_price: int, rate: int
) -> None:
    usage = Usage(prompt=fresh + cached, completion=fresh, cached=cached)
    found = cost(usage, Price(input=input_price, output=output_price, cached_input=rate))
    exact = Decimal(fresh * input_price + cached * rate + fresh * output_price) / 1_000_000
    assert found is not None
    assert abs(Decimal(found) - exact) <= Decimal("0.5")


def test_an_unknown_price_is_unknown_and_not_zero() -> None:
    assert cost(Usage(prompt=5), None) is None


@pytest.mark.parametrize(
    ("nano", "text"), [(0, "0"), (1, "0.000000001"), (1_500_000, "0.0015"), (10**9, "1"), (-(10**9), "-1")]
)
def test_money_is_plain_text_without_trailing_zeros(nano: int, text: str) -> None:
    assert dollars(nano) == text


@pytest.mark.parametrize(("value", "price"), [(2.5e-06, 2_500_000_000), ("0.0000000375", 37_500_000), (0, 0)])
def test_a_price_a_token_is_exact(value: object, price: int) -> None:
    assert price_per_million(value) == price


NEVER = ["169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "0.0.0.0",
         "100.100.100.200", "2002:a9fe:a9fe::", "224.0.0.1", "fe80::1%eth0",
         "192.0.0.192", "::169.254.169.254", "::ffff:0:a9fe:a9fe"]  # fmt: skip
PRIVATE = ["10.1.2.3", "192.168.1.1", "172.16.0.1", "fc00::1", "100.64.0.1", "::ffff:10.0.0.1"]


@pytest.mark.parametrize("address", NEVER)
def test_metadata_and_link_local_are_never_reached(address: str) -> None:
    for policy in (AddressPolicy(), AddressPolicy(operator=True), AddressPolicy(networks=("0.0.0.0/0", "::/0"))):
        assert policy.refusal(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_networks_need_the_operator(address: str) -> None:
    assert AddressPolicy(loopback=True).refusal(address)
    assert AddressPolicy(operator=True).refusal(address) is None
    assert (
        AddressPolicy(networks=("10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", "fc00::/7", "100.64.0.0/10")).refusal(
            address
        )
        is None
    )


@pytest.mark.parametrize("address", ["192.0.0.8", "64:ff9b:1::a9fe:a9fe", "fec0::1", "::10.0.0.1", "::ffff:0:a00:1"])
def test_what_only_looks_public_needs_the_operator_too(address: str) -> None:
    assert AddressPolicy(loopback=True).refusal(address)
    assert AddressPolicy(operator=True).refusal(address) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_for_the_single_machine(address: str) -> None:
    assert AddressPolicy(loopback=True).refusal(address) is None
    assert AddressPolicy().refusal(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_are_reached(address: str) -> None:
    assert AddressPolicy().refusal(address) is None
