"""What the browser carries back to the client (RFC 6749 4.1.2, RFC 9207; OAuth 2.0 Multiple Response Types 2.1)."""

from urllib.parse import urlencode, urlsplit

import msgspec

from gatewright.oidc.errors import OAuthError

QUERY, FRAGMENT, FORM_POST = "query", "fragment", "form_post"
MODES = (QUERY, FRAGMENT, FORM_POST)


class SendBack(msgspec.Struct, frozen=True):
    """The answer: a code, or an error; `ok` tells which. `mode` is one of MODES.

    Its members are untrusted text: whoever writes them into a page escapes them.
    """

    redirect_uri: str
    members: dict[str, str]
    mode: str
    ok: bool

    @property
    def url(self) -> str:
        """Where a redirect leads, for the modes query and fragment.

        The redirect URI keeps its own query (RFC 6749 3.1.2); it is put together by hand, since a rebuilt URI could
        differ from the registered string.
        """
        added = urlencode(self.members)
        if self.mode == FRAGMENT:
            return f"{self.redirect_uri}#{added}"
        query = urlsplit(self.redirect_uri).query
        joint = "&" if query else "" if self.redirect_uri.endswith("?") else "?"
        return f"{self.redirect_uri}{joint}{added}"


class ReturnPath(msgspec.Struct, frozen=True):
    """How an answer reaches the client, whatever it is: proven redirect URI, issuer, state and mode."""

    redirect_uri: str
    issuer: str
    state: str | None
    mode: str

    def success(self, code: str) -> SendBack:
        return self._with({"code": code}, ok=True)

    def failure(self, error: OAuthError) -> SendBack:
        return self._with({"error": error.error, "error_description": error.message}, ok=False)

    def _with(self, members: dict[str, str], *, ok: bool) -> SendBack:
        state = {} if self.state is None else {"state": self.state}
        return SendBack(self.redirect_uri, {**members, **state, "iss": self.issuer}, self.mode, ok)
