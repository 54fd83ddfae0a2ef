"""An access token as a bearer of the Authorization header."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from gatewright.domain.clock import SECOND, Clock, Millis
from gatewright.gateway.credentials.kept import CredentialFailed, Kept
from gatewright.outbound.client import Answer
from gatewright.upstreams.target import Target, header_block

LONGEST_TOKEN = 16 * 1024
SHORTEST_SECRET = 6
"""Characters. Shorter ones stand in texts by chance."""


class Token(msgspec.Struct, frozen=True):
    """`value` as the Authorization header has it behind `Bearer`."""

    value: str
    expires_at: Millis

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at})"


Fetch = Callable[[], Awaitable[Token]]


class BearerSigner:
    """A Signer that sends an access token. `whose` names the account in messages."""

    def __init__(self, fetch: Fetch, clock: Clock, whose: str) -> None:
        self._fetch = fetch
        self._whose = whose
        self._kept = Kept(self._checked, clock, "access token", whose)
        self._sent: tuple[Token | None, bytes] = (None, b"")
        self.secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._whose})"

    async def headers(self, _target: Target, _body: bytes) -> bytes:
        """The Authorization line. Raises CredentialFailed."""
        token = await self._kept.current()
        known, line = self._sent
        if known is not token:
            line = header_block([("authorization", f"Bearer {token.value}")])
            self._sent = (token, line)
            self.secrets = (token.value, *self.secrets[:1])  # an answer to the one before may still be on its way
        return line

    async def _checked(self) -> Token:
        token = await self._fetch()
        if len(token.value) > LONGEST_TOKEN or not token.value.isascii() or not token.value.isprintable():
            raise CredentialFailed(f"No access token for {self._whose}: what came is none.")
        return token


class _Granted(msgspec.Struct):
    """Microsoft's metadata service writes its numbers as text."""

    access_token: str
    expires_in: int | str


class _Refused(msgspec.Struct):
    error: str = ""
    error_description: str = ""


def granted(answer: Answer, now: Millis, *secrets: str) -> Token:
    """The token of an OAuth 2.0 answer (RFC 6749 5.1). Raises CredentialFailed with the other side's words, without the
    `secrets` that it was sent.
    """
    if not answer.is_ok:
        raise CredentialFailed(f"{answer.url} gives no access token: {_words(answer, secrets)}.")
    try:
        found = msgspec.json.decode(answer.body, type=_Granted)
        seconds = int(found.expires_in)
    except (ValueError, RecursionError) as error:
        raise CredentialFailed(f"{answer.url} gives no access token: its answer holds none.") from error
    return Token(found.access_token, now + seconds * SECOND)


def _words(answer: Answer, secrets: Sequence[str]) -> str:
    """OAuth's own error (RFC 6749 5.2), bounded and printable."""
    try:
        said = msgspec.json.decode(answer.body, type=_Refused)
    except (ValueError, RecursionError):
        said = _Refused()
    text = " ".join(part for part in (said.error, said.error_description) if part)
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return shown(text) or f"it answered with the status {answer.status}"


def shown(text: str) -> str:
    """Another side's words as they may stand in a message."""
    return "".join(char for char in text if char.isprintable())[:200].rstrip(". ")
