"""The error tree. The edge alone turns an error into HTTP, in the dialect of the API that was called.

GatewrightError
  BadInput            the request is wrong: names the field, the cause and the fix
    TooLarge          the body is over the limit
    FieldsInvalid     several fields of one object are wrong: names all of them
    MethodNotAllowed  the address exists, with other methods
  Unauthenticated     no credential, or one that is unknown, expired or revoked
  Forbidden           the credential is good but may not do this
  NotFound            the thing does not exist, or the caller may not know that it does
    UnknownModel      no such model for this key
  Conflict            the thing exists already, or changed meanwhile
  TooManyRequests     a rate limit; `retry_after` seconds
  UpstreamFailed      the model provider could not be reached or broke off
    UpstreamTimeout   the model provider was too slow
  Unavailable         our own fault or our database's: never shown as a 401
  SettingInvalid      a setting is missing or malformed: stops the start
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class GatewrightError(Exception):
    """The root. `code` is stable and documented; the text may change.

    `message` is public and holds no secret. `param` names the field of the caller's request. `hint` says what to do.
    """

    code: ClassVar[str] = "internal_error"
    status: int = 500
    summary: ClassVar[str] = "Something went wrong inside Gatewright. The reference id finds it in the log."

    def __init__(
        self,
        message: str | None = None,
        *,
        param: str | None = None,
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message or self.summary)
        self.message = message or self.summary
        self.param = param
        self.hint = hint
        self.error_code = code or self.code


class BadInput(GatewrightError):
    code = "invalid_request"
    status = 400
    summary = "The request is not valid."


class TooLarge(BadInput):
    code = "request_too_large"
    status = 413
    summary = "The request body is larger than the limit."


class FieldsInvalid(BadInput):
    """`problems` says what is wrong with each field, every field at once. The empty name is the object as a whole."""

    code = "field_invalid"

    def __init__(self, problems: Mapping[str, Sequence[str]], *, of: str = "") -> None:
        name = next(iter(problems))
        text = f"{name}: {problems[name][0]}" if name else problems[name][0]
        super().__init__(f"{of}: {text}" if of else text, param=name or None)
        self.problems = problems


class MethodNotAllowed(BadInput):
    code = "method_not_allowed"
    status = 405
    summary = "This method does not exist here. The header Allow says which do."


class Unauthenticated(GatewrightError):
    code = "invalid_api_key"
    status = 401
    summary = "The credential is missing, unknown, expired or revoked."


class Forbidden(GatewrightError):
    code = "permission_denied"
    status = 403
    summary = "The credential is valid but may not do this."


class NotFound(GatewrightError):
    code = "not_found"
    status = 404
    summary = "There is no such thing, or it is not visible to this credential."


class UnknownModel(NotFound):
    code = "model_not_found"
    summary = "The model does not exist or is not available to this key. GET /v1/models lists those that are."


class Conflict(GatewrightError):
    code = "conflict"
    status = 409
    summary = "It exists already, or changed meanwhile."


class TooManyRequests(GatewrightError):
    code = "rate_limit_exceeded"
    status = 429
    summary = "Too many requests. The header Retry-After says when to try again."
    limit_kind: str | None = None
    resets_at: int | None = None

    def __init__(self, message: str | None = None, *, retry_after: int = 60, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class UpstreamFailed(GatewrightError):
    code = "upstream_unavailable"
    status = 502
    summary = "The model provider could not be reached or broke off the answer."


class UpstreamTimeout(UpstreamFailed):
    code = "upstream_timeout"
    status = 504
    summary = "The model provider did not answer in time."


class Unavailable(GatewrightError):
    code = "service_unavailable"
    status = 503
    summary = "Gatewright or its database cannot serve this now. Try again shortly."


class SettingInvalid(GatewrightError):
    """`name` is the setting, `source` where its value came from (`environment`, `config.yaml`, `flag --port`, ...)."""

    code = "setting_invalid"
    status = 500
    summary = "A setting is missing or malformed. The start stops and names it."

    def __init__(self, name: str, *, source: str, problem: str, fix: str) -> None:
        super().__init__(f"{name} ({source}): {problem}.", param=name, hint=f"{fix}.")
        self.name, self.source, self.problem, self.fix = name, source, problem, fix
