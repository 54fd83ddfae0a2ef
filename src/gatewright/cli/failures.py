"""A server's error answer as a failure of the command: its message, its hint, its reference and the exit code.

Three shapes are read: RFC 9457 problems (`/api/v1`), OpenAI's error object (`/v1`) and `{"detail"}` (sign-in).
"""

from typing import Any, NamedTuple

from gatewright.cli.client import Answer
from gatewright.cli.errors import CommandError, Limited, Missing, NotAllowed, SignInNeeded
from gatewright.cli.fast import login_hint
from gatewright.cli.profile import KEY_FLAG, STORED, Key, Server

_KINDS: dict[int, type[CommandError]] = {403: NotAllowed, 404: Missing, 409: Missing, 429: Limited}


class Told(NamedTuple):
    """What the body says of the failure; None where it says nothing."""

    message: str | None
    hint: str | None = None
    reference: str | None = None


def failure(answer: Answer, server: Server, key: Key | None = None) -> CommandError:
    """The failure that this answer is, for the caller to raise. `key` is the credential that was sent."""
    told = read(answer)
    message = told.message or f"{server.origin} answered {answer.phrase}."
    if answer.status == 401 and key:
        return SignInNeeded(_refused(message, key, server), hint=_key_hint(key, server), reference=told.reference)
    if answer.status == 401:
        return SignInNeeded(message, hint=told.hint or login_hint(server), reference=told.reference)
    kind = _KINDS.get(answer.status, CommandError)
    hint = told.hint or _retry_hint(answer)
    if told.message is None and answer.status < 502:
        # No gateway answers without a word; a reverse proxy's 502 to 504 is another matter.
        hint = hint or "Check that the URL is the gateway's own."
    return kind(message, hint=hint, reference=told.reference)


def read(answer: Answer) -> Told:
    """The words of an error body of any of the three shapes."""
    reference = answer.headers.get("x-request-id") or answer.headers.get("x-litellm-call-id")
    body = answer.any_json()
    if not isinstance(body, dict):
        return Told(None, None, reference)
    reference = _text(body.get("request_id")) or reference
    error = body.get("error")
    if isinstance(error, dict):
        return Told(_text(error.get("message")), _text(error.get("hint")), reference)
    detail = body.get("detail")
    if isinstance(detail, dict):
        # LiteLLM wraps some: {"detail": {"error": "…"}}.
        detail = detail.get("error")
    message = _text(detail) or _text(body.get("error_description")) or _text(error) or _text(body.get("title"))
    return Told(message, _text(body.get("hint")), reference)


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _refused(message: str, key: Key, server: Server) -> str:
    if key.source == STORED:
        return f"The sign-in to {server.origin} has expired or was ended: {message}"
    return f"{server.origin} refused the key from {key.source}: {message}"


def _key_hint(key: Key, server: Server) -> str:
    if key.source == STORED:
        return login_hint(server)
    if key.source == KEY_FLAG:
        return f"Check the key, or leave {KEY_FLAG} out and sign in with `gatewright login`."
    return f"Check {key.source}, or unset it and sign in with `gatewright login`."


def _retry_hint(answer: Answer) -> str | None:
    seconds = answer.headers.get("retry-after", "")
    return f"Try again in {seconds} seconds." if answer.status == 429 and seconds.isdecimal() else None
