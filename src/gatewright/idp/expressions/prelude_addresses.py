"""The part of Python's `ipaddress` that expressions use. Run inside the sandbox, which has no such module."""

import re
from typing import Any

PRIVATE = (
    *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/29", "192.0.0.170/31"),
    *("192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"),
    *("255.255.255.255/32", "::1/128", "::/128", "::ffff:0:0/96", "100::/64", "2001:2::/48", "2001:db8::/32"),
    *("2001:10::/28", "fc00::/7", "fe80::/10"),
)
LOOPBACK, LINK_LOCAL = ("127.0.0.0/8", "::1/128"), ("169.254.0.0/16", "fe80::/10")


class Address:
    def __init__(self, number: int, version: int) -> None:
        self.version = version
        self.number = number
        self.max_prefixlen = 32 if version == 4 else 128
        self.compressed = address_text(number, version)
        self.is_loopback = within(self, LOOPBACK)
        self.is_link_local = within(self, LINK_LOCAL)
        self.is_private = within(self, PRIVATE)
        self.is_unspecified = number == 0

    def __str__(self) -> str:
        return self.compressed

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Address) and (self.version, self.number) == (other.version, other.number)

    def __hash__(self) -> int:
        return hash((self.version, self.number))

    def __int__(self) -> int:
        return self.number


class Network:
    def __init__(self, number: int, prefix: int, version: int) -> None:
        self.version = version
        self.prefixlen = prefix
        self.size = 1 << ((32 if version == 4 else 128) - prefix)
        self.number = number
        self.num_addresses = self.size
        self.with_prefixlen = f"{address_text(number, version)}/{prefix}"

    def __str__(self) -> str:
        return self.with_prefixlen

    def __contains__(self, address: Any) -> bool:
        if not isinstance(address, Address):
            raise TypeError(f"only an ip_address is in a network, not {type(address).__name__}: ip_address(...)")
        return address.version == self.version and self.number <= address.number < self.number + self.size

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Network) and self.with_prefixlen == other.with_prefixlen

    def __hash__(self) -> int:
        return hash(self.with_prefixlen)

    def overlaps(self, other: "Network") -> bool:
        if self.version != other.version:
            return False
        return self.number < other.number + other.size and other.number < self.number + self.size

    def subnet_of(self, other: "Network") -> bool:
        inside = other.number <= self.number and self.number + self.size <= other.number + other.size
        return self.version == other.version and inside


class Addresses:
    """Stands in for the module."""

    def ip_address(self, address: Any) -> Address:
        return ip_address(address)

    def ip_network(self, address: Any, strict: bool = True) -> Network:
        return ip_network(address, strict)


def within(address: Address, networks: Any) -> bool:
    for text in networks:
        if (":" in text) is (address.version == 6):
            start, _, prefix = text.partition("/")
            number, size = parsed_address(start)[0], address.max_prefixlen - int(prefix)
            if address.number >> size == number >> size:
                return True
    return False


def ip_address(address: Any) -> Address:
    if isinstance(address, Address):
        return address
    number, version = parsed_address(str(address))
    return Address(number, version)


def ip_network(address: Any, strict: bool = True) -> Network:
    start, slash, given = str(address).partition("/")
    number, version = parsed_address(start)
    longest = 32 if version == 4 else 128
    prefix = longest
    if slash:
        if re.fullmatch("[0-9]{1,3}", given) is None or int(given) > longest:
            raise ValueError(f"{str(address)!r} does not appear to be an IPv4 or IPv6 network")
        prefix = int(given)
    size = longest - prefix
    if strict and (number >> size) << size != number:
        raise ValueError(f"{address} has host bits set")
    return Network((number >> size) << size, prefix, version)


def parsed_address(text: str) -> tuple[int, int]:
    """The number and the version. Raises ValueError."""
    number = None
    if ":" in text:
        number = parsed_v6(text)
    elif re.fullmatch("[0-9]{1,3}([.][0-9]{1,3}){3}", text) is not None:
        number = parsed_v4(text)
    if number is None:
        raise ValueError(f"{text[:60]!r} does not appear to be an IPv4 or IPv6 address")
    return number, 6 if ":" in text else 4


def parsed_v4(text: str) -> Any:
    number = 0
    for part in text.split("."):
        if not part or int(part) > 255 or (len(part) > 1 and part[0] == "0"):
            return None
        number = number * 256 + int(part)
    return number


def parsed_v6(text: str) -> Any:
    if "." in text:
        head, _, tail = text.rpartition(":")
        last = parsed_v4(tail) if re.fullmatch("[0-9]{1,3}([.][0-9]{1,3}){3}", tail) is not None else None
        if last is None:
            return None
        text = f"{head}:{last >> 16:x}:{last & 65535:x}"
    if text.count("::") > 1 or ":::" in text:
        return None
    left, gap, right = text.partition("::")
    groups = left.split(":") if left else []
    ending = right.split(":") if right else []
    missing = 8 - len(groups) - len(ending)
    if (gap and missing < 1) or (not gap and missing != 0):
        return None
    number = 0
    for group in groups + ["0"] * missing + ending:
        if re.fullmatch("[0-9a-fA-F]{1,4}", group) is None:
            return None
        number = number * 65536 + int(group, 16)
    return number


def address_text(number: int, version: int) -> str:
    """The shortest form (RFC 5952)."""
    if version == 4:
        return ".".join([str((number >> shift) & 255) for shift in (24, 16, 8, 0)])
    groups = [(number >> shift) & 65535 for shift in (112, 96, 80, 64, 48, 32, 16, 0)]
    best, start = (0, 0), 0
    while start < 8:
        end = start
        while end < 8 and groups[end] == 0:
            end += 1
        if end - start > best[0]:
            best = (end - start, start)
        start = max(end, start + 1)
    words = [f"{group:x}" for group in groups]
    if best[0] < 2:
        return ":".join(words)
    return ":".join(words[: best[1]]) + "::" + ":".join(words[best[1] + best[0] :])
