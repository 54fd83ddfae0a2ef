"""Google Cloud's credentials against a pretended token endpoint and metadata server; google-auth judges signatures."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from google.auth import jwt as google_jwt

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput
from gatewright.gateway.credentials.google import SCOPE, GoogleSigner
from gatewright.gateway.credentials.kept import RENEW_BEFORE, TRY_AGAIN_AFTER, CredentialFailed
from gatewright.gateway.credentials.registry import Credentials
from gatewright.outbound.client import Outbound
from gatewright.upstreams.target import parse_target

pytestmark = pytest.mark.anyio

OPERATOR, PERSON = AddressPolicy(operator=True), AddressPolicy()
TARGET = parse_target("https://aiplatform.googleapis.com/v1", "/x", policy=OPERATOR)
NOW = 1_790_000_000_000
HOUR = 3_600_000
KEY = rsa.generate_private_key(65537, 2048)


def pem(key: Any = KEY) -> str:
    return key.private_bytes(  # type: ignore[no-any-return]  # the library's answer depends on the kind of key
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
PEM = pem()


def account(token_uri: str = "https://oauth2.googleapis.com/token", **changes: Any) -> dict[str, Any]:
    """A service account's key file."""
    return {
        "type": "service_account",
        "project_id": "its-project",
        "private_key_id": "kid-1",
        "private_key": PEM,
        "client_email": "bot@its-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
        **changes,
    }


