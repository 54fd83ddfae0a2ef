"""What the families of models on Amazon Bedrock take beyond what Converse gives all of them, by the model's id.

Source: Amazon Bedrock user guide, "Inference request parameters and response fields for foundation models", "Prompt
caching for faster model inference", "Adaptive thinking"; Amazon Nova user guide, "Extended thinking".

| family | thought | top_k | cache marks |
|---|---|---|---|
| Claude | `thinking`, `output_config.effort` (`translation.claude`) | `top_k` | all; 1h from 4.5 on |
| Nova 2 | `reasoningConfig.maxReasoningEffort` | `inferenceConfig.topK` | messages, system |
| Nova | none | `inferenceConfig.topK` | messages, system |
| gpt-oss | `reasoning_effort` | none | none |
| GPT | `reasoning.effort` | none | none |
| DeepSeek | `reasoning_effort`; R1 always thinks and takes nothing | none | none |
| others | none | none | none |

An id that does not say (the ARN of an inference profile or of a provisioned model) counts as the newest Claude that
still takes what older ones take. `base_model` in `model_info` says better.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from gatewright.translation.claude import Traits, traits


class Family(StrEnum):
    CLAUDE = "claude"
    NOVA_2 = "nova-2"
    NOVA = "nova"
    GPT_OSS = "gpt-oss"
    GPT = "gpt"
    DEEPSEEK_R1 = "deepseek-r1"
    DEEPSEEK = "deepseek"
    OTHER = "other"


class Model(NamedTuple):
    """`claude` holds for the Claude family alone. `long_cache`: a mark may ask for an hour."""

    family: Family
    claude: Traits
    long_cache: bool

    @property
    def is_claude(self) -> bool:
        return self.family is Family.CLAUDE

    @property
    def is_nova(self) -> bool:
        return self.family in (Family.NOVA, Family.NOVA_2)


# The first that is found counts.
_FAMILIES = (
    (re.compile(r"claude"), Family.CLAUDE),
    (re.compile(r"nova-2"), Family.NOVA_2),
    (re.compile(r"amazon\.nova|^nova/"), Family.NOVA),
    (re.compile(r"gpt-oss"), Family.GPT_OSS),
    (re.compile(r"openai\.gpt-\d"), Family.GPT),
    (re.compile(r"deepseek[._]r1"), Family.DEEPSEEK_R1),
    (re.compile(r"deepseek"), Family.DEEPSEEK),
)
_SHORT_CACHE = re.compile(r"claude-(?:3|instant|v\d|(?:opus|sonnet)-4-(?:1\b|\d{8}))")
_OPAQUE = re.compile(r"^arn:")
_NEWEST = "claude-newest"


@lru_cache(maxsize=1024)
def model_of(name: str) -> Model:
    """What is known of the model with that id, or ARN."""
    low = name.lower()
    family = next((family for pattern, family in _FAMILIES if pattern.search(low)), None)
    if family is None and _OPAQUE.match(low):
        return Model(Family.CLAUDE, traits(_NEWEST)._replace(samples=True, blends=True), long_cache=True)
    return Model(family or Family.OTHER, traits(low), _SHORT_CACHE.search(low) is None)
