"""The `model_list` of LiteLLM's config.yaml (contract litellm 4.9)."""

import hashlib
from collections.abc import Callable
from typing import Any

from gatewright.domain.errors import SettingInvalid
from gatewright.domain.money import Price, price_per_million
from gatewright.settings import values
from gatewright.settings.providers import PROVIDERS, base_of, provider_and_model, unknown_provider
from gatewright.settings.schema import ModelEntry

KNOWN_PARAMS = {
    "model",
    "api_base",
    "api_key",
    "timeout",
    "input_cost_per_token",
    "output_cost_per_token",
    "cache_read_input_token_cost",
}
KNOWN_INFO = {"id", "input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost", "mode"}


def read_model_list(raw: Any, source: str, resolve: Callable[[Any, str], Any]) -> tuple[list[ModelEntry], list[str]]:
    """The entries and the warnings about keys that are not supported. Raises SettingInvalid for a wrong one."""
    entries: list[ModelEntry] = []
    warnings: list[str] = []
    if raw is None:
        return entries, warnings
    if not isinstance(raw, list):
        raise invalid("model_list", source, "it is not a list", "Write entries that start with `- model_name:`")
    for index, item in enumerate(raw):
        entries.append(_entry(item, f"model_list[{index}]", source, resolve, warnings))
    return entries, warnings


def invalid(name: str, source: str, problem: str, fix: str) -> SettingInvalid:
    return SettingInvalid(name, source=source, problem=problem, fix=fix)


def _entry(item: Any, where: str, source: str, resolve: Callable[[Any, str], Any], warnings: list[str]) -> ModelEntry:
    if not isinstance(item, dict) or not isinstance(item.get("model_name"), str):
        raise invalid(f"{where}.model_name", source, "it is missing or not text", "Give the model its public name")
    raw_params = item.get("litellm_params")
    if not isinstance(raw_params, dict) or not isinstance(raw_params.get("model"), str):
        raise invalid(f"{where}.litellm_params.model", source, "it is missing or not text", "Write it as openai/<name>")
    params = {key: resolve(value, f"{where}.litellm_params.{key}") for key, value in raw_params.items()}
    info = item.get("model_info") or {}
    warnings += [
        f"{where}.litellm_params.{key} is not supported and has no effect" for key in params.keys() - KNOWN_PARAMS
    ]
    warnings += [f"{where}.model_info.{key} is not supported and has no effect" for key in info.keys() - KNOWN_INFO]
    provider, model, api_base = _provider(params, where, source)
    costs = {**info, **params}
    return ModelEntry(
        name=item["model_name"],
        provider=provider,
        upstream_model=model,
        api_base=api_base,
        api_key=params.get("api_key"),
        id=str(info.get("id") or deployment_id(item["model_name"], provider, model, api_base)),
        price=_price(costs, where, source),
        timeout_s=None if params.get("timeout") is None else values.seconds(str(params["timeout"])),
    )


def _provider(params: dict[str, Any], where: str, source: str) -> tuple[str, str, str]:
    given = params.get("api_base")
    stranger = unknown_provider(params["model"])
    if stranger is not None and not given:
        raise invalid(
            f"{where}.litellm_params.model",
            source,
            f"the provider {stranger!r} is not supported",
            f"Supported are {', '.join(PROVIDERS)}; others work as openai/<name> with api_base",
        )
    provider, model = provider_and_model(params["model"])
    api_base = base_of(provider, str(given) if given else None)
    if api_base is None:
        raise invalid(f"{where}.litellm_params.api_base", source, "it is missing", "Give the URL up to and with /v1")
    try:
        return provider, model, values.url(api_base).rstrip("/")
    except ValueError as error:
        problem, _, fix = str(error).partition(" | ")
        raise invalid(f"{where}.litellm_params.api_base", source, problem, fix) from error


def _price(costs: dict[str, Any], where: str, source: str) -> Price | None:
    if costs.get("input_cost_per_token") is None or costs.get("output_cost_per_token") is None:
        return None
    try:
        cached = costs.get("cache_read_input_token_cost")
        return Price(
            input=price_per_million(costs["input_cost_per_token"]),
            output=price_per_million(costs["output_cost_per_token"]),
            cached_input=None if cached is None else price_per_million(cached),
        )
    except ArithmeticError as error:
        raise invalid(
            f"{where}.input_cost_per_token", source, "a cost is not a number", "Write USD per token, such as 0.0000025"
        ) from error


def deployment_id(name: str, provider: str, model: str, api_base: str) -> str:
    """A stable id for an entry without one, so that spend of the same deployment stays together over restarts."""
    return hashlib.sha256("\0".join((name, provider, model, api_base)).encode()).hexdigest()[:32]
