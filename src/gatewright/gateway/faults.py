"""What went wrong at a provider, by LiteLLM's error classes: retries, fallbacks and cooldowns go by them.

Source: contract litellm 4.5; the error pages of the providers for their codes and texts.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from gatewright.translation.halves import ProviderError


class Fault(StrEnum):
    """The names with which LiteLLM's `retry_policy` and `allowed_fails_policy` begin."""

    CONTEXT_WINDOW = "ContextWindowExceededError"
    CONTENT_POLICY = "ContentPolicyViolationError"
    BAD_REQUEST = "BadRequestError"
    AUTHENTICATION = "AuthenticationError"
    PERMISSION = "PermissionDeniedError"
    NOT_FOUND = "NotFoundError"
    TIMEOUT = "TimeoutError"
    RATE_LIMIT = "RateLimitError"
    INTERNAL = "InternalServerError"
    BAD_GATEWAY = "BadGatewayError"
    UNAVAILABLE = "ServiceUnavailableError"


BY_STATUS = {
    401: Fault.AUTHENTICATION,
    403: Fault.PERMISSION,
    404: Fault.NOT_FOUND,
    408: Fault.TIMEOUT,
    424: Fault.INTERNAL,
    429: Fault.RATE_LIMIT,
    502: Fault.BAD_GATEWAY,
    503: Fault.UNAVAILABLE,
    504: Fault.TIMEOUT,
}
WIDER = {Fault.CONTENT_POLICY: Fault.BAD_REQUEST, Fault.CONTEXT_WINDOW: Fault.BAD_REQUEST}
"""The class that a class is part of."""

RETRIED = frozenset({408, 409, 424, 429})
COUNTED = frozenset({401, 402, 404, 408, 424, 429})
"""The 4xx that speak against a deployment. 424 is Amazon Bedrock's: the model itself failed."""

STATUS_OF_KIND = {
    # Anthropic
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
    # OpenAI
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "invalid_api_key": 401,
    "model_not_found": 404,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "server_error": 500,
    # Google
    "invalid_argument": 400,
    "failed_precondition": 400,
    "out_of_range": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "aborted": 409,
    "resource_exhausted": 429,
    "internal": 500,
    "unknown": 500,
    "data_loss": 500,
    "unimplemented": 501,
    "unavailable": 503,
    "deadline_exceeded": 504,
    # Amazon
    "validationexception": 400,
    "accessdeniedexception": 403,
    "resourcenotfoundexception": 404,
    "modeltimeoutexception": 408,
    "modelerrorexception": 424,
    "modelstreamerrorexception": 424,
    "modelnotreadyexception": 429,
    "throttlingexception": 429,
    "internalserverexception": 500,
    "serviceunavailableexception": 503,
}
"""The status of an error that comes in an answer of a good one, by what it is called there, in small letters."""

_STATUS = re.compile(r"[45][0-9]{2}")
MISSING_MODEL = frozenset(
    {"model_not_found", "deploymentnotfound", "not_found", "notfounderror", "resourcenotfoundexception", "404"}
)
MODEL_IS_NAMED = ("model:", "model ", "the model", "models/")
TOO_LONG_STATUSES = frozenset({400, 413, 422})
FILTERED_STATUSES = frozenset({400, 403, 422})
TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "model_max_prompt_tokens_exceeded"})
FILTER_CODES = frozenset(
    {
        *("content_filter", "content_policy_violation", "moderation_blocked", "responsibleaipolicyviolation"),
        *("data_inspection_failed", "content_filtered", "content_filter_error"),
    }
)
TOO_LONG_TEXTS = (
    "maximum context length",
    "context window",
    "prompt is too long",
    "input is too long for requested model",
    "exceed context limit",
    "exceeds the maximum number of tokens allowed",
    "exceeds the available context size",
    "maximum prompt length is",
    "input token count exceeds",
    "input tokens exceed the configured limit",
    "is longer than the model's context length",
    "`inputs` tokens + `max_new_tokens` must be",
    "too many input tokens",
    "reduce the length of the messages",
)
FILTER_TEXTS = ("content management policy", "rejected as a result of our safety system", "content_policy_violation")


def status_of(error: ProviderError) -> int | None:
    """The status that an error stands for which came in an answer of a good one; None when it does not say."""
    kind = (error.kind or "").lower()
    if error.status is not None and 400 <= error.status < 600:
        return error.status
    return int(kind) if _STATUS.fullmatch(kind) else STATUS_OF_KIND.get(kind)


def fault_of(status: int, error: ProviderError) -> Fault:
    """The class of an error answer. `status` is the provider's."""
    code, text = (error.kind or "").lower(), error.message.lower()
    if status in TOO_LONG_STATUSES and (code in TOO_LONG_CODES or any(words in text for words in TOO_LONG_TEXTS)):
        return Fault.CONTEXT_WINDOW
    if status in FILTERED_STATUSES and (code in FILTER_CODES or any(words in text for words in FILTER_TEXTS)):
        return Fault.CONTENT_POLICY
    found = BY_STATUS.get(status)
    if found is not None:
        return found
    return Fault.BAD_REQUEST if 400 <= status < 500 else Fault.INTERNAL


def is_the_requests(status: int, error: ProviderError) -> bool:
    """Whether a 404 is about something that the request named (a stored prompt, a file) and not about the model.

    Else anybody could put a deployment to rest for all by naming what does not exist. Text of the provider's that may
    repeat the caller's counts at its beginning alone.
    """
    if status != 404 or not error.message:
        return False
    kind = (error.kind or "").lower()
    if kind in MISSING_MODEL:
        return False
    return kind == "invalid_request_error" or not error.message.lower().startswith(MODEL_IS_NAMED)


def is_retried(status: int) -> bool:
    """Whether the same request may succeed when it is sent again."""
    return status in RETRIED or status >= 500


def speaks_against(status: int) -> bool:
    """Whether such an answer is the deployment's fault, not the request's."""
    return status in COUNTED or status >= 500


def by_class(policy: Mapping[str, int], fault: Fault, ending: str) -> int | None:
    """What a policy of LiteLLM's says of the class (`RateLimitError` and `Retries` make its key), or of a wider one."""
    found = policy.get(fault + ending)
    if found is None and fault in WIDER:
        found = policy.get(WIDER[fault] + ending)
    return policy.get("Default" + ending) if found is None else found
