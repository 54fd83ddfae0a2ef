"""Where a model call goes: parsed and checked once, when a deployment is loaded, never per request."""

import re
import ssl
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput

DEFAULT_PORTS = {"http": 80, "https": 443}

_PATH = re.compile(r"/[!-\"$-~]*")  # visible ASCII without "#"
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_OURS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade"),
        *("expect", "accept-encoding", "proxy-connection"),
    }
)

Headers = Iterable[tuple[str, str]]


class Origin(msgspec.Struct, frozen=True):
    """Scheme, host (lower case, ASCII, without brackets) and port of a server."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """As the Host header has it: `api.openai.com`, `127.0.0.1:8000`, `[::1]:8000`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class Target(msgspec.Struct, frozen=True):
    """One endpoint of one deployment. `head` is the request's head up to its length, with the credential in it.

    `tls` None means the client's own context: the system's certificate authorities. `pool_key` tells apart what must
    not share connections: another server, another policy or other trust.
    """

    origin: Origin
    path: str
    policy: AddressPolicy
    tls: ssl.SSLContext | None
    head: bytes
    pool_key: str

    def __repr__(self) -> str:
        return f"Target({self.origin}{self.path.partition('?')[0]})"  # the head holds the credential

    __str__ = __repr__


def parse_target(
    api_base: str,
    path: str,
    *,
    headers: Headers = (),
    policy: AddressPolicy,
    tls: ssl.SSLContext | None = None,
    method: str = "POST",
) -> Target:
    """The endpoint `path` (a query may follow) below `api_base`, with `headers` on each request, the credential too.

    Raises BadInput (param `api_base`, `path`, `method` or `headers`) for what cannot be sent as it stands.
    """
    origin, prefix = parse_base(api_base)
    full = prefix + path
    if not path.startswith("/") or _PATH.fullmatch(full) is None:
        raise BadInput("The path must begin with / and hold visible ASCII characters only.", param="path")
    if not method.isascii() or not method.isalpha() or not method.isupper():
        raise BadInput("The method must be in capital letters.", param="method")
    first = f"{method} {full} HTTP/1.1\r\nhost: {origin.authority}\r\naccept-encoding: identity\r\n"
    return Target(
        origin=origin,
        path=full,
        policy=policy,
        tls=tls,
        head=first.encode("ascii") + header_block(headers),
        pool_key=f"{origin} {policy} {id(tls) if tls else ''}",
    )


def parse_base(api_base: str) -> tuple[Origin, str]:
    """The origin of `api_base` and the path in front of every endpoint, without its last slash.

    Raises BadInput (param `api_base`) unless it is an http or https URL of a host, without user, query or fragment.
    """
    if not api_base.isprintable() or " " in api_base:  # urlsplit would drop line ends without a word
        raise _bad_base("it holds a space or a control character")
    try:
        parts = urlsplit(api_base)
        port = parts.port
    except ValueError:
        raise _bad_base("it is not a URL") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise _bad_base("it must begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise _bad_base("it must not hold a user or a password")
    if parts.query or parts.fragment or api_base.endswith(("?", "#")):
        raise _bad_base("it must not hold a query or a fragment")
    host = _ascii_host(parts.hostname or "")
    prefix = parts.path.rstrip("/")
    if prefix and _PATH.fullmatch(prefix) is None:
        raise _bad_base("its path must hold visible ASCII characters only")
    return Origin(parts.scheme, host, DEFAULT_PORTS[parts.scheme] if port is None else port), prefix


def header_block(headers: Headers) -> bytes:
    """`headers` as the bytes of a request's head.

    Raises BadInput (param: the header's name) for a name or value that could begin another header, and for those
    that the client itself decides on: the body's length and the connection.
    """
    lines = []
    for name, value in headers:
        if _HEADER_NAME.fullmatch(name) is None:
            raise BadInput("A header's name holds a character that is not allowed.", param="headers")
        if name.lower() in _OURS:
            raise BadInput(f"The header {name} cannot be set: the gateway decides on it.", param=name)
        if _HEADER_VALUE.fullmatch(value) is None:
            raise BadInput(f"The header {name} holds a character that is not allowed.", param=name)
        lines.append(f"{name}: {value.strip()}\r\n")
    return "".join(lines).encode("latin-1")


def _ascii_host(host: str) -> str:
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise _bad_base("its host name is not valid") from None
    if len(host) > 253 or _HOST.fullmatch(host) is None:
        raise _bad_base("its host name is missing or not valid")
    return host.lower()


def _bad_base(cause: str) -> BadInput:
    return BadInput(
        f"The provider's address is not usable: {cause}.",
        param="api_base",
        hint="Write it like https://api.openai.com/v1.",
    )
