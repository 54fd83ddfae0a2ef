"""The one address policy: which network addresses an outgoing connection may reach.

Pure; whoever connects resolves the name, asks for every address, and connects to the address it asked for (so that a
second DNS answer cannot differ). Link-local and metadata addresses are never allowed, whoever typed the URL.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Link-local holds 169.254.169.254; the rest are other clouds' metadata services and addresses that name no host.
NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "100.100.100.200/32",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fd00:ec2::254/128",
        "ff00::/8",
    )
)

# What some Python versions take for public: IETF's own, NAT64 of a site (RFC 8215), site-local, segment routing.
PRIVATE = tuple(ip_network(text) for text in ("192.0.0.0/24", "64:ff9b:1::/48", "fec0::/10", "5f00::/16"))

# IPv6 that ends in the IPv4 address that it reaches: NAT64, IPv4-translated, IPv4-compatible.
ENDING_IN_IPV4 = tuple(ip_network(text) for text in ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96"))


class AddressPolicy(msgspec.Struct, frozen=True):
    """`networks` are the private networks that the operator allows (GATEWRIGHT_ALLOWED_NETWORKS).

    `loopback` allows this machine's own services: true only in the default single-machine set-up. `operator` is the
    policy for URLs in the operator's own file and environment: private networks and loopback too, metadata never.
    """

    networks: tuple[str, ...] = ()
    loopback: bool = False
    operator: bool = False

    def refusal(self, address: str) -> str | None:
        """Why this IP address may not be reached, in words; None when it may."""
        ip = _unmapped(ip_address(address.split("%", 1)[0]))
        if any(_in(ip, net) for net in NEVER):
            return f"{ip} is a link-local, metadata or reserved address, which is never allowed"
        public = ip.is_global and not any(_in(ip, net) for net in PRIVATE)
        if self.operator or public or any(_in(ip, ip_network(net)) for net in self.networks):
            return None
        if ip.is_loopback:
            return None if self.loopback else f"{ip} is this machine itself; add it to GATEWRIGHT_ALLOWED_NETWORKS"
        return f"{ip} is in a private network; add it to GATEWRIGHT_ALLOWED_NETWORKS to allow it"


def _in(ip: Address, network: Network) -> bool:
    return ip.version == network.version and ip in network


def _unmapped(ip: Address) -> Address:
    """IPv4 inside IPv6 (mapped, 6to4, NAT64, ...) counts as the IPv4 address that it reaches."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip.sixtofour is not None:
            return ip.sixtofour
        if not (ip.is_loopback or ip.is_unspecified) and any(ip in net for net in ENDING_IN_IPV4):
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
