"""Why a call to the outside did not work. Messages name scheme, host and path at most: never a query or a body."""

from urllib.parse import urlsplit

from gatewright.domain.errors import Forbidden, GatewrightError


class AddressRefused(Forbidden):
    """The address policy, or the URL's own shape, forbids the call. Nothing was sent."""

    code = "address_refused"
    summary = "This address may not be reached from here."


class OutboundFailed(GatewrightError):
    """The other side could not be reached, was too slow, or answered something unusable."""

    code = "outbound_failed"
    status = 502
    summary = "Another server could not be reached or gave an unusable answer."


class MailFailed(GatewrightError):
    """A message did not leave, or nobody knows whether it did. `permanent`: it never will, as it is."""

    code = "mail_failed"
    status = 502
    summary = "The mail server could not be reached or did not take the message."

    def __init__(self, message: str | None = None, *, code: str | None = None, permanent: bool = False) -> None:
        super().__init__(message, code=code)
        self.permanent = permanent


def shown(url: str) -> str:
    """The part of a URL that may stand in messages and logs: no query, fragment, user name or password."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the address"
    return f"{parts.scheme}://{host}{port}{parts.path}"[:300]
