"""Our signatures beside botocore's, byte by byte."""

import datetime
import time
from typing import Any
from unittest import mock

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from gatewright.domain.addresses import AddressPolicy
from gatewright.upstreams.aws import AwsSigner
from gatewright.upstreams.providers.bedrock_names import encoded
from gatewright.upstreams.sigv4 import AwsKeys, Scope, Signable, signed
from gatewright.upstreams.target import parse_target

OPERATOR = AddressPolicy(operator=True)
KEYS = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def judge(request: Signable, body: bytes, keys: AwsKeys, scope: Scope, at: int) -> list[tuple[str, str]]:
    """What botocore adds to the request."""
    sent = AWSRequest(
        method=request.method,
        url=f"https://{request.authority}{request.path}",
        data=body,
        headers={"content-type": request.content_type},
    )
    now = datetime.datetime.fromtimestamp(at // 1000, datetime.UTC).replace(tzinfo=None)
    auth = botocore.auth.SigV4Auth(
        Credentials(keys.access_key, keys.secret_key, keys.token), scope.service, scope.region
    )
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=now):
        auth.add_auth(sent)
    return [(name.lower(), value) for name, value in sent.headers.items() if name.lower() != "content-type"]


key_text = st.text("ABCDEFGHIJKLMNOPabcdefghijklmnop0123456789+/=", min_size=1, max_size=60)
model_ids = st.text("abcdefgz0123456789-.:/_ %é(~", min_size=1, max_size=80)
queries = st.lists(st.tuples(st.text("abAB-_", min_size=1, max_size=4), st.text("ab%20-", max_size=6)), max_size=4)
paths = st.builds(
    lambda model, query: (
        f"/model/{encoded(model)}/converse" + ("?" + "&".join(f"{n}={v}" for n, v in query) if query else "")
    ),
    model_ids,
    queries,
)
requests = st.builds(
    Signable,
    st.sampled_from(["POST", "GET", "PUT"]),
    st.sampled_from(["bedrock-runtime.us-east-1.amazonaws.com", "127.0.0.1:8123", "[::1]:9000"]),
    paths | st.text("/ab.%~", max_size=20).map(lambda text: "/" + text),
    st.sampled_from(["application/json", "application/x-www-form-urlencoded; charset=utf-8"]),
)
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456"


@given(
    requests,
    st.binary(max_size=300),
    st.builds(AwsKeys, key_text, key_text, st.none() | key_text),
    st.builds(Scope, st.sampled_from(["us-east-1", "eu-central-1"]), st.sampled_from(["bedrock", "sts"])),
    st.integers(0, 4_000_000_000_000),
)
@example(
    Signable("POST", "bedrock-runtime.us-east-1.amazonaws.com", f"/model/{encoded(ARN)}/converse", "application/json"),
    b"{}",
    KEYS,
    Scope("us-east-1", "bedrock"),
    1_700_000_000_123,
)
def test_the_same_bytes_as_botocore(request: Signable, body: bytes, keys: AwsKeys, scope: Scope, at: int) -> None:
    assert sorted(signed(request, body, keys, scope, at)) == sorted(judge(request, body, keys, scope, at))


@pytest.mark.anyio
@pytest.mark.parametrize("token", [None, "session/token+="])
async def test_the_signer_signs_what_the_target_sends(token: str | None) -> None:
    keys = AwsKeys("AKID", "secret", token)

    async def current() -> AwsKeys:
        return keys

    path = f"/model/{encoded('anthropic.claude-3-haiku-20240307-v1:0')}/converse"
    target = parse_target(
        "https://Bedrock-Runtime.us-east-1.amazonaws.com:443",
        path,
        headers=[("content-type", "application/json"), ("x-extra", "1")],
        policy=OPERATOR,
    )
    signer = AwsSigner(current, lambda: 1_700_000_000_999, "AKID").for_scope("us-east-1", "bedrock")
    block = await signer.headers(target, b'{"a":1}')
    assert block == await signer.headers(target, b'{"a":1}')
    lines = dict(line.split(": ", 1) for line in block.decode().rstrip().split("\r\n"))
    request = Signable("POST", "bedrock-runtime.us-east-1.amazonaws.com", path, "application/json")
    wanted = judge(request, b'{"a":1}', keys, Scope("us-east-1", "bedrock"), 1_700_000_000_999)
    assert lines == dict(wanted)
    assert ("x-amz-security-token" in lines) == (token is not None)
    assert (await signer.headers(target, b'{"a":2}')) != block


def test_keys_are_not_shown() -> None:
    assert "secret" not in repr(AwsKeys("AKID", "secret", "token-secret"))


def test_signing_takes_microseconds() -> None:
    """The work of a signature, counted in calls into Python, stays that of two hashes: no key is derived anew."""
    request = Signable("POST", "bedrock-runtime.us-east-1.amazonaws.com", "/model/m/converse", "application/json")
    scope = Scope("us-east-1", "bedrock")
    arguments: tuple[Any, ...] = (request, b"{}" * 500, KEYS, scope, 1_700_000_000_000)
    signed(*arguments)
    with mock.patch("gatewright.upstreams.sigv4.hmac.digest", wraps=__import__("hmac").digest) as digest:
        signed(*arguments)
    assert digest.call_count == 1
    started = time.perf_counter()
    for _ in range(1000):
        signed(*arguments)
    print(f"{(time.perf_counter() - started) * 1000:.1f} us a signature")
