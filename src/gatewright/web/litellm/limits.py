"""LiteLLM's fields for limits on use (contract litellm 3.4), in requests and in rows."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gatewright.domain.errors import BadInput
from gatewright.domain.limits import HIGHEST_LIMIT, NO_LIMITS, Limits, ModelLimits

MOST_MODELS = 200
LONGEST_MODEL = 200


class UserLimitFields(msgspec.Struct, frozen=True, kw_only=True):
    """Requests and tokens a minute, and requests at once. Null takes the limit away."""

    rpm_limit: int | UnsetType | None = UNSET
    tpm_limit: int | UnsetType | None = UNSET
    max_parallel_requests: int | UnsetType | None = UNSET


class LimitFields(UserLimitFields, frozen=True, kw_only=True):
    """The same, and by public model name. A mapping replaces the whole one that was there."""

    model_rpm_limit: dict[str, int] | UnsetType | None = UNSET
    model_tpm_limit: dict[str, int] | UnsetType | None = UNSET


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """Limits in the row of a key or a team."""

    rpm_limit: int | None = None
    tpm_limit: int | None = None
    max_parallel_requests: int | None = None
    model_rpm_limit: dict[str, int] = {}
    model_tpm_limit: dict[str, int] = {}


def limits_asked(fields: LimitFields | UserLimitFields, before: Limits = NO_LIMITS) -> Limits | UnsetType:
    """The limits as they shall be, UNSET when the request says nothing of them. Raises BadInput naming the field."""
    given = msgspec.structs.asdict(fields)
    sent = {name: given[name] for name in NAMES if given.get(name, UNSET) is not UNSET}
    if not sent:
        return UNSET
    for name, value in sent.items():
        for number in _by_model(value, name).values() if name in BY_MODEL else [value]:
            if number is not None and not 0 <= number <= HIGHEST_LIMIT:
                raise BadInput(f"{name} is not a number from 0 to {HIGHEST_LIMIT}.", param=name, code="field_invalid")
    shown = {**limit_fields(before), **sent}
    return Limits(
        rpm=shown["rpm_limit"],
        tpm=shown["tpm_limit"],
        parallel=shown["max_parallel_requests"],
        models=_models(shown["model_rpm_limit"] or {}, shown["model_tpm_limit"] or {}),
    )


def limit_fields(limits: Limits) -> dict[str, Any]:
    """What a row shows of limits."""
    models = limits.models.items()
    return {
        "rpm_limit": limits.rpm,
        "tpm_limit": limits.tpm,
        "max_parallel_requests": limits.parallel,
        "model_rpm_limit": {name: of.rpm for name, of in models if of.rpm is not None},
        "model_tpm_limit": {name: of.tpm for name, of in models if of.tpm is not None},
    }


BY_MODEL = ("model_rpm_limit", "model_tpm_limit")
NAMES = ("rpm_limit", "tpm_limit", "max_parallel_requests", *BY_MODEL)


def _models(rpm: Mapping[str, int], tpm: Mapping[str, int]) -> dict[str, ModelLimits]:
    return {name: ModelLimits(rpm.get(name), tpm.get(name)) for name in sorted({*rpm, *tpm})}


def _by_model(value: dict[str, int] | None, param: str) -> dict[str, int]:
    """Raises BadInput for more models, or longer names, than anybody has."""
    found = value or {}
    if len(found) > MOST_MODELS or any(not 0 < len(name) <= LONGEST_MODEL or "\0" in name for name in found):
        raise BadInput(
            f"{param} holds at most {MOST_MODELS} names of models, of at most {LONGEST_MODEL} characters.",
            param=param,
            code="field_invalid",
        )
    return found
