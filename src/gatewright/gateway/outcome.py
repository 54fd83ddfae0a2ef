"""What comes of asking a deployment: an answer that is ready to be passed on, or a failure that may be made good."""

import msgspec

from gatewright.domain.errors import GatewrightError
from gatewright.domain.keys import Principal
from gatewright.domain.money import Usage
from gatewright.gateway.exchange import Answer, WireHeaders
from gatewright.gateway.faults import Fault
from gatewright.gateway.group import Member
from gatewright.gateway.meter import Meter
from gatewright.gateway.wishes import Wishes
from gatewright.translation.halves import Tap
from gatewright.upstreams.call import Call, Opening
from gatewright.upstreams.dispatch import Body


class Errand(msgspec.Struct, frozen=True):
    """One request on its way to the deployments."""

    asked: Body
    opening: Opening
    caller: Principal
    wishes: Wishes
    meter: Meter


class Stream(msgspec.Struct, frozen=True):
    """An answer that is still arriving. `data` came last, `first` is what it gives for the client."""

    answer: Answer
    tap: Tap
    data: bytes
    first: bytes


class Answered(msgspec.Struct, frozen=True):
    """Who answered and with what: `body`, whole and in the client's dialect, unless there is a `stream`.

    `usage` is a whole answer's. An error status means the provider's own words, which the client gets as they are.
    """

    member: Member
    call: Call
    status: int
    headers: WireHeaders
    body: bytes = b""
    usage: Usage | None = None
    stream: Stream | None = None


class Failure(msgspec.Struct, frozen=True):
    """A deployment did not answer, or refused. Nothing of it has reached the client.

    `status` is the provider's, or the one that stands for what happened. The client gets `passing` or else `error`.
    `asked_wait_s` is the provider's Retry-After. `member` is None when nobody could be asked. `blameless`: it says
    nothing against the deployment.
    """

    fault: Fault
    status: int
    error: GatewrightError
    passing: Answered | None = None
    asked_wait_s: float | None = None
    member: Member | None = None
    blameless: bool = False
