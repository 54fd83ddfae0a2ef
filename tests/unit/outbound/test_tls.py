"""The certificate is checked against the name in the URL, although the connection goes to an address."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatewright.domain.addresses import AddressPolicy
from gatewright.outbound.client import Outbound
from gatewright.outbound.errors import OutboundFailed

pytestmark = pytest.mark.anyio
OPERATOR = AddressPolicy(operator=True)


def certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "pair.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, "idp.example"))
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_the_name_must_be_in_the_certificate(port: int, tmp_path: Path) -> None:
    client = Outbound(resolve=loopback, tls=ssl.create_default_context(cafile=str(tmp_path / "pair.pem")))
    assert (await client.get(f"https://idp.example:{port}/", OPERATOR)).is_ok
    # The connection that idp.example just used must not serve another name at the same address.
    with pytest.raises(OutboundFailed, match="certificate"):
        await client.get(f"https://other.example:{port}/", OPERATOR)
    await client.close()


async def test_an_unknown_authority_is_named_as_the_cause(port: int) -> None:
    client = Outbound(resolve=loopback)
    with pytest.raises(OutboundFailed, match="SSL_CERT_FILE"):
        await client.get(f"https://idp.example:{port}/", OPERATOR)
    await client.close()
