"""What an error of Anthropic's says. Source: Anthropic API reference, "Errors"."""

import msgspec

from gatewright.translation.halves import ProviderError

STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status of each type of error; every other one is a 502 here."""


class WireError(msgspec.Struct):
    type: str | None = None
    message: str | None = None

    def said(self) -> ProviderError:
        return ProviderError(self.message or "", self.type)


class _Body(msgspec.Struct):
    error: WireError | None = None


_decode = msgspec.json.Decoder(_Body).decode


def read_error(body: bytes) -> ProviderError:
    """The words of an error answer; none when it is no error of this API."""
    try:
        return (_decode(body).error or WireError()).said()
    except (ValueError, RecursionError):
        return ProviderError("")
