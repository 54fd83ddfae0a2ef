import asyncio
import datetime
import socket
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatewright.domain.addresses import AddressPolicy
from gatewright.upstreams.client import Client
from gatewright.upstreams.failures import AddressRefused, CallFailed, CallTimedOut
from gatewright.upstreams.target import Target, parse_target
from gatewright.upstreams.timeouts import Timeouts

from .server import OPERATOR, Upstream, always

pytestmark = pytest.mark.anyio

STRICT = AddressPolicy()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client()
    yield client
    await client.aclose()


class Names:
    """Takes the place of the resolver: `answers` are the addresses of every name, `asked` counts."""

    def __init__(self, *answers: str) -> None:
        self.answers = answers
        self.asked = 0

    async def getaddrinfo(self, host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        if host.replace(".", "").isdigit() or ":" in host:  # the event loop's own check of an address
            return await real(host, port, type=socket.SOCK_STREAM)
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.answers]


async def real(host: str, port: int, **options: Any) -> list[tuple[Any, ...]]:
    return [*socket.getaddrinfo(host, port, **options)]


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("169.254.169.254", "link-local, metadata"),
        ("[fd00:ec2::254]", "link-local, metadata"),
        ("[::ffff:169.254.169.254]", "link-local, metadata"),
        ("0.0.0.0", "link-local, metadata"),
        ("127.0.0.1", "this machine itself"),
        ("[::1]", "this machine itself"),
        ("10.1.2.3", "private network"),
        ("192.168.0.1", "private network"),
        ("localhost", "this machine itself"),
    ],
)
async def test_an_address_that_the_policy_refuses(client: Client, host: str, words: str) -> None:
    target = parse_target(f"http://{host}:9/v1", "/x", policy=STRICT)
    with pytest.raises(AddressRefused, match=words) as caught:
        await client.send(target, b"{}")
    assert caught.value.error_code == "upstream_address_refused"
    assert "GATEWRIGHT_ALLOWED_NETWORKS" in caught.value.message or "never" in caught.value.message
    assert client.open_connections == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
async def test_an_address_in_disguise_is_refused(client: Client, host: str) -> None:
    target = parse_target(f"http://{host}:9/v1", "/x", policy=STRICT)
    with pytest.raises(CallFailed, match=r"this machine itself|could not be resolved"):
        await client.send(target, b"{}")


async def test_a_name_is_resolved_once_and_that_address_is_used(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names("127.0.0.1")
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo, raising=False)
    seen: list[bytes] = []

    async def script(talk: Any) -> None:
        seen.append(await talk.request())
        await talk.say(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with Upstream(script) as up:
        response = await client.send(up.target(host="model.example"), b"{}")
        assert (response.status, await response.read()) == (200, b"")
        assert b"host: model.example:%d\r\n" % up.port in seen[0]
        assert names.asked == 1


async def test_only_the_addresses_that_are_allowed_are_tried(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names("169.254.169.254", "127.0.0.1")
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo, raising=False)
    async with Upstream(always) as up:
        policy = AddressPolicy(networks=("127.0.0.0/8",))
        assert await (await client.send(up.target(host="model.example", policy=policy), b"{}")).read() == b"ok"
        with pytest.raises(AddressRefused, match=r"169\.254.*127\.0\.0\.1 is this machine"):
            await client.send(up.target(host="model.example", policy=STRICT), b"{}")


async def test_a_dead_address_leaves_time_for_the_next(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names("127.0.0.2", "127.0.0.1")
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo, raising=False)
    async with Upstream(always) as up:  # listens on 127.0.0.1 alone
        assert await (await client.send(up.target(host="model.example"), b"{}")).read() == b"ok"


async def test_a_name_that_does_not_exist(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail, raising=False)
    target = parse_target("http://model.example/v1", "/x", policy=OPERATOR)
    with pytest.raises(CallFailed, match=r"model\.example could not be resolved"):
        await client.send(target, b"{}")


async def test_resolving_has_a_deadline(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: Any, **__: Any) -> list[Any]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang, raising=False)
    target = parse_target("http://model.example/v1", "/x", policy=OPERATOR)
    with pytest.raises(CallTimedOut, match="resolved in time"):
        await client.send(target, b"{}", timeouts=Timeouts(connect=0.03))
    assert client.open_connections == 0


# ---- TLS


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server context with a certificate for `name`, and the authority that signed it."""
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=365))
            .not_valid_after(now + datetime.timedelta(days=36500))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
        )

    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = (
        build(issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .add_extension(usage, critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    alternative: x509.GeneralName = x509.DNSName(name)
    if name.replace(".", "").isdigit():
        alternative = x509.IPAddress(ip_address(name))
    leaf = (
        build(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key())
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    chain, trusted = folder / f"{name}.pem", folder / f"{name}-authority.pem"
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain.write_bytes(leaf.public_bytes(pem) + private)
    trusted.write_bytes(authority.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context, trusted


def trusting(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_a_trusted_certificate(client: Client, tmp_path: Path, name: str) -> None:
    server, authority = certificate(tmp_path, name)
    async with Upstream(always, server) as up:
        target = up.target(host=name, scheme="https", tls=trusting(authority))
        for _ in range(3):
            assert await (await client.send(target, b"x" * 100_000)).read() == b"ok"
        assert up.accepted == 1


async def test_a_certificate_that_is_not_trusted(client: Client, tmp_path: Path) -> None:
    server, authority = certificate(tmp_path, "other.example")

    async def refused(target: Target, words: str) -> None:
        with pytest.raises(CallFailed, match=words) as caught:
            await client.send(target, b"{}")
        assert caught.value.error_code == "upstream_certificate_invalid"
        assert client.open_connections == 0

    async with Upstream(always, server) as up:
        await refused(up.target(host="localhost", scheme="https"), "not trusted")
        await refused(up.target(host="localhost", scheme="https", tls=trusting(authority)), "other.example|mismatch")


async def test_the_name_is_checked_though_the_address_is_connected_to(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, authority = certificate(tmp_path, "model.example")
    names = Names("127.0.0.1")
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo, raising=False)
    async with Upstream(always, server) as up:
        target = up.target(host="model.example", scheme="https", tls=trusting(authority))
        assert await (await client.send(target, b"{}")).read() == b"ok"


async def test_a_server_without_tls(client: Client) -> None:
    async def script(talk: Any) -> None:
        await talk.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with Upstream(script) as up:
        with pytest.raises(CallFailed, match="TLS"):
            await client.send(up.target(host="localhost", scheme="https"), b"{}")


async def test_a_handshake_has_a_deadline(client: Client) -> None:
    async def script(talk: Any) -> None:
        await talk.gone()

    async with Upstream(script) as up:
        with pytest.raises(CallTimedOut, match="accept a connection in time"):
            await client.send(up.target(host="localhost", scheme="https"), b"{}", timeouts=Timeouts(connect=0.1))
        assert client.open_connections == 0
