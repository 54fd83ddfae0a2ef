"""A model of Amazon Bedrock by LiteLLM's name: which id is asked for, of which family it is, and in which region.

`bedrock/<id>`, `bedrock/converse/<id>`, `bedrock/us-east-1/<id>`, with a cross-region profile's id (`us.anthropic...`),
an ARN, or an imported model's ARN behind the name of its kind (`bedrock/llama/arn:...`). `model_id` in `litellm_params`
is what is asked for instead, while the name keeps saying the family.

Source: LiteLLM's documentation, "AWS Bedrock"; Amazon Bedrock API reference, "Converse": `modelId`.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from gatewright.domain.errors import BadInput

LONGEST_ID = 2048
ROUTES = frozenset({"converse", "invoke"})
"""Both are served through Converse, which has the models of both."""

OTHER_ROUTES = frozenset(
    {
        *("agent", "agentcore", "async_invoke", "chat_completions", "claude_platform", "converse_like", "mantle"),
        "openai",
    }
)
SPECS = {
    "nova": "amazon.nova",
    "nova-2": "amazon.nova-2",
    "anthropic": "anthropic.claude",
    "deepseek_r1": "deepseek.r1",
}
"""Kinds of imported models, as their families are named."""

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
_WINDOW = re.compile(r"\[\w+\]$")


class Named(NamedTuple):
    """`id` goes into the path, `family` says what the model takes, `region` is None when nothing says it."""

    id: str
    family: str
    region: str | None


def named(model: str, params: Mapping[str, Any]) -> Named:
    """Raises BadInput (param `model` or `aws_region_name`). The name's region counts before the ARN's and the
    setting's."""
    rest, region, spec = _WINDOW.sub("", model), None, None
    while "/" in rest and not rest.startswith("arn:"):
        first, _, after = rest.partition("/")
        if first in OTHER_ROUTES:
            raise BadInput(
                f"The route {first}/ of Amazon Bedrock is not supported.",
                param="model",
                hint="Write the model as bedrock/<id>: it is asked through the Converse API.",
            )
        if _REGION.fullmatch(first):
            region = first
        elif first not in ROUTES and after.startswith("arn:"):
            spec = SPECS.get(first, first)
        elif first not in ROUTES:
            break
        rest = after
    asked = params.get("model_id") or rest
    if not isinstance(asked, str) or len(asked) > LONGEST_ID or _ID.fullmatch(asked) is None:
        raise BadInput(
            "This is not the id of a model on Amazon Bedrock.",
            param="model",
            hint="Write it like bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0, or give an ARN.",
        )
    family = params.get("base_model") or (f"{spec}/{rest}" if spec else rest)
    return Named(asked, str(family), _checked(region or _of_arn(asked) or params.get("aws_region_name")))


def encoded(text: str) -> str:
    """An id as one segment of a path."""
    return quote(text, safe="-_.~")


def _of_arn(asked: str) -> str | None:
    parts = asked.split(":")
    return parts[3] or None if asked.startswith("arn:") and len(parts) > 3 else None


def _checked(region: Any) -> str | None:
    if region is None:
        return None
    if not isinstance(region, str) or _REGION.fullmatch(region) is None:
        raise BadInput(
            "This is not the name of an AWS region.", param="aws_region_name", hint="Write it like us-east-1."
        )
    return region
