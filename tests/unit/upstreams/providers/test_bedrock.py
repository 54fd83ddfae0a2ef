"""Where models of Amazon Bedrock are asked, beside where botocore asks them."""

from typing import Any

import botocore.session
import pytest
from tests import botocore_judge

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.aws import AwsSigner
from gatewright.upstreams.call import Way
from gatewright.upstreams.providers.registry import ways_of
from gatewright.upstreams.sigv4 import AwsKeys

OPERATOR = AddressPolicy(operator=True)
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
PROFILE = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123def456"
IMPORTED = "arn:aws:bedrock:us-west-2:123456789012:imported-model/r4c4kewx2s0n"


async def keys() -> AwsKeys:
    return AwsKeys("AKID", "secret")


SIGNER = AwsSigner(keys, lambda: 1_790_000_000_000, "AKID")


def ways(model: str = CLAUDE, provider: str = "bedrock", **params: Any) -> dict[str, Way]:
    fields = {name: params.pop(name) for name in ("api_key", "signer", "api_base") if name in params}
    given = {"api_base": "", "signer": SIGNER, **fields}
    return ways_of(Account(provider=provider, model=model, policy=OPERATOR, params=params, **given))


def chat(model: str = CLAUDE, **params: Any) -> Way:
    return ways(model, **params)["/chat/completions"]


@pytest.mark.parametrize("model", [CLAUDE, "us.anthropic.claude-opus-4-8", PROFILE, IMPORTED, "a.b-c_d"])
@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1"])
def test_the_address_is_botocores(model: str, region: str) -> None:
    found = chat(model, aws_region_name=region)
    body = b'{"messages":[{"role":"user","content":[{"text":"x"}]}]}'
    assert found.target.path == botocore_judge.check(body, model)
    assert found.address(stream=True).path == botocore_judge.check(body, model, "ConverseStream")
    asked = region if not model.startswith("arn:") else model.split(":")[3]
    client = botocore.session.get_session().create_client(
        "bedrock-runtime", region_name=asked, aws_access_key_id="a", aws_secret_access_key="b"
    )
    assert str(found.target.origin) == client.meta.endpoint_url


@pytest.mark.parametrize(
    ("model", "asked", "family", "region"),
    [
        (CLAUDE, CLAUDE, CLAUDE, "eu-central-1"),
        (f"converse/{CLAUDE}", CLAUDE, CLAUDE, "eu-central-1"),
        (f"invoke/{CLAUDE}", CLAUDE, CLAUDE, "eu-central-1"),
        (f"us-east-1/{CLAUDE}", CLAUDE, CLAUDE, "us-east-1"),
        (f"converse/us-gov-west-1/{CLAUDE}", CLAUDE, CLAUDE, "us-gov-west-1"),
        (
            "us.anthropic.claude-opus-4-6-v1[1m]",
            "us.anthropic.claude-opus-4-6-v1",
            "us.anthropic.claude-opus-4-6-v1",
            "eu-central-1",
        ),
        (PROFILE, PROFILE, PROFILE, "eu-west-1"),
        (f"converse/{PROFILE}", PROFILE, PROFILE, "eu-west-1"),
        (f"llama/{IMPORTED}", IMPORTED, f"llama/{IMPORTED}", "us-west-2"),
        (f"nova-2/{IMPORTED}", IMPORTED, f"amazon.nova-2/{IMPORTED}", "us-west-2"),
        (f"deepseek_r1/{IMPORTED}", IMPORTED, f"deepseek.r1/{IMPORTED}", "us-west-2"),
    ],
)
def test_names_as_litellm_reads_them(model: str, asked: str, family: str, region: str) -> None:
    for provider in ("bedrock", "bedrock_converse"):
        found = ways(model, provider, aws_region_name="eu-central-1")["/chat/completions"]
        assert found.target.path == chat(asked, aws_region_name=region).target.path
        assert found.model == family
        assert found.target.origin.host == f"bedrock-runtime.{region}.amazonaws.com"


