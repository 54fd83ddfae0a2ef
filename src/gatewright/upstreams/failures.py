"""How a model call fails: the domain's upstream errors with the phase in which they happened.

CallFailed (UpstreamFailed)      could not connect, broke off, spoke no HTTP, too large
  AddressRefused                 the address policy forbids every address of the host
CallTimedOut (UpstreamTimeout)   too slow to connect, to answer or to go on

Messages name the provider's host and port, never a path, a header or a key.
"""

from enum import StrEnum

from gatewright.domain.errors import UpstreamFailed, UpstreamTimeout


class Phase(StrEnum):
    """How far the call had come."""

    CONNECT = "connect"
    """Nothing was sent."""
    HEAD = "head"
    """The request was sent, wholly or in part, and no complete response head has come."""
    BODY = "body"
    """The answer has begun: it may have reached the client already."""


class CallFailed(UpstreamFailed):
    """`retryable`: nothing was answered, so that another deployment may be tried."""

    def __init__(self, message: str, *, phase: Phase, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.phase = phase

    @property
    def retryable(self) -> bool:
        return self.phase is not Phase.BODY


class AddressRefused(CallFailed):
    """The policy refuses every address that the host's name stands for."""

    code = "upstream_address_refused"

    def __init__(self, message: str) -> None:
        super().__init__(message, phase=Phase.CONNECT)


class CallTimedOut(UpstreamTimeout):
    """`retryable`: nothing was answered, so that another deployment may be tried."""

    def __init__(self, message: str, *, phase: Phase) -> None:
        super().__init__(message)
        self.phase = phase

    @property
    def retryable(self) -> bool:
        return self.phase is not Phase.BODY
