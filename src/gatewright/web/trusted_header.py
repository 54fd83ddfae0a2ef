"""The headers of an authenticating proxy in front: read where the connection comes from it, and nowhere else."""

from collections.abc import Mapping

import msgspec
from starlette.requests import Request

from gatewright.settings.trusted_header import TrustedHeader
from gatewright.sso.trusted_header import UNTRUSTED, Assertion, HeaderRefused, assertion, source_of
from gatewright.web.address import is_within


class TrustedHeaders:
    """Reads them. The other end of the connection counts; X-Forwarded-For is what a client may have written."""

    def __init__(self, header: TrustedHeader | None) -> None:
        self._header = header
        named: Mapping[str, str | None] = {} if header is None else msgspec.structs.asdict(header)
        self._names = {field: name for field, name in named.items() if isinstance(name, str)}
        self._source = None if header is None else source_of(header)
        self._is_proxy = is_within(() if header is None else header.networks)

    def read(self, request: Request) -> Assertion | HeaderRefused | None:
        """Who the proxy says is there, why it is not believed, or None when nobody says anything."""
        if self._header is None or self._source is None or not self._is_named(request):
            return None
        client = request.client
        if client is None or not self._is_proxy(client.host):
            return HeaderRefused(UNTRUSTED, "A header names a person, and does not come from the trusted proxy.")
        try:
            return assertion(self._source, self._header, self._values(request))
        except HeaderRefused as error:
            return error

    def _is_named(self, request: Request) -> bool:
        """Whether a header names the person, in whatever spelling a proxy may have let pass."""
        user = self._names["user"]
        return any(name.replace("_", "-") == user for name in request.headers)

    def _values(self, request: Request) -> dict[str, str]:
        """Each header once, by field. Raises HeaderRefused for what somebody may have slipped past the proxy."""
        spelled = [name.replace("_", "-") for name in request.headers]
        values = {}
        for field, name in self._names.items():
            found = request.headers.getlist(name)
            if spelled.count(name) != len(found) or len(found) > 1:
                raise HeaderRefused(
                    "trusted_header_repeated",
                    f"The header {name} stands there twice, or with an underscore too.",
                    hint="Let the proxy take it out of what clients send, in both spellings.",
                )
            if found:
                values[field] = _text(found[0])
        return values


def _text(value: str) -> str:
    """Proxies write names in UTF-8; Starlette reads every header as Latin-1."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value
