"""What a deployment's `litellm_params` and `model_info` say of routing (contract litellm 4.5, 4.9)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.settings import values
from gatewright.settings.router import Router
from gatewright.upstreams.timeouts import Timeouts


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """`order`: lower ones first, those without one last. `weight`, `rpm` and `tpm` share out requests; the two last are
    also the most that it gets in a minute. Times are seconds.
    """

    order: int | None = None
    weight: float | None = None
    rpm: int | None = None
    tpm: int | None = None
    tags: frozenset[str] = frozenset()
    num_retries: int | None = None
    max_retries: int | None = None
    cooldown_time: float | None = None

    @property
    def retries(self) -> int | None:
        """How often a request is sent again after this deployment failed; None when only the router says so."""
        return self.max_retries if self.num_retries is None else self.num_retries


NO_TERMS = Terms()


def terms_of(params: Mapping[str, Any], info: Mapping[str, Any]) -> Terms:
    """Raises BadInput naming the member that is wrong."""
    found = {}
    for name in Terms.__struct_fields__:
        value = params.get(name, info.get(name))
        if value is not None:
            found[name] = value
    if not found:
        return NO_TERMS
    for name, value in found.items():
        try:
            read = getattr(msgspec.convert({name: value}, Terms, strict=False), name)
        except msgspec.ValidationError:
            raise BadInput(f"{name} is {value!r}, which it cannot be.", param=name) from None
        if isinstance(read, int | float) and not 0 <= read < 1e15 and name != "order":
            raise BadInput(f"{name} must not be negative.", param=name)
    return msgspec.convert(found, Terms, strict=False)


def timeouts_of(
    params: Mapping[str, Any], timeout_s: float | None, router: Router, usual_s: float
) -> tuple[Timeouts, Timeouts]:
    """For whole answers and for streams: the deployment's own, else the router's, else the usual one.

    Raises BadInput naming the member that is wrong.
    """
    own = timeout_s or _seconds(params, "timeout")
    whole = own or router.timeout_s or usual_s
    stream = _seconds(params, "stream_timeout") or router.stream_timeout_s or whole
    return within(whole), within(stream)


def within(seconds: float) -> Timeouts:
    """So long to the first byte and between two of them, and no longer to a connection."""
    return Timeouts(connect=min(Timeouts().connect, seconds), first_byte=seconds, idle=seconds)


def _seconds(params: Mapping[str, Any], name: str) -> float | None:
    given = params.get(name)
    if given is None:
        return None
    try:
        return values.seconds(str(given))
    except ValueError as error:
        problem, _, hint = str(error).partition(" | ")
        raise BadInput(f"{problem}.", param=name, hint=f"{hint}.") from None
