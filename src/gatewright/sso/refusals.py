"""Why a sign-in stopped, where oidc.errors has no word for it: the same root, other HTTP statuses."""

import re

from gatewright.oidc.errors import LoginRefused

OAUTH_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,60}", re.ASCII)


class StateInvalid(LoginRefused):
    """The answer does not belong to a sign-in that this browser started."""

    status = 400


class ProviderRefused(LoginRefused):
    """The provider answered with an error of its own."""

    status = 401


class ProviderFailed(LoginRefused):
    """The provider could not be reached or answered something unusable."""

    status = 502


class EndpointMissing(ProviderFailed):
    """Neither the settings nor the discovery document name an endpoint."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "endpoint_missing",
            f"The provider has no {name}.",
            hint=f"Set GENERIC_{name.upper()}, or the issuer: its discovery document names it.",
        )


def oauth_words(error: object, description: object) -> str:
    """A provider's error code and description as far as they can be shown: printable, short, escaped by the page."""
    code = error if isinstance(error, str) and OAUTH_CODE.fullmatch(error) else "an error"
    if not isinstance(description, str) or not description.strip():
        return code
    text = "".join(char for char in description if char.isprintable()).strip()[:200]
    return f"{code} ({text})"
