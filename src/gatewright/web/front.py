"""What stands in front, by what it says of itself: compared with the public address, never believed about it.

Pages are shown at the public address alone. Where a request came by another one, the page says what was seen and how to
mend it; it never sends the browser on to where the same proxy would bring it back from.
"""

import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatewright.domain.errors import BadInput
from gatewright.settings.schema import Settings
from gatewright.web.address import is_within

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
# One label without a dot, or an IPv4 address, and a port.
INTERNAL = re.compile(r"(([a-z0-9_\-]{1,63})|(\d{1,3}(\.\d{1,3}){3}))(:\d{1,5})?", re.ASCII)


class Misdirected(BadInput):
    """The request came by another address than the public one (RFC 9110 15.5.20)."""

    code = "misdirected_request"
    status = 421
    summary = "The page was asked for by another address than PROXY_BASE_URL, or the proxy in front says so."


class Front:
    """Judges how a browser came. Only GATEWRIGHT_TRUSTED_PROXIES are listened to, and only for what to say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base = settings.base_url
        parts = urlsplit(self._base)
        self._scheme, self._host, self._port = parts.scheme, parts.netloc, parts.port
        self._local = _name(self._host) in LOOPBACK_NAMES and settings.listens_on_loopback_only
        self._is_trusted = is_within(settings.trusted_proxies)

    def elsewhere(self, request: Request) -> Response | None:
        """Where a browser must go instead; None when it came to the right place. Raises Misdirected in words."""
        host = _host(request.headers.get("host", ""), self._scheme)
        if host != self._host:
            if self._local and request.method in ("GET", "HEAD") and self._is_other_name(host):
                query = f"?{request.url.query}" if request.url.query else ""
                return RedirectResponse(f"{self._base}{request.url.path}{query}", 307)
            raise self._wrong_host(request, host)
        client = request.client
        if client is not None and self._is_trusted(client.host):
            self._compare(_first(request, "x-forwarded-proto").lower(), _first(request, "x-forwarded-host"))
        return None

    def _is_other_name(self, host: str) -> bool:
        """Of the same server, so that nothing in between can have changed it and would again."""
        return _name(host) in LOOPBACK_NAMES and host.rpartition(":")[2] == str(self._port)

    def _wrong_host(self, request: Request, host: str) -> Misdirected:
        client, told = request.client, _host(_first(request, "x-forwarded-host"), self._scheme)
        if client is not None and self._is_trusted(client.host) and told == self._host:
            return Misdirected(
                f"The proxy in front asks for {shown(host)} where the browser asked for {self._host}.",
                hint="Let it pass the browser's Host header on (nginx: proxy_set_header Host $http_host).",
            )
        return Misdirected(
            f"This server answers for {self._base}, and was asked for {shown(host)}.",
            hint=f"Open {self._base}. If you did, the proxy in front changes the Host header: let it pass the "
            "browser's on. If that is not the address that people open, set PROXY_BASE_URL to the one that is.",
        )

    def _compare(self, scheme: str, host: str) -> None:
        """What a trusted proxy says of the browser's own request."""
        if host and _host(host, self._scheme) != self._host:
            raise Misdirected(
                f"The browser asked the proxy in front for {shown(host)}, and this server answers for {self._base}.",
                hint=f"Open {self._base}, or set PROXY_BASE_URL to the address that people open.",
            )
        if scheme == "http" and self._scheme == "https":
            raise Misdirected(
                "The browser came to the proxy in front by plain http, where it keeps no cookie of an https address.",
                hint=f"Open {self._base}. If you did, a proxy before the last one ends TLS: let the last one pass its "
                "X-Forwarded-Proto on.",
            )
        if scheme == "https" and self._scheme == "http":
            raise Misdirected(
                f"The browser came to the proxy in front by https, and PROXY_BASE_URL is {self._base}.",
                hint="Set PROXY_BASE_URL to the https address, or sign-ins would come back by plain http.",
            )


def _first(request: Request, header: str) -> str:
    """What the proxy nearest to the browser said."""
    return request.headers.get(header, "").partition(",")[0].strip()


def _host(text: str, scheme: str) -> str:
    """A Host header without the scheme's own port."""
    return text.lower().removesuffix(":443" if scheme == "https" else ":80")


def _name(host: str) -> str:
    return host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host


def shown(host: str) -> str:
    """The names and addresses that proxies call a server by; a name of the internet is not repeated on our page."""
    return f"`{host}`" if INTERNAL.fullmatch(host.lower()) else "another name"
