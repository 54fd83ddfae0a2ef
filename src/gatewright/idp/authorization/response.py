"""What the browser carries back to the client (RFC 6749 4.1.2, RFC 9207)."""

from urllib.parse import urlencode, urlsplit

from gatewright.oidc.errors import OAuthError


def success(redirect_uri: str, issuer: str, state: str | None, code: str) -> str:
    """The redirect with the code."""
    return _with(redirect_uri, {"code": code, "state": state, "iss": issuer})


def failure(redirect_uri: str, issuer: str, state: str | None, error: OAuthError) -> str:
    """The redirect with the error."""
    return _with(
        redirect_uri, {"error": error.error, "error_description": error.message, "state": state, "iss": issuer}
    )


def _with(redirect_uri: str, members: dict[str, str | None]) -> str:
    """The redirect URI with these members after its own query, which is kept (RFC 6749 3.1.2)."""
    added = urlencode({name: value for name, value in members.items() if value is not None})
    query = urlsplit(redirect_uri).query
    # Put together by hand: a rebuilt URI could differ from the registered string.
    joint = "&" if query else "" if redirect_uri.endswith("?") else "?"
    return f"{redirect_uri}{joint}{added}"
