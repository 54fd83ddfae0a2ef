"""Limits on use: how much one key, one user or one team may ask for. Pure values.

Source: contract litellm 3.4 (`rpm_limit`, `tpm_limit`, `max_parallel_requests`, `model_rpm_limit`, `model_tpm_limit`).
"""

from collections.abc import Mapping

import msgspec

HIGHEST_LIMIT = 10**12
"""Above it no limit limits anything, and sums of it no longer fit where they are counted."""


class ModelLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """Requests and tokens a minute with one model; None is no limit."""

    rpm: int | None = None
    tpm: int | None = None


class Limits(msgspec.Struct, frozen=True):
    """Requests and tokens a minute, and requests at once; None is no limit, 0 lets nothing through.

    `models` limits single models besides, by public name.
    """

    rpm: int | None = None
    tpm: int | None = None
    parallel: int | None = None
    models: Mapping[str, ModelLimits] = {}

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return self != NO_LIMITS


NO_LIMITS = Limits()


class Holder(msgspec.Struct, frozen=True):
    """Somebody who has limits. `kind` is `api_key`, `user` or `team`; `ref` names the row, the same on every worker."""

    kind: str
    ref: str
    limits: Limits
