"""AWS keys: given, of an assumed role, of the machine; botocore judges what the token service is asked and answers."""

import asyncio
import datetime
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import botocore.auth
import botocore.session
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as JudgedKeys
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput
from gatewright.gateway.credentials.kept import RENEW_BEFORE, CredentialFailed
from gatewright.gateway.credentials.registry import Credentials
from gatewright.gateway.credentials.xml_texts import NotPlainXml, texts
from gatewright.outbound.client import Outbound
from gatewright.upstreams.aws import AwsSigner
from gatewright.upstreams.target import parse_target

pytestmark = pytest.mark.anyio

OPERATOR, PERSON = AddressPolicy(operator=True), AddressPolicy(loopback=True)
TARGET = parse_target(
    "https://bedrock-runtime.us-east-1.amazonaws.com",
    "/model/m/converse",
    headers=[("content-type", "application/json")],
    policy=OPERATOR,
)
NOW = 1_790_000_000_000
HOUR = 3_600_000
STATIC: dict[str, Any] = {"aws_access_key_id": "AKIDSTATIC", "aws_secret_access_key": "static-secret"}
ROLE = "arn:aws:iam::123456789012:role/path/Gateway"


def iso(at: int) -> str:
    return datetime.datetime.fromtimestamp(at / 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def assumed(number: int, until: int) -> bytes:
    return f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/Gateway/gatewright</Arn><AssumedRoleId>ARO:gatewright</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIA{number}</AccessKeyId>
      <SecretAccessKey>secret&amp;{number}</SecretAccessKey>
      <SessionToken>token/{number}==</SessionToken>
      <Expiration>{iso(until)}</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata>
</AssumeRoleResponse>""".encode()


Answering = Callable[[str, str], tuple[str, bytes]]


class Cloud:
    """A token service and a metadata service on loopback, and credentials whose time a test tells."""

    def __init__(self) -> None:
        self.now = NOW
        self.heads: list[str] = []
        self.bodies: list[str] = []
        self.answer: Answering = lambda _head, _body: ("200 OK", assumed(len(self.bodies), self.now + HOUR))
        self.open = asyncio.Event()
        self.open.set()
        self.base = ""
        self.credentials: Any = None

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
        body = (await reader.readexactly(int(lines[0].split(":")[1]))).decode() if lines else ""
        self.heads.append(head)
        self.bodies.append(body)
        await self.open.wait()
        status, answer = self.answer(head, body)
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(answer)}\r\n\r\n".encode() + answer)
        await writer.drain()
        writer.close()

    def signer(self, policy: AddressPolicy = OPERATOR, **params: str) -> AwsSigner:
        return self._made(params, policy)

    def of_role(self, policy: AddressPolicy = OPERATOR, **params: str) -> AwsSigner:
        place = {"aws_sts_endpoint": self.base, "aws_region_name": "eu-west-1"}
        return self._made({**STATIC, "aws_role_name": ROLE, **place, **params}, policy)

    def _made(self, params: dict[str, str], policy: AddressPolicy) -> AwsSigner:
        found = self.credentials.signer_for("bedrock", params, policy)
        assert isinstance(found, AwsSigner)
        return found


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


async def lines(signer: AwsSigner) -> dict[str, str]:
    block = await signer.for_scope("us-east-1", "bedrock").headers(TARGET, b"{}")
    return dict(line.split(": ", 1) for line in block.decode().rstrip().split("\r\n"))


async def test_keys_that_are_given(cloud: Cloud) -> None:
    plain = await lines(cloud.signer(**STATIC))
    assert plain["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDSTATIC/20260921/us-east-1/bedrock/")
    assert "x-amz-security-token" not in plain
    session = await lines(cloud.signer(PERSON, **STATIC, aws_session_token="tok"))
    assert session["x-amz-security-token"] == "tok"
    assert cloud.heads == []


async def test_a_role_is_assumed_as_botocore_would(cloud: Cloud) -> None:
    signer = cloud.of_role(aws_session_name="mine", aws_external_id="ext/1")
    found = await lines(signer)
    assert found["authorization"].startswith("AWS4-HMAC-SHA256 Credential=ASIA1/")
    assert found["x-amz-security-token"] == "token/1=="
    assert await lines(signer) == found
    (head,), (body,) = cloud.heads, cloud.bodies
    model = botocore.session.get_session().get_service_model("sts").operation_model("AssumeRole")
    asked = {"RoleArn": ROLE, "RoleSessionName": "mine", "DurationSeconds": 3600, "ExternalId": "ext/1"}
    wanted = create_serializer("query").serialize_to_request(asked, model)
    assert {name: value for name, (value,) in parse_qs(body).items()} == {
        name: str(value) for name, value in wanted["body"].items()
    }
    sent = {name.lower(): value for name, value in (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)}
    request = AWSRequest(
        "POST", cloud.base + "/", data=body.encode(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    auth = botocore.auth.SigV4Auth(JudgedKeys("AKIDSTATIC", "static-secret"), "sts", "eu-west-1")
    now = datetime.datetime.fromtimestamp(NOW / 1000, datetime.UTC).replace(tzinfo=None)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=now):
        auth.add_auth(request)
    assert sent["authorization"] == request.headers["Authorization"]
    parser = create_parser("query")
    answer = {"status_code": 200, "headers": {}, "body": assumed(1, NOW + HOUR)}
    assert parser.parse(answer, model.output_shape)["Credentials"]["SecretAccessKey"] == "secret&1"


async def test_the_usual_address_of_the_token_service(cloud: Cloud) -> None:
    asked: list[str] = []

    async def call(_method: str, url: str, _policy: AddressPolicy, **_: Any) -> Any:
        asked.append(url)
        raise BadInput("stop here")

    outbound = mock.Mock(call=call)
    for region in (None, "eu-west-1", "cn-north-1"):
        params = {**STATIC, "aws_role_name": ROLE, **({"aws_region_name": region} if region else {})}
        signer = Credentials(outbound, lambda: NOW).signer_for("bedrock", params, OPERATOR)
        assert isinstance(signer, AwsSigner)
        with pytest.raises(CredentialFailed):
            await lines(signer)
    assert asked == [
        "https://sts.amazonaws.com/",
        "https://sts.eu-west-1.amazonaws.com/",
        "https://sts.cn-north-1.amazonaws.com.cn/",
    ]


async def test_many_that_wait_share_one_request(cloud: Cloud) -> None:
    cloud.open.clear()
    signer = cloud.of_role()
    waiting = [asyncio.create_task(lines(signer)) for _ in range(20)]
    while not cloud.heads:
        await asyncio.sleep(0)
    waiting[0].cancel()
    cloud.open.set()
    found = await asyncio.gather(*waiting[1:])
    assert {one["x-amz-security-token"] for one in found} == {"token/1=="}
    assert len(cloud.heads) == 1


async def test_keys_of_a_role_are_renewed_before_their_end(cloud: Cloud) -> None:
    signer = cloud.of_role()
    await lines(signer)
    cloud.now = NOW + HOUR - RENEW_BEFORE
    assert (await lines(signer))["x-amz-security-token"] == "token/1=="
    while len(cloud.heads) < 2 or (await lines(signer))["x-amz-security-token"] == "token/1==":
        await asyncio.sleep(0.001)
    assert (await lines(signer))["x-amz-security-token"] == "token/2=="
    cloud.now += 2 * HOUR
    assert (await lines(signer))["x-amz-security-token"] == "token/3=="


async def test_deployments_of_one_credential_share_its_keys(cloud: Cloud) -> None:
    first, second = cloud.of_role(), cloud.of_role()
    assert first is second
    held = first.for_scope("us-east-1", "bedrock")
    del first, second
    third = cloud.of_role()
    await held.headers(TARGET, b"")
    await lines(third)
    assert len(cloud.heads) == 1
    assert cloud.of_role(aws_external_id="other") is not third


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (
            "403 Forbidden",
            b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
            b"<Message>User is not authorized to do it</Message></Error></ErrorResponse>",
            "AccessDenied User is not authorized",
        ),
        ("500 Oh", b"<a/>", "status 500"),
        ("502 Bad Gateway", b"<html><br>", "no XML"),
        ("200 OK", b"{}", "no XML"),
        ("200 OK", b"<a><AccessKeyId>A</AccessKeyId></a>", "holds none"),
        ("200 OK", assumed(1, NOW + HOUR).replace(b"Z</Exp", b"</Exp"), "holds none"),
        ("200 OK", assumed(1, NOW + HOUR).replace(b"token/1==", "tökn".encode()), "holds none"),
        ("200 OK", assumed(1, NOW - HOUR), "has expired"),
        (
            "200 OK",
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            + assumed(1, NOW + HOUR).replace(b"ASIA1", b"&x;"),
            "no XML",
        ),
    ],
)
async def test_a_role_that_cannot_be_assumed(cloud: Cloud, status: str, answer: bytes, words: str) -> None:
    cloud.answer = lambda _head, _body: (status, answer)
    with pytest.raises(CredentialFailed, match=words) as caught:
        await lines(cloud.of_role())
    assert "static-secret" not in caught.value.message
    assert caught.value.retryable


async def test_a_persons_role_may_not_be_asked_for_at_an_inner_address(cloud: Cloud) -> None:
    for address in ("http://169.254.169.254", "http://10.0.0.1"):
        signer = cloud.of_role(PERSON, aws_sts_endpoint=address)
        with pytest.raises(CredentialFailed, match="may not be reached"):
            await lines(signer)


def machine(head: str, _body: str) -> tuple[str, bytes]:
    """The metadata service of a machine with a role."""
    first = head.split("\r\n")[0]
    if first.startswith("PUT /latest/api/token "):
        assert "x-aws-ec2-metadata-token-ttl-seconds: 300" in head.lower()
        return "200 OK", b"proof=="
    assert "x-aws-ec2-metadata-token: proof==" in head.lower()
    if first.startswith("GET /latest/meta-data/iam/security-credentials/ "):
        return "200 OK", b"gateway-role\n"
    assert first.startswith("GET /latest/meta-data/iam/security-credentials/gateway-role ")
    keys = {
        "Code": "Success",
        "AccessKeyId": "ASIAM",
        "SecretAccessKey": "s",
        "Token": "mt",
        "Expiration": iso(NOW + HOUR),
    }
    return "200 OK", json.dumps(keys).encode()


async def test_the_machines_own_role(cloud: Cloud) -> None:
    cloud.answer = machine
    found = await lines(cloud.signer())
    assert found["authorization"].startswith("AWS4-HMAC-SHA256 Credential=ASIAM/")
    assert found["x-amz-security-token"] == "mt"
    assert len(cloud.heads) == 3


async def test_a_role_by_the_machines_own(cloud: Cloud) -> None:
    cloud.answer = lambda head, body: ("200 OK", assumed(7, NOW + HOUR)) if body else machine(head, body)
    signer = cloud.signer(aws_role_name=ROLE, aws_sts_endpoint=cloud.base)
    assert (await lines(signer))["x-amz-security-token"] == "token/7=="
    assert "credential=asiam/" in cloud.heads[-1].lower()
    assert "x-amz-security-token: mt" in cloud.heads[-1].lower()


async def test_a_persons_deployment_never_has_the_machines_role(cloud: Cloud) -> None:
    assert cloud.credentials.signer_for("bedrock", {}, PERSON) is None
    assert cloud.credentials.signer_for("bedrock", {"aws_role_name": ROLE}, PERSON) is None


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"PUT": ("404 Not Found", b"")}, "not in Amazon's cloud"),
        ({"PUT": ("200 OK", b"a\r\nb: c")}, "not in Amazon's cloud"),
        ({"GET /latest/meta-data/iam/security-credentials/ ": ("404 Not Found", b"")}, "has no role"),
        ({"GET /latest/meta-data/iam/security-credentials/ ": ("200 OK", b"../../user-data")}, "has no role"),
        ({"GET /latest/meta-data/iam/security-credentials/gateway-role ": ("200 OK", b"{}")}, "holds none"),
    ],
)
async def test_a_machine_without_a_role(cloud: Cloud, answers: dict[str, tuple[str, bytes]], words: str) -> None:
    def answer(head: str, body: str) -> tuple[str, bytes]:
        return next((found for start, found in answers.items() if head.startswith(start)), None) or machine(head, body)

    cloud.answer = answer
    with pytest.raises(CredentialFailed, match=words):
        await lines(cloud.signer())


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"aws_access_key_id": "A"}, "aws_secret_access_key"),
        ({"aws_secret_access_key": "S"}, "aws_access_key_id"),
        ({**STATIC, "aws_access_key_id": "A\r\nx: y"}, "aws_access_key_id"),
        ({**STATIC, "aws_session_token": "ü"}, "aws_session_token"),
        ({**STATIC, "aws_session_token": 1}, "aws_session_token"),
        ({**STATIC, "aws_role_name": "Gateway"}, "aws_role_name"),
        ({**STATIC, "aws_role_name": ROLE, "aws_session_name": "a b"}, "aws_session_name"),
        ({**STATIC, "aws_role_name": ROLE, "aws_region_name": "evil.example/"}, "aws_region_name"),
        ({**STATIC, "aws_role_name": ROLE, "aws_sts_endpoint": "ftp://x"}, "aws_sts_endpoint"),
    ],
)
async def test_what_is_wrong_is_named(cloud: Cloud, params: dict[str, Any], param: str) -> None:
    with pytest.raises(BadInput) as caught:
        cloud.credentials.signer_for("bedrock", params, OPERATOR)
    assert caught.value.param == param
    assert "static-secret" not in caught.value.message


async def test_no_secret_is_shown(cloud: Cloud) -> None:
    signer = cloud.of_role()
    await lines(signer)
    for shown in (repr(signer), repr(signer.for_scope("a", "b")), repr(await signer._keys())):
        assert "secret" not in shown
        assert "token/" not in shown


HOSTILE_XML = [
    b"",
    b"<a>",
    b"<a></b>",
    b"\xff\xfe",
    b"<!DOCTYPE a><a/>",
    b'<!DOCTYPE l [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><l>&b;</l>',
    b"<a>&undefined;</a>",
    b'<?xml version="1.0" encoding="no-such"?><a/>',
    b"<a>" + b"<b/>" * 2000 + b"</a>",
    b"<a>" * 5000,
    b"<a>" + b"x" * 70_000 + b"</a>",
]


@pytest.mark.parametrize("body", HOSTILE_XML, ids=range(len(HOSTILE_XML)))
def test_hostile_xml_is_refused(body: bytes) -> None:
    with pytest.raises(NotPlainXml):
        texts(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        assert isinstance(texts(b"<a>" + body), dict)
    except NotPlainXml:
        return


def test_texts_by_the_name_of_their_element() -> None:
    found = texts(b'<r xmlns="urn:x"><a> one </a><b>t<!-- c -->wo</b><c><![CDATA[<3]]></c></r>')
    assert found == {"a": "one", "b": "two", "c": "<3"}
