"""From a provider's failure to the client's error: the one table. The edge renders it in the client's dialect."""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from math import ceil

from gatewright.domain.errors import GatewrightError, TooManyRequests, UpstreamFailed, UpstreamTimeout
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.exchange import WireHeaders
from gatewright.gateway.faults import fault_of, status_of
from gatewright.translation.halves import ProviderError
from gatewright.upstreams.failures import CallFailed, CallTimedOut

LONGEST_RETRY_AFTER = 86_400
"""Seconds."""

KEY_REFUSED = frozenset({"API_KEY_INVALID"})
"""What a provider calls a wrong key that answers with another status than 401 or 403: Google, with 400."""


class UpstreamAuthFailed(UpstreamFailed):
    code = "upstream_auth_failed"
    summary = "The model provider does not accept the credential that is configured for this model. Yours is good."


class UpstreamBadAnswer(UpstreamFailed):
    code = "upstream_bad_answer"
    summary = "The model provider gave an answer that is none of its API. Its configured address may be wrong."


class UpstreamRefused(UpstreamFailed):
    """The provider's own refusal, in its words; `status` is the provider's."""

    code = "upstream_refused"
    summary = "The model provider refuses the request."

    def __init__(self, status: int, error: ProviderError) -> None:
        super().__init__(error.message or f"{self.summary} It answered with the status {status}.", param=error.param)
        self.status = status
        self.kind = error.kind


class UpstreamBroke(UpstreamFailed):
    """The provider ended its own stream with an error, whose words are not about our credential.

    `provider_status` is what it stands for, and `fault` its class.
    """

    code = "upstream_broke_off"
    summary = "The model provider broke off the answer with an error."

    def __init__(self, error: ProviderError) -> None:
        found = status_of(error)
        refused = found in (401, 403) or error.kind in KEY_REFUSED
        super().__init__(UpstreamAuthFailed.summary if refused else error.message or None)
        self.provider_status = found or 500
        self.fault = fault_of(self.provider_status, error)
        self.asked_wait_s = error.retry_after
        if found is not None and not refused:
            self.status = found


class NobodyFree(TooManyRequests):
    """Nobody was asked."""

    code = "no_deployments_available"
    summary = "Every deployment of the model rests after failures, or has had what it may get in this minute."

    def __init__(self, retry_after: int, limits: Sequence[str]) -> None:
        why = f"all have had their {' and '.join(limits)} of this minute" if limits else "all rest after failures"
        super().__init__(
            f"No deployments available for this model: {why}. Try again in {retry_after} seconds.",
            retry_after=retry_after,
        )


def refusal(status: int, headers: WireHeaders, error: ProviderError) -> GatewrightError:
    """The client's error for a provider's error answer."""
    if status in (401, 403) or error.kind in KEY_REFUSED:
        return UpstreamAuthFailed()
    if status == 429:
        return TooManyRequests(
            error.message or "The model provider refuses more requests now.",
            retry_after=ceil(retry_after_s(headers) or error.retry_after or 60),
            code="upstream_rate_limited",
        )
    if error.message and 400 <= status < 600:
        return UpstreamRefused(status, error)
    return UpstreamBadAnswer(f"{UpstreamBadAnswer.summary} It answered with the status {status}.")


def retry_after_s(headers: WireHeaders) -> float | None:
    """Seconds that the provider asks to wait, None when it does not say so. A date counts from the answer's own.

    Source: RFC 9110, 10.2.3; OpenAI's `retry-after-ms`.
    """
    text = (header(headers, b"retry-after-ms") or b"").decode("latin-1").strip()
    unit = 1000.0
    if not text:
        text, unit = (header(headers, b"retry-after") or b"").decode("latin-1").strip(), 1.0
    if not text or len(text) > 40:
        return None
    try:
        seconds = float(text) / unit
    except ValueError:
        seconds = _until(text, (header(headers, b"date") or b"").decode("latin-1"))
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else None


def _until(date: str, now: str) -> float:
    try:
        return (parsedate_to_datetime(date) - parsedate_to_datetime(now)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0.0


def for_admins(one: Deployment, status: int) -> str:
    """Who it was, for people who may know which server stands behind a model."""
    return f"This was deployment {one.id}, {one.provider}/{one.upstream_model}, with the status {status}."


def without_names(error: CallFailed | CallTimedOut) -> UpstreamFailed:
    """The same failure for people who may not know which server stands behind a model."""
    kind = UpstreamTimeout if isinstance(error, UpstreamTimeout) else UpstreamFailed
    return kind(code=error.error_code)


def header(headers: WireHeaders, name: bytes) -> bytes | None:
    """The first header of this name (lower case)."""
    for known, value in headers:
        if known == name:
            return value
    return None