def test_what_is_asked_for_and_what_it_is_may_differ() -> None:
    found = chat(CLAUDE, model_id=PROFILE)
    assert (found.model, found.target.path) == (CLAUDE, chat(PROFILE).target.path)
    assert chat(PROFILE, base_model="amazon.nova-pro-v1:0").model == "amazon.nova-pro-v1:0"


def test_every_conversation_goes_through_converse() -> None:
    found = ways(aws_region_name="us-east-1", drop_params=True, defaults={"temperature": 0.5, "guardrailConfig": {}})
    assert set(found) == {"/chat/completions", "/responses", "/messages"}
    way = found["/messages"]
    assert (way.dialect, way.drop, way.defaults) == (Dialect.CONVERSE, True, {})
    assert way.presets is not None
    assert (way.presets.temperature, way.presets.unknown) == (0.5, {"guardrailConfig": {}})


@pytest.mark.anyio
async def test_it_is_signed_for_the_region_and_the_service() -> None:
    found = chat(f"us-east-1/{CLAUDE}", aws_region_name="eu-west-1")
    assert found.signer is not None
    assert b"/us-east-1/bedrock/aws4_request" in await found.signer.headers(found.target, b"{}")


def test_an_api_key_is_a_bearer_token() -> None:
    found = chat(aws_region_name="us-east-1", api_key="bedrock-api-key-x", signer=None)
    assert b"authorization: Bearer bedrock-api-key-x\r\n" in found.target.head
    assert found.signer is None


def test_an_address_of_ones_own() -> None:
    for given in ({"api_base": "http://127.0.0.1:9/x/"}, {"aws_bedrock_runtime_endpoint": "http://127.0.0.1:9/x"}):
        found = chat(signer=None, **given)
        assert str(found.target.origin) == "http://127.0.0.1:9"
        assert found.target.path.startswith("/x/model/")


@pytest.mark.parametrize(
    ("model", "params", "param"),
    [
        (CLAUDE, {}, "aws_region_name"),
        (CLAUDE, {"api_base": "http://127.0.0.1:9"}, "aws_region_name"),
        (CLAUDE, {"aws_region_name": "us-east-1.evil.example/"}, "aws_region_name"),
        (CLAUDE, {"aws_region_name": 5}, "aws_region_name"),
        ("arn:aws:bedrock:evil.example/x:1:foundation-model/a", {}, "aws_region_name"),
        (CLAUDE, {"aws_region_name": "us-east-1", "signer": None}, "aws_access_key_id"),
        ("agent/X/Y", {"aws_region_name": "us-east-1"}, "model"),
        ("openai/" + IMPORTED, {}, "model"),
        ("", {"aws_region_name": "us-east-1"}, "model"),
        ("..", {"aws_region_name": "us-east-1"}, "model"),
        ("a b", {"aws_region_name": "us-east-1"}, "model"),
        ("a" * 3000, {"aws_region_name": "us-east-1"}, "model"),
        (CLAUDE, {"aws_region_name": "us-east-1", "model_id": 5}, "model"),
        (CLAUDE, {"aws_region_name": "us-east-1", "defaults": {"temperature": "hot"}}, "temperature"),
    ],
)
def test_what_is_wrong_is_named(model: str, params: dict[str, Any], param: str) -> None:
    with pytest.raises(BadInput) as caught:
        ways(model, **params)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "model",
    ["amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v1", "cohere.embed-v4:0", "cohere.embed-english-v3"],
)
def test_embeddings_are_invoked(model: str) -> None:
    found = ways(model, aws_region_name="us-east-1")
    assert set(found) == {"/embeddings"}
    body = found["/embeddings"].codec
    assert body is not None
    judged = botocore_judge.service().operation_model("InvokeModel").http["requestUri"]
    assert found["/embeddings"].target.path == judged.replace("{modelId}", model.replace(":", "%3A"))
