"""The members of LiteLLM's `litellm_params` and `model_info`: how each is read, and for whom it means something.

Source: contract litellm 4.9, and LiteLLM's documents of its providers.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gatewright.settings import keys, structures, values
from gatewright.settings.costs import COSTS, UNIT_COSTS, is_cost
from gatewright.settings.findings import Kind, Wrong, did_you_mean
from gatewright.settings.structures import scalar

Members = dict[str, Any]


class Param(NamedTuple):
    """`providers`: only for those whose name begins so. `secret`: never shown, and sealed where it is stored."""

    parse: Callable[[Any], Any]
    providers: tuple[str, ...] = ()
    secret: bool = False


def _credentials(value: Any) -> Any:
    """Google's: an object, its JSON, or the path of a file with it."""
    return structures.mapping(value) if isinstance(value, dict) else structures.name(value)


def _file_uris(value: Any) -> tuple[str, ...]:
    """How addresses begin; what does not end with a slash would let names in that only begin alike."""
    found = structures.names(value)
    for index, uri in enumerate(found):
        if _FILE_URI.fullmatch(uri) is None:
            raise Wrong(
                f"{uri!r} does not begin an address of files | Write gs://bucket/ or s3://bucket/", f"[{index}]"
            )
    return found


_FILE_URI = re.compile(r"(gs|s3)://([^/\s]+/(\S*/)?)?")
AWS = ("bedrock", "sagemaker")
VERTEX = ("vertex_ai",)
AZURE = ("azure",)

PARAMS: Mapping[str, Param] = {
    # Routing.
    "weight": Param(scalar(values.number)),
    "order": Param(scalar(values.whole)),
    "rpm": Param(scalar(values.positive)),
    "tpm": Param(scalar(values.positive)),
    "tags": Param(structures.names),
    "timeout": Param(scalar(values.seconds)),
    "stream_timeout": Param(scalar(values.seconds)),
    "max_retries": Param(scalar(values.count)),
    "num_retries": Param(scalar(values.count)),
    "cooldown_time": Param(scalar(values.pause)),
    "drop_params": Param(scalar(values.boolean)),
    # Headers.
    "extra_headers": Param(structures.headers, secret=True),
    "organization": Param(structures.name, ("openai",)),
    # Clouds.
    "region_name": Param(structures.name, (*AWS, *VERTEX)),
    "aws_region_name": Param(structures.name, AWS),
    "aws_access_key_id": Param(structures.name, AWS, secret=True),
    "aws_secret_access_key": Param(structures.name, AWS, secret=True),
    "aws_session_token": Param(structures.name, AWS, secret=True),
    "aws_role_name": Param(structures.name, AWS),
    "aws_session_name": Param(structures.name, AWS),
    "aws_external_id": Param(structures.name, AWS, secret=True),
    "aws_sts_endpoint": Param(scalar(values.url), AWS),
    "model_id": Param(structures.name, AWS),
    "aws_bedrock_runtime_endpoint": Param(scalar(values.url), AWS),
    "vertex_project": Param(structures.name, VERTEX),
    "vertex_location": Param(structures.name, VERTEX),
    "vertex_credentials": Param(_credentials, VERTEX, secret=True),
    "allowed_file_uris": Param(_file_uris, (*AWS, *VERTEX, "gemini")),
    "api_version": Param(structures.name, AZURE),
    "azure_ad_token": Param(structures.name, AZURE, secret=True),
    "tenant_id": Param(structures.name, AZURE),
    "client_id": Param(structures.name, AZURE),
    "client_secret": Param(structures.name, AZURE, secret=True),
    "azure_scope": Param(structures.name, AZURE),
    "azure_authority_host": Param(scalar(values.url), AZURE),
}
"""Those that have no field of their own in an entry."""

OF_THE_ENTRY = frozenset({"model", "api_base", "base_url", "api_key", "custom_llm_provider", "litellm_credential_name"})
LIMITS = ("rpm", "tpm")
"""What may stand outside `litellm_params` too."""

ENTRY = frozenset({"model_name", "litellm_params", "model_info", *LIMITS})
INFO = frozenset({"id", "mode", "base_model", *LIMITS, *COSTS, *UNIT_COSTS})
"""Members of `model_info` that do something; the others are shown."""
TEXTS = frozenset({"id", "mode", "base_model"})