class Endpoint:
    """Answers every request with `answer` while `open`, and counts."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.status = "200 OK"
        self.answer: bytes = b""
        self.headers = ""
        self.open = asyncio.Event()
        self.open.set()
        self.base = ""

    def gives(self, token: str, seconds: int = 3600) -> None:
        self.status = "200 OK"
        self.answer = json.dumps({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}).encode()

    def refuses(self, **words: str) -> None:
        self.status, self.answer = "400 Bad Request", json.dumps(words).encode()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
        body = await reader.readexactly(int(lines[0].split(":")[1])) if lines else b""
        self.requests.append(head + body.decode())
        await self.open.wait()
        answer = f"HTTP/1.1 {self.status}\r\ncontent-length: {len(self.answer)}\r\n{self.headers}\r\n".encode()
        writer.write(answer + self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    found = Endpoint()
    server = await asyncio.start_server(found.handle, "127.0.0.1", 0)
    found.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    found.gives("token-1")
    async with server:
        yield found


class Cloud:
    """Credentials whose time a test tells."""

    def __init__(self, outbound: Outbound) -> None:
        self.now = NOW
        self.credentials = Credentials(outbound, lambda: self.now)

    def signer(self, given: Any = None, policy: AddressPolicy = OPERATOR) -> GoogleSigner:
        params = {} if given is None else {"vertex_credentials": given}
        found = self.credentials.signer_for("vertex_ai", params, policy)
        assert isinstance(found, GoogleSigner)
        return found


@pytest.fixture
async def cloud(endpoint: Endpoint) -> AsyncIterator[Cloud]:
    outbound = Outbound(metadata=endpoint.base)
    yield Cloud(outbound)
    await outbound.close()


async def line(signer: GoogleSigner) -> str:
    return (await signer.headers(TARGET, b"")).decode()


def token_uri(endpoint: Endpoint) -> str:
    return f"{endpoint.base}/token"


async def test_a_service_account_is_granted_a_token_for_its_signature(endpoint: Endpoint, cloud: Cloud) -> None:
    signer = cloud.signer(json.dumps(account(token_uri(endpoint))))
    assert await line(signer) == "authorization: Bearer token-1\r\n"
    assert await line(signer) == "authorization: Bearer token-1\r\n"
    (request,) = endpoint.requests
    assert request.startswith("POST /token HTTP/1.1\r\n")
    form = parse_qs(request.partition("\r\n\r\n")[2])
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    (assertion,) = form["assertion"]
    assert google_jwt.decode_header(assertion) == {"alg": "RS256", "typ": "JWT", "kid": "kid-1"}  # type: ignore[no-untyped-call]  # the library has no types
    claims = google_jwt.decode(assertion, certs=PUBLIC.decode(), clock_skew_in_seconds=10**9)  # type: ignore[no-untyped-call]  # as above
    assert claims == {
        "iss": "bot@its-project.iam.gserviceaccount.com",
        "scope": SCOPE,
        "aud": token_uri(endpoint),
        "iat": NOW // 1000,
        "exp": NOW // 1000 + 3600,
    }
    assert signer.project == "its-project"


async def test_the_file_may_be_named_or_given_as_an_object(endpoint: Endpoint, cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(account(token_uri(endpoint))))
    assert await line(cloud.signer(str(file))) == "authorization: Bearer token-1\r\n"
    assert await line(cloud.signer(account(token_uri(endpoint)))) == "authorization: Bearer token-1\r\n"


async def test_a_persons_own_sign_in_is_renewed_with_its_refresh_token(endpoint: Endpoint, cloud: Cloud) -> None:
    given = {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "r",
        "quota_project_id": "q",
        "token_uri": token_uri(endpoint),
    }
    signer = cloud.signer(given)
    assert await line(signer) == "authorization: Bearer token-1\r\n"
    form = parse_qs(endpoint.requests[0].partition("\r\n\r\n")[2])
    assert form == {"grant_type": ["refresh_token"], "client_id": ["c"], "client_secret": ["s"], "refresh_token": ["r"]}
    assert signer.project == "q"
    del given["refresh_token"]
    with pytest.raises(BadInput, match="refresh_token"):
        cloud.signer(given)


async def test_the_machine_is_asked_who_it_is_when_nothing_else_is_given(endpoint: Endpoint, cloud: Cloud) -> None:
    endpoint.headers = "metadata-flavor: Google\r\n"
    assert await line(cloud.signer()) == "authorization: Bearer token-1\r\n"
    (request,) = endpoint.requests
    assert request.startswith("GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1\r\n")
    assert "\r\nmetadata-flavor: google\r\n" in request.lower()


async def test_a_server_that_is_not_googles_is_not_believed(endpoint: Endpoint, cloud: Cloud) -> None:
    with pytest.raises(CredentialFailed, match="not in Google Cloud"):
        await line(cloud.signer())


@pytest.mark.parametrize(
    "given",
    [None, "", "/etc/passwd", "key.json", account("https://evil.example/token"), account("http://169.254.169.254/t")],
)
async def test_a_person_borrows_neither_the_machine_nor_its_files_nor_another_token_endpoint(
    endpoint: Endpoint, cloud: Cloud, given: Any
) -> None:
    with pytest.raises(BadInput) as caught:
        cloud.signer(given, PERSON)
    assert caught.value.param == "vertex_credentials"
    assert "passwd" not in caught.value.message
    assert endpoint.requests == []


async def test_a_person_may_bring_a_key_of_their_own(cloud: Cloud) -> None:
    assert cloud.signer(account(), PERSON).project == "its-project"


async def test_a_person_never_gets_the_operators_signer(cloud: Cloud) -> None:
    assert cloud.signer(account()) is not cloud.signer(account(), PERSON)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (7, "neither text nor an object"),
        ("{", "no JSON object"),
        ("{" + '"a":{' * 100_000, "no JSON object"),
        ("/nowhere/key.json", "cannot be read: No such file"),
        ("a\0b", "cannot be read"),
        ("~nobody-of-this-name/key.json", "cannot be read"),
        ({}, "its type is neither"),
        ({"type": "external_account", "audience": "x"}, "its type is neither"),
        (account(client_email=5), "not text"),
        (account(client_email=""), "client_email or private_key is missing"),
        (account(private_key=""), "client_email or private_key is missing"),
        (
            account(private_key="-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----"),
            "no private key in PEM",
        ),
        (account(private_key=PUBLIC.decode()), "public key"),
        (account(private_key=pem(ec.generate_private_key(ec.SECP256R1()))), "no private key in PEM"),
    ],
)
async def test_a_credential_that_cannot_be_used_says_why_and_quotes_nothing(
    cloud: Cloud, given: Any, words: str
) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        cloud.signer(given)
    assert "secret" not in caught.value.message


async def test_one_fetch_serves_all_who_wait_and_outlives_the_one_who_hung_up(endpoint: Endpoint, cloud: Cloud) -> None:
    endpoint.open.clear()
    signer = cloud.signer(account(token_uri(endpoint)))
    waiting = [asyncio.create_task(line(signer)) for _ in range(20)]
    while not endpoint.requests:
        await asyncio.sleep(0)
    waiting[0].cancel()
    endpoint.open.set()
    assert await asyncio.gather(*waiting[1:]) == ["authorization: Bearer token-1\r\n"] * 19
    assert waiting[0].cancelled()
    assert len(endpoint.requests) == 1


async def settled(signer: GoogleSigner) -> None:
    """Waits for a renewal that is under way."""
    while (task := signer._kept._fetching) is not None and not task.done():
        await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_a_token_is_renewed_before_its_end_while_it_still_serves(endpoint: Endpoint, cloud: Cloud) -> None:
    signer = cloud.signer(account(token_uri(endpoint)))
    await line(signer)
    endpoint.gives("token-2")
    cloud.now = NOW + HOUR - RENEW_BEFORE - 1
    assert await line(signer) == "authorization: Bearer token-1\r\n"
    assert len(endpoint.requests) == 1
    cloud.now += 1
    assert await line(signer) == "authorization: Bearer token-1\r\n"
    await settled(signer)
    assert await line(signer) == "authorization: Bearer token-2\r\n"
    assert len(endpoint.requests) == 2


async def test_a_renewal_that_fails_is_tried_again_later_and_never_every_time(
    endpoint: Endpoint, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    signer = cloud.signer(account(token_uri(endpoint)))
    await line(signer)
    endpoint.refuses(error="server_error")
    cloud.now = NOW + HOUR - RENEW_BEFORE
    for _ in range(5):
        assert await line(signer) == "authorization: Bearer token-1\r\n"
        await settled(signer)
    assert len(endpoint.requests) == 2
    assert "serves until it expires" in caplog.text
    cloud.now += TRY_AGAIN_AFTER
    endpoint.gives("token-2")
    await line(signer)
    await settled(signer)
    assert await line(signer) == "authorization: Bearer token-2\r\n"
    assert len(endpoint.requests) == 3


async def test_a_metadata_server_that_hands_out_the_old_token_is_not_asked_every_time(
    endpoint: Endpoint, cloud: Cloud
) -> None:
    signer = cloud.signer(account(token_uri(endpoint)))
    endpoint.gives("old", seconds=60)
    for _ in range(5):
        assert await line(signer) == "authorization: Bearer old\r\n"
        await settled(signer)
    assert len(endpoint.requests) == 1
    cloud.now += TRY_AGAIN_AFTER
    await line(signer)
    await settled(signer)
    assert len(endpoint.requests) == 2


async def test_without_any_token_the_failure_is_said_and_the_next_caller_tries_anew(
    endpoint: Endpoint, cloud: Cloud
) -> None:
    signer = cloud.signer(account(token_uri(endpoint)))
    endpoint.refuses(error="invalid_grant", error_description="Invalid JWT Signature.\r\n\x07" + "x" * 500)
    with pytest.raises(CredentialFailed, match="invalid_grant Invalid JWT Signature") as caught:
        await line(signer)
    assert caught.value.retryable
    assert len(caught.value.message) < 400
    assert caught.value.message.isprintable()
    endpoint.gives("token-1")
    assert await line(signer) == "authorization: Bearer token-1\r\n"
    cloud.now = NOW + HOUR
    endpoint.refuses()
    with pytest.raises(CredentialFailed, match="status 400"):
        await line(signer)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"access_token":5,"expires_in":3600}',
        b'{"access_token":"a"}',
        b'{"access_token":"a","expires_in":-5}',
        b'{"access_token":"a\\r\\nx-evil: 1","expires_in":3600}',
        b'{"access_token":"\\u00e9","expires_in":3600}',
        b'{"access_token":"' + b"a" * 20_000 + b'","expires_in":3600}',
        b"x" * 2_000_000,
        b"[" * 100_000,
    ],
    ids=range(12),
)
async def test_no_answer_gets_past(endpoint: Endpoint, cloud: Cloud, answer: bytes) -> None:
    endpoint.answer = answer
    with pytest.raises(CredentialFailed):
        await line(cloud.signer(account(token_uri(endpoint))))


async def test_nobody_at_the_token_endpoint_is_said_and_so_is_an_address_that_is_refused(cloud: Cloud) -> None:
    with pytest.raises(CredentialFailed, match="could not be reached"):
        await line(cloud.signer(account("http://127.0.0.1:1/token")))
    with pytest.raises(CredentialFailed, match="never allowed"):
        await line(cloud.signer(account("http://169.254.169.254/token")))


async def test_deployments_with_one_credential_share_its_token_as_long_as_one_is_there(cloud: Cloud) -> None:
    first, second = cloud.signer(account()), cloud.signer(account())
    assert first is second
    assert cloud.signer(account(private_key_id="kid-2")) is not first
    again = id(first)
    del first, second
    gc.collect()
    assert len(cloud.credentials._made) == 0, again


async def test_other_providers_have_no_such_credential(cloud: Cloud) -> None:
    assert cloud.credentials.signer_for("openai", {"vertex_credentials": "{}"}, OPERATOR) is None


async def test_no_name_of_a_secret_is_in_what_is_shown(endpoint: Endpoint, cloud: Cloud) -> None:
    signer = cloud.signer(account(token_uri(endpoint)))
    await line(signer)
    assert "PRIVATE" not in repr(signer)
    assert "token-1" not in repr(signer)
    assert "token-1" not in repr(signer._kept._value)
