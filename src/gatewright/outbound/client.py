"""The one HTTP client for everything that is not a model call.

Every call carries the address policy for its URL. Names are resolved once and the connection goes to the address that
was checked. Redirects are not followed, answers are bounded, and errors hold no query, header or body.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.outbound.errors import OutboundFailed, shown
from gatewright.outbound.pinning import Resolve, Target, origin_of, pin, system_resolve
from gatewright.outbound.trust import certificate_problem, system_tls

LARGEST_ANSWER = 1_000_000
METADATA = "http://169.254.169.254"
"""Where Amazon's, Google's and Microsoft's clouds tell a machine who it is."""

CONNECT_S = 5.0
READ_S = 10.0
WHOLE_CALL_S = 20.0

# At INFO it logs every URL with its query.
logging.getLogger("httpx2").setLevel(logging.WARNING)

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
"""An ASGI application."""


class Answer(msgspec.Struct, frozen=True):
    """What came back. `url` is the part of it that may be shown. Header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises OutboundFailed, which never quotes the body."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            kind = self.headers.get("content-type", "no content type")[:60]
            raise OutboundFailed(
                f"{self.url} answered {self.status} and no JSON ({kind}).", code="answer_not_json"
            ) from error
        if not isinstance(value, dict):
            raise OutboundFailed(f"{self.url} answered JSON that is not an object.", code="answer_not_json")
        return value


class Outbound:
    """Opened once a process, closed at its end.

    `mount` names our own origin and the application behind it: calls to it stay in the process (only under the
    operator's policy, so that no URL that a person types can reach us as if from inside). `whole_call_s` is the most
    seconds that a call may take from its first byte to its last.
    """

    def __init__(
        self,
        *,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
        metadata: str = METADATA,
        whole_call_s: float = WHOLE_CALL_S,
    ) -> None:
        self._resolve = resolve
        self._whole_call_s = whole_call_s
        self._metadata = metadata
        # A kept connection is known by its IP address alone and would serve another name without a certificate check.
        self._client = httpx2.AsyncClient(
            verify=tls or system_tls(),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx2.Timeout(READ_S, connect=CONNECT_S),
            limits=httpx2.Limits(max_connections=50, max_keepalive_connections=0),
            headers={"user-agent": "gatewright", "accept-encoding": "identity"},
        )
        self._own_origin, self._own_path = "", "/"
        self._own: httpx2.AsyncClient | None = None

    def mount(self, base_url: str, app: Application) -> None:
        """Answers calls below our own address, such as `https://llm.example.com`, from the application in this process.

        Where the address has a path, the rest of its origin is somebody else's.
        """
        self._own_origin, self._own_path = origin_of(base_url), f"{urlsplit(base_url).path}/"
        self._own = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False), follow_redirects=False, trust_env=False
        )

    def _is_own(self, url: str) -> bool:
        return origin_of(url) == self._own_origin and (urlsplit(url).path or "/").startswith(self._own_path)

    async def close(self) -> None:
        await self._client.aclose()
        if self._own is not None:
            await self._own.aclose()

    async def get(self, url: str, policy: AddressPolicy, headers: Mapping[str, str] | None = None) -> Answer:
        """GET. Raises AddressRefused or OutboundFailed; any status is an answer, a redirect too."""
        return await self.call("GET", url, policy, headers=headers)

    async def post_form(
        self, url: str, policy: AddressPolicy, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """POST of a URL-encoded form. Raises AddressRefused or OutboundFailed."""
        content = str(httpx2.QueryParams(dict(form))).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await self.call("POST", url, policy, headers={**kind, **(headers or {})}, content=content)

    async def metadata(self, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        """A call to the service of a cloud that tells a machine who it is: the one address that no policy allows.

        The address is fixed and `path` the program's own, so nothing that a person types reaches it; whoever calls this
        says why the caller may use the machine's identity. Raises OutboundFailed.
        """
        url = self._metadata + path
        with _told(shown(url)):
            async with asyncio.timeout(self._whole_call_s):
                request = self._client.build_request(method, url, headers={"accept": "application/json", **headers})
                return await _exchange(self._client, request, shown(url))

    async def call(
        self,
        method: str,
        url: str,
        policy: AddressPolicy,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """One call. Raises AddressRefused before anything is sent, OutboundFailed for everything after."""
        sent = {"accept": "application/json", **(headers or {})}
        with _told(shown(url)):
            async with asyncio.timeout(self._whole_call_s):
                if self._own is not None and policy.operator and self._is_own(url):
                    request = self._own.build_request(method, url, headers=sent, content=content)
                    return await _exchange(self._own, request, shown(url))
                target = await pin(url, policy, self._resolve)
                return await self._first_reachable(target, method, sent, content, shown(url))

    async def _first_reachable(
        self, target: Target, method: str, headers: Mapping[str, str], content: bytes | None, name: str
    ) -> Answer:
        """Tries the checked addresses in their order; only a connection that never came about moves on to the next."""
        for position, address in enumerate(target.addresses, 1):
            request = self._client.build_request(
                method,
                target.url(address),
                headers={**headers, "host": target.host_header},
                content=content,
                extensions={"sni_hostname": target.host},
            )
            try:
                return await _exchange(self._client, request, name)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if position == len(target.addresses):
                    raise
        raise OutboundFailed(f"{name} has no address that may be reached.")


@contextmanager
def _told(name: str) -> Iterator[None]:
    """What goes wrong inside becomes OutboundFailed."""
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise OutboundFailed(f"{name} took too long to answer.", code="outbound_timeout") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError) as error:
        problem = certificate_problem(error)
        if problem is not None:
            raise OutboundFailed(f"The certificate of {name} {problem[1]}.", code=problem[0]) from error
        raise OutboundFailed(_words(name, error)) from error


async def _exchange(client: httpx2.AsyncClient, request: httpx2.Request, name: str) -> Answer:
    """Sends the request and reads the answer up to the bound."""
    response = await client.send(request, stream=True)
    try:
        # Packed answers could unpack to any size; we asked for none.
        if response.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            raise OutboundFailed(f"{name} sent a compressed answer that nobody asked for.", code="answer_encoded")
        parts, size = [], 0
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > LARGEST_ANSWER:
                raise OutboundFailed(
                    f"{name} sent an answer of more than {LARGEST_ANSWER} bytes.", code="answer_too_large"
                )
            parts.append(chunk)
    finally:
        await response.aclose()
    headers = {key.lower(): value for key, value in response.headers.items()}
    return Answer(name, response.status_code, headers, b"".join(parts))


def _words(name: str, error: Exception) -> str:
    """Why the connection failed, from a list of known causes: the library's own text may quote what was sent."""
    if isinstance(error, httpx2.ConnectError):
        return f"{name} could not be reached."
    return f"{name} broke off the connection or does not speak HTTP."
