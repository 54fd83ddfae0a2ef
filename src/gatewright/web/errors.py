"""Every error as HTTP, in the dialect of the route. The one place that does it."""

import logging
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response

from gatewright.domain.errors import FieldsInvalid, GatewrightError, TooManyRequests, Unauthenticated
from gatewright.web.routing import Dialect

logger = logging.getLogger("gatewright.web")

OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    405: "invalid_request_error",
    409: "invalid_request_error",
    413: "invalid_request_error",
    426: "invalid_request_error",
    429: "rate_limit_error",
}
ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Source: Anthropic API reference, "Errors". Every other status of ours is an `api_error`."""

LITELLM_TYPES = {
    "invalid_api_key": "auth_error",
    "expired_key": "expired_key",
    "permission_denied": "auth_error",
    "key_not_found": "not_found_error",
    "user_not_found": "not_found_error",
}


def unexpected(error: Exception, reference: str | None) -> GatewrightError:
    """Logs an error that nobody planned for and stands in for it, so that no traceback reaches a caller."""
    logger.error("unexpected error, reference %s", reference, exc_info=error)
    return GatewrightError()


def problem(error: GatewrightError, reference: str | None) -> dict[str, Any]:
    """RFC 9457, with our code, hint, field errors and reference."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.error_code,
        "detail": error.message,
        "request_id": reference,
    }
    if error.hint:
        body["hint"] = error.hint
    if error.param:
        body["errors"] = [{"field": error.param, "detail": error.message}]
    return body


def openai_error(error: GatewrightError) -> dict[str, Any]:
    """OpenAI's error object: message, type, param, code."""
    message = f"{error.message} {error.hint}" if error.hint else error.message
    kind = OPENAI_TYPES.get(error.status, "server_error")
    return {"error": {"message": message, "type": kind, "param": error.param, "code": error.error_code}}


def anthropic_error(error: GatewrightError, reference: str | None) -> dict[str, Any]:
    """Anthropic's error object; our code stands where its clients look for the cause."""
    message = f"{error.message} {error.hint}" if error.hint else error.message
    kind = ANTHROPIC_TYPES.get(error.status, "api_error")
    details = {"error_code": error.error_code}
    body = {"type": kind, "message": message, "details": details}
    return {"type": "error", "error": body, "request_id": reference}


def litellm_error(error: GatewrightError) -> dict[str, Any]:
    """LiteLLM's error object: `code` is the status as text (contract litellm 3.2)."""
    message = f"{error.message} {error.hint}" if error.hint else error.message
    kind = LITELLM_TYPES.get(error.error_code) or (
        "internal_server_error" if error.status >= 500 else "bad_request_error"
    )
    return {"error": {"message": message, "type": kind, "param": error.param, "code": str(error.status)}}


def authentik_error(error: GatewrightError, reference: str | None) -> dict[str, Any]:
    """Authentik's REST errors (contract 3.8): `{field: [texts]}` for what the caller sent, else `{detail}`."""
    if isinstance(error, FieldsInvalid):
        return {name or "non_field_errors": list(texts) for name, texts in error.problems.items()}
    message = f"{error.message} {error.hint}" if error.hint else error.message
    if error.status == HTTPStatus.BAD_REQUEST:
        return {error.param or "non_field_errors": [message]}
    return {"detail": message, "code": error.error_code, "request_id": reference}


def scim_error(error: GatewrightError) -> dict[str, Any]:
    """SCIM's error message; `scimType` where RFC 7644 has a word for the cause (3.12)."""
    message = f"{error.message} {error.hint}" if error.hint else error.message
    body: dict[str, Any] = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": str(error.status),
        "detail": message,
    }
    kind: str | None = getattr(error, "scim_type", None)
    return body if kind is None else {**body, "scimType": kind}


def as_response(error: GatewrightError, dialect: Dialect, reference: str | None) -> Response:
    """The JSON answer of a dialect; pages are rendered by web.render."""
    headers: dict[str, str] = {"cache-control": "no-store"}
    if isinstance(error, TooManyRequests):
        headers["retry-after"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = 'Bearer realm="gatewright"'
    if dialect is Dialect.PROBLEM:
        return JSONResponse(
            problem(error, reference), error.status, headers=headers, media_type="application/problem+json"
        )
    if dialect is Dialect.OPENAI:
        return JSONResponse(openai_error(error), error.status, headers=headers)
    if dialect is Dialect.ANTHROPIC:
        return JSONResponse(anthropic_error(error, reference), error.status, headers=headers)
    if dialect is Dialect.LITELLM:
        # A role that is not enough is a 401 there (contract litellm 3.1).
        status = 401 if error.error_code == "permission_denied" else error.status
        body = litellm_error(error)
        body["error"]["code"] = str(status)
        return JSONResponse(body, status, headers=headers)
    if dialect is Dialect.AUTHENTIK:
        return JSONResponse(authentik_error(error, reference), error.status, headers=headers)
    if dialect is Dialect.SCIM:
        return JSONResponse(scim_error(error), error.status, headers=headers, media_type="application/scim+json")
    if dialect is Dialect.OAUTH:
        body = {"error": oauth_code(error), "error_description": error.message}
        return JSONResponse(body, error.status, headers={**headers, "pragma": "no-cache"})
    return JSONResponse({"detail": error.message}, error.status, headers=headers)


def oauth_code(error: GatewrightError) -> str:
    """The RFC 6749 error code: the error's own when it has one, else the nearest."""
    own: str | None = getattr(error, "error", None)
    if own:
        return own
    return "temporarily_unavailable" if error.status >= 500 else "invalid_request"
