"""Amazon Bedrock: conversations through Converse, embeddings through InvokeModel.

Signed with AWS keys, or with an API key as a bearer token. Source: Amazon Bedrock API reference, "Converse",
"ConverseStream", "InvokeModel"; user guide, "API keys".
"""

from gatewright.domain.errors import BadInput
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.aws import AwsSigner
from gatewright.upstreams.call import Codec, Signer, Way
from gatewright.upstreams.codecs.bedrock import CohereOnBedrock, Titan
from gatewright.upstreams.endpoints import CONVERSATIONS, EMBEDDINGS
from gatewright.upstreams.presets import presets_of
from gatewright.upstreams.providers.bedrock_names import Named, encoded, named
from gatewright.upstreams.target import Target

SERVICE = "bedrock"


def ways(account: Account) -> dict[str, Way]:
    """Conversations, or embeddings where the model's id says so.

    Raises BadInput (param `model`, `aws_region_name`, `aws_access_key_id`, `api_base`, or a preset's name).
    """
    model = named(account.model, account.params)
    base = _base(account, model)
    signer = _signer(account, model)
    path = f"/model/{encoded(model.id)}"

    def target(operation: str) -> Target:
        return account.target(f"{path}/{operation}", account.bearer, api_base=base)

    if (codec := _codec(model.family)) is not None:
        embed = Way(
            target=target("invoke"),
            model=model.family,
            provider=account.provider,
            signer=signer,
            drop=account.drop,
            codec=codec,
        )
        return {EMBEDDINGS.path: embed}
    chat = Way(
        target=target("converse"),
        stream_target=target("converse-stream"),
        model=model.family,
        provider=account.provider,
        dialect=Dialect.CONVERSE,
        files=account.files,
        signer=signer,
        drop=account.drop,
        presets=presets_of(account.defaults),
    )
    return {one.path: chat for one in CONVERSATIONS}


def _base(account: Account, model: Named) -> str:
    """The address that was given, else the region's."""
    given = account.api_base or account.params.get("aws_bedrock_runtime_endpoint")
    if given:
        return str(given).rstrip("/")
    if model.region is None:
        raise _no_region()
    domain = "amazonaws.com.cn" if model.region.startswith("cn-") else "amazonaws.com"
    return f"https://bedrock-runtime.{model.region}.{domain}"


def _signer(account: Account, model: Named) -> Signer | None:
    if isinstance(account.signer, AwsSigner):
        if model.region is None:
            raise _no_region()
        return account.signer.for_scope(model.region, SERVICE)
    if account.signer is None and not account.api_key and not _is_given(account):
        raise BadInput(
            "There is no credential for Amazon Bedrock.",
            param="aws_access_key_id",
            hint="Give aws_access_key_id and aws_secret_access_key, or an API key of Amazon Bedrock as api_key.",
        )
    return account.signer


def _is_given(account: Account) -> bool:
    return bool(account.api_base or account.params.get("aws_bedrock_runtime_endpoint"))


def _no_region() -> BadInput:
    return BadInput(
        "The AWS region is missing.",
        param="aws_region_name",
        hint="Give aws_region_name, or write it into the model: bedrock/us-east-1/<id>.",
    )


def _codec(family: str) -> Codec | None:
    """By the model's id, None for one that talks."""
    for part, codec in _EMBEDDINGS.items():
        if part in family:
            return codec
    return None


_EMBEDDINGS: dict[str, Codec] = {
    "titan-embed-text-v2": Titan(("dimensions",)),
    "titan-embed-image": Titan(("embeddingConfig", "outputEmbeddingLength")),
    "titan-embed": Titan(()),
    "cohere.embed-v4": CohereOnBedrock(sized=True),
    "cohere.embed": CohereOnBedrock(sized=False),
}
"""By a part of the model's id; the first that is found counts."""