OPTIONS = frozenset(
    (
        *("temperature", "top_p", "top_k", "min_p", "n", "best_of", "stop", "stop_sequences", "seed", "user"),
        *("max_tokens", "max_completion_tokens", "max_output_tokens", "presence_penalty", "frequency_penalty"),
        *("repetition_penalty", "logit_bias", "logprobs", "top_logprobs", "response_format", "tools", "tool_choice"),
        *("parallel_tool_calls", "functions", "function_call", "reasoning_effort", "reasoning", "thinking"),
        *("verbosity", "service_tier", "store", "metadata", "prediction", "modalities", "audio", "web_search_options"),
        *("dimensions", "encoding_format", "input_type", "voice", "speed", "instructions", "quality", "size", "style"),
        *("background", "output_format", "output_compression", "moderation", "language", "prompt", "stream_options"),
        *("safety_identifier", "prompt_cache_key", "prompt_cache_retention", "truncation", "include", "text"),
        *("chat_template_kwargs", "enable_thinking", "guided_json", "guided_regex", "guided_choice", "ignore_eos"),
        *("keep_alive", "num_ctx", "provider", "models", "transforms", "route", "safe_prompt", "random_seed"),
        *("safety_settings", "safetySettings", "guardrailConfig", "additionalModelRequestFields", "top_n"),
        *("return_documents", "max_chunks_per_doc", "data_sources", "preset", "plugins"),
    )
)
"""Members of a request that providers are known to take: an entry's are the defaults of its requests."""


KNOWN = frozenset({*PARAMS, *OF_THE_ENTRY, *COSTS, *UNIT_COSTS, *OPTIONS, "extra_body"})


class Params(NamedTuple):
    """`values` by LiteLLM's names; those of an entry have `defaults`, the members of a body that says nothing of them.

    `notes` name members that have no effect or an unusual one: the member, what kind of finding, and what it says.
    """

    values: Members
    notes: list[tuple[str, Kind, str]]


def read_params(given: Mapping[str, Any], provider: str) -> Params:
    """What an entry says besides its address and its price. Raises Wrong with the member that cannot be used."""
    found, defaults = Params({}, []), {}
    for name, value in given.items():
        if name in OF_THE_ENTRY or is_cost(name) or value is None:
            continue
        if name in PARAMS:
            _known(found, name, value, provider)
        elif name == "extra_body":
            defaults.update(structures.at(".extra_body", _body, value))
        elif name in OPTIONS or _is_sent(found, name):
            defaults[name] = value
    if defaults:
        found.values["defaults"] = defaults
    _settle(found.values, provider)
    return found


def _known(found: Params, name: str, value: Any, provider: str) -> None:
    param = PARAMS[name]
    if param.providers and not provider.startswith(param.providers):
        found.notes.append((name, "unknown", f"means nothing to the provider {provider}; it has no effect"))
        return
    found.values[name] = structures.at(f".{name}", param.parse, value)


def _is_sent(found: Params, name: str) -> bool:
    """Whether a member that nobody here knows goes to the provider: unless it is LiteLLM's, or a slip of the pen."""
    how = keys.absent("litellm_params", name)
    meant = did_you_mean(name, KNOWN)
    if how is not None:
        found.notes.append((name, "absent", f"is LiteLLM's and not supported; it has no effect{how}"))
    elif meant is not None:
        fix = f"Did you mean {meant}? What is meant for the provider as it is belongs in extra_body"
        found.notes.append((name, "unknown", f"is not known; it has no effect. {fix}"))
    else:
        fix = "Write it in extra_body when that is meant"
        found.notes.append((name, "unknown", f"is not known; it is sent to the provider as it is. {fix}"))
        return True
    return False


def _settle(found: Members, provider: str) -> None:
    """What LiteLLM says with one member and we with another."""
    region = found.pop("region_name", None)
    if region is not None:
        found.setdefault("aws_region_name" if provider.startswith(AWS) else "vertex_location", region)
    organization = found.pop("organization", None)
    if organization is not None:
        found["extra_headers"] = {"OpenAI-Organization": organization, **found.get("extra_headers", {})}


def read_info(given: Mapping[str, Any]) -> Params:
    """What `model_info` says. Members that mean nothing here are kept: `/model/info` shows them, as LiteLLM's does."""
    found = Params({}, [])
    for name, value in given.items():
        if value is None:
            continue
        how = None if is_cost(name) else keys.absent("model_info", name)
        if how is not None:
            found.notes.append((name, "absent", f"is LiteLLM's and not supported; it has no effect{how}"))
        else:
            found.values[name] = structures.at(f".{name}", structures.name, value) if name in TEXTS else value
            meant = None if keys.find("model_info", name) or is_cost(name) else did_you_mean(name, INFO)
            if meant is not None:
                found.notes.append((name, "unknown", f"is shown and has no other effect. Did you mean {meant}?"))
    return found


def price_members(params: Mapping[str, Any], info: Mapping[str, Any]) -> Members:
    """The costs of an entry: those of `litellm_params` before those of `model_info`."""
    return {name: one for part in (info, params) for name, one in part.items() if is_cost(name) and one is not None}


def _body(value: Any) -> Members:
    """Members that are meant as they are."""
    found = dict(structures.mapping(value))
    for name in ("model", "messages", "stream"):
        if name in found:
            raise Wrong("it belongs to the request | Take it out", f".{name}")
    return found
