"""How one request reaches one deployment: the way there, and the call that goes it.

A way is made once for each endpoint of a deployment; a call is made for each attempt. The star only sees this: what it
sends, and what turns the provider's answer into the client's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import ProviderError, Tap
from gatewright.translation.model import Request
from gatewright.translation.registry import client_half
from gatewright.upstreams.choosing import CHOOSERS
from gatewright.upstreams.endpoints import Endpoint
from gatewright.upstreams.target import Target, header_block

WireHeaders = Sequence[tuple[bytes, bytes]]


class Asked(Protocol):
    """A request that was looked into, whatever form its body has.

    `max_output` is the most tokens that the caller lets an answer have, None when it does not say.
    """

    @property
    def model(self) -> str: ...
    @property
    def stream(self) -> bool: ...
    @property
    def include_usage(self) -> bool: ...
    @property
    def max_output(self) -> int | None: ...


class Call(Protocol):
    """One attempt. `headers` is a block of header lines; `dropped` names the parameters that were left out.

    `translated`: the answer is ours, not the provider's bytes.
    """

    @property
    def target(self) -> Target: ...
    @property
    def headers(self) -> bytes: ...
    @property
    def body(self) -> bytes: ...
    @property
    def dropped(self) -> Sequence[str]: ...
    @property
    def translated(self) -> bool: ...

    def streams(self, status: int, content_type: bytes) -> bool:
        """Whether an answer with this head goes to the client as it arrives."""
        ...

    def tap(self) -> Tap:
        """For a streamed answer."""
        ...

    def whole(self, body: bytes) -> tuple[bytes, Usage | None]:
        """The client's answer out of a good one, and what it used. Raises ValueError for what is no answer."""
        ...

    def error(self, body: bytes) -> ProviderError:
        """What an error answer says."""
        ...


class Signer(Protocol):
    """Credentials that change: a token that expires, a signature over the request."""

    async def headers(self, target: Target, body: bytes) -> bytes:
        """Header lines for this request. Raises UpstreamFailed when the credential cannot be had."""
        ...

    @property
    def secrets(self) -> Sequence[str]:
        """What it sent or signed with lately, that nobody but the provider may see."""
        ...


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint of ours is served by one deployment.

    `model` is the provider's name of it. `dialect` is what is spoken there, None for an endpoint that is no
    conversation; equal to the endpoint's own one the bytes pass through. `stream_target` is where streams go when that
    is another address. `defaults` are members of a body that says nothing of them; `extra` are put into every body and
    `without` taken out of it (Anthropic on Vertex has `anthropic_version` and no `model`); `by_header` makes members
    that count before `extra` out of the caller's headers, where bytes pass through. `codec` translates an
    endpoint that is no conversation. `drop` leaves out what cannot be carried instead of refusing it. `headers`
    are sent where the caller sent none of that name. `provider` is its name in `settings.providers`, for a dialect that
    not all speak alike. `presets` are what `defaults` are, for a provider with names of its own (`upstreams.presets`).
    `choosers` are members of a body that passes through which only `defaults` may set (`upstreams.choosing`); empty
    where they are known to choose nothing. `files` are the beginnings of addresses of a cloud's storage that callers
    may have read with our credential.
    """

    target: Target
    model: str
    provider: str = ""
    dialect: Dialect | None = None
    stream_target: Target | None = None
    signer: Signer | None = None
    drop: bool = False
    defaults: Mapping[str, object] = {}
    extra: Mapping[str, object] = {}
    without: frozenset[str] = frozenset()
    by_header: Callable[[WireHeaders], Mapping[str, object]] | None = None
    codec: "Codec | None" = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    presets: Request | None = None
    choosers: frozenset[str] = CHOOSERS
    files: tuple[str, ...] = ()

    def header_lines(self, forwarded: WireHeaders) -> bytes:
        """The caller's headers that go on, and those of ours that they do not replace. Raises BadInput."""
        if not forwarded and not self.headers:
            return b""
        given = {name for name, _ in forwarded}
        pairs = [*forwarded, *(pair for pair in self.headers if pair[0] not in given)]
        return header_block([(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs])

    def extra_for(self, forwarded: WireHeaders) -> Mapping[str, object]:
        """What is put into the body of a caller with these headers."""
        return self.extra if self.by_header is None else {**self.extra, **self.by_header(forwarded)}

    def address(self, *, stream: bool) -> Target:
        """Where a request goes."""
        return self.stream_target if stream and self.stream_target is not None else self.target


class Codec(Protocol):
    """Translates an endpoint that is no conversation (embeddings, rerank): one request, one answer, both JSON."""

    def request(self, members: Mapping[str, msgspec.Raw], model: str, dropped: list[str] | None) -> bytes:
        """The provider's body. Raises BadInput naming the member that is wrong or cannot be carried.

        `dropped` takes the names of those that were left out instead; None means that none may be.
        """
        ...

    def answer(self, body: bytes, members: Mapping[str, msgspec.Raw], model: str) -> tuple[bytes, Usage | None]:
        """The client's answer to a body of these members, asked of the public name `model`.

        Raises ValueError for what is no answer of that API.
        """
        ...

    def error(self, body: bytes) -> ProviderError: ...


class Opening:
    """What a call must know of its request besides the body. One for a request, whatever its number of attempts."""

    __slots__ = ("_read", "created", "endpoint", "forwarded", "request_id")

    def __init__(self, endpoint: Endpoint, request_id: str, created: int, forwarded: WireHeaders = ()) -> None:
        self.endpoint = endpoint
        self.request_id = request_id
        self.created = created
        self.forwarded = forwarded
        self._read: Request | None = None

    def request(self, members: Mapping[str, msgspec.Raw], dialect: Dialect) -> Request:
        """The body in no dialect, read at the first need. Raises BadInput naming the member that is wrong."""
        if self._read is None:
            self._read = client_half(dialect).read(members)
        return self._read
