"""Entra ID's tokens: given, an app's, the machine's."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput
from gatewright.gateway.credentials.kept import CredentialFailed
from gatewright.gateway.credentials.registry import Credentials
from gatewright.outbound.client import Outbound
from gatewright.upstreams.target import parse_target

pytestmark = pytest.mark.anyio

OPERATOR, PERSON = AddressPolicy(operator=True), AddressPolicy(loopback=True)
TARGET = parse_target("https://x.openai.azure.com", "/openai", policy=OPERATOR)
NOW = 1_790_000_000_000
APP = {"tenant_id": "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "client_id": "app-1", "client_secret": "app-secret"}


class Cloud:
    """Entra and a metadata service on loopback."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.status = "200 OK"
        self.answer: Any = {"token_type": "Bearer", "expires_in": 3599, "access_token": "eyJ.token.1"}
        self.now = NOW
        self.base = ""
        self.credentials: Any = None

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
        body = (await reader.readexactly(int(lines[0].split(":")[1]))).decode() if lines else ""
        self.requests.append(head + body)
        answer = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        writer.write(f"HTTP/1.1 {self.status}\r\ncontent-length: {len(answer)}\r\n\r\n".encode() + answer)
        await writer.drain()
        writer.close()

    async def line(self, params: dict[str, Any], policy: AddressPolicy = OPERATOR, provider: str = "azure") -> str:
        signer = self.credentials.signer_for(provider, params, policy)
        found: bytes = await signer.headers(TARGET, b"")
        return found.decode()

    @property
    def app(self) -> dict[str, Any]:
        return {**APP, "azure_authority_host": self.base}


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    found = Cloud()
    server = await asyncio.start_server(found.handle, "127.0.0.1", 0)
    found.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    outbound = Outbound(metadata=found.base)
    found.credentials = Credentials(outbound, lambda: found.now)
    async with server:
        yield found
    await outbound.close()


@pytest.mark.parametrize("provider", ["azure", "azure_ai"])
async def test_an_app_is_granted_a_token_for_its_secret(cloud: Cloud, provider: str) -> None:
    signer = cloud.credentials.signer_for(provider, cloud.app, OPERATOR)
    for _ in range(2):
        assert await signer.headers(TARGET, b"") == b"authorization: Bearer eyJ.token.1\r\n"
    (request,) = cloud.requests
    head, _, body = request.partition("\r\n\r\n")
    assert head.startswith(f"POST /{APP['tenant_id']}/oauth2/v2.0/token HTTP/1.1\r\n")
    assert parse_qs(body) == {
        "grant_type": ["client_credentials"],
        "client_id": ["app-1"],
        "client_secret": ["app-secret"],
        "scope": ["https://cognitiveservices.azure.com/.default"],
    }
    cloud.now += 3600 * 1000
    cloud.answer = {**cloud.answer, "access_token": "eyJ.token.2"}
    assert await signer.headers(TARGET, b"") == b"authorization: Bearer eyJ.token.2\r\n"


async def test_another_scope(cloud: Cloud) -> None:
    await cloud.line({**cloud.app, "azure_scope": "https://ai.azure.com/.default"})
    assert "scope=https%3A%2F%2Fai.azure.com%2F.default" in cloud.requests[0]


async def test_a_token_that_is_given_is_sent_as_it_is(cloud: Cloud) -> None:
    assert await cloud.line({"azure_ad_token": "eyJ.given"}, PERSON) == "authorization: Bearer eyJ.given\r\n"
    assert cloud.requests == []


async def test_the_machines_own_identity(cloud: Cloud) -> None:
    cloud.answer = {"access_token": "eyJ.machine", "expires_in": "86399", "resource": "x", "token_type": "Bearer"}
    assert await cloud.line({}) == "authorization: Bearer eyJ.machine\r\n"
    assert await cloud.line({"client_id": "a/b"}) == "authorization: Bearer eyJ.machine\r\n"
    first, second = cloud.requests
    path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com"
    assert first.startswith(f"GET {path} HTTP/1.1\r\n")
    assert "metadata: true" in first.lower()
    assert second.startswith(f"GET {path}&client_id=a%2Fb HTTP/1.1\r\n")


async def test_a_persons_deployment_never_has_the_machines_identity(cloud: Cloud) -> None:
    assert cloud.credentials.signer_for("azure", {}, PERSON) is None
    assert cloud.credentials.signer_for("azure", {"client_id": "x"}, PERSON) is None


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (
            "401 Unauthorized",
            {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."},
            "invalid_client AADSTS7000215: Invalid client secret",
        ),
        (
            "400 Bad Request",
            {"error": "invalid_client", "error_description": "app-secret is not it."},
            r"invalid_client \*\*\* is not it",
        ),
        ("500 Oh", b"<html>", "status 500"),
        ("200 OK", b"<html>", "holds none"),
        ("200 OK", {"access_token": "x"}, "holds none"),
        ("200 OK", {"access_token": "x", "expires_in": "soon"}, "holds none"),
        ("200 OK", {"access_token": "x", "expires_in": -5}, "has expired"),
        ("200 OK", {"access_token": "x\r\ny: z", "expires_in": 50}, "what came is none"),
    ],
)
async def test_no_token(cloud: Cloud, status: str, answer: Any, words: str) -> None:
    cloud.status, cloud.answer = status, answer
    with pytest.raises(CredentialFailed, match=words) as caught:
        await cloud.line(cloud.app)
    assert "app-secret" not in caught.value.message


@pytest.mark.parametrize(
    ("params", "policy", "param"),
    [
        ({"client_secret": "s"}, OPERATOR, "tenant_id"),
        ({"client_secret": "s", "tenant_id": "t"}, OPERATOR, "client_id"),
        ({"tenant_id": "t", "client_id": "c"}, OPERATOR, "client_secret"),
        ({**APP, "tenant_id": "../evil"}, OPERATOR, "tenant_id"),
        ({**APP, "tenant_id": 5}, OPERATOR, "tenant_id"),
        ({**APP, "azure_authority_host": "https://evil.example"}, PERSON, "azure_authority_host"),
        ({"azure_ad_token": "a\r\nb: c"}, OPERATOR, "azure_ad_token"),
    ],
)
async def test_what_is_wrong_is_named(cloud: Cloud, params: dict[str, Any], policy: AddressPolicy, param: str) -> None:
    with pytest.raises(BadInput) as caught:
        cloud.credentials.signer_for("azure", params, policy)
    assert caught.value.param == param


async def test_a_person_may_name_microsofts_own_authorities(cloud: Cloud) -> None:
    for host in ("https://login.microsoftonline.us", "https://login.partner.microsoftonline.cn/"):
        assert cloud.credentials.signer_for("azure", {**APP, "azure_authority_host": host}, PERSON) is not None
