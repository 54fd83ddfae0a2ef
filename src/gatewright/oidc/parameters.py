"""Request parameters from a query or a form, each at most once (RFC 6749 3.1 and 3.2)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from gatewright.oidc.errors import InvalidRequest

MAX_CHARS = 16 * 1024
MAX_FIELDS = 64

OAUTH = frozenset(
    {
        *("access_token", "acr_values", "claims", "client_assertion", "client_assertion_type", "client_id"),
        *(
            "client_secret",
            "code",
            "code_challenge",
            "code_challenge_method",
            "code_verifier",
            "device_code",
            "display",
        ),
        *("grant_type", "id_token_hint", "login_hint", "logout_hint", "max_age", "nonce", "password"),
        *("post_logout_redirect_uri", "prompt", "redirect_uri", "refresh_token", "registration", "request"),
        *("request_uri", "resource", "response_mode", "response_type", "scope", "state", "token"),
        *("token_type_hint", "ui_locales", "username", "device_code"),
    }
)
"""The parameters that the protocol defines. A repeated one is refused; a foreign one may repeat and is ignored."""


class Parameters(dict[str, str]):
    """Single-valued parameters. `repeated` names those that came more than once, of which the first value is kept.

    The authorization endpoint must first learn client and redirect URI to know where an error may go, hence this does
    not refuse by itself: call `refuse_repeated`.
    """

    repeated: frozenset[str]

    def __init__(self, values: Mapping[str, str], repeated: frozenset[str] = frozenset()) -> None:
        super().__init__(values)
        self.repeated = repeated

    def value(self, name: str) -> str | None:
        """The parameter; None when it is absent or empty (an empty value counts as omitted, RFC 6749 3.1)."""
        return self.get(name) or None

    def refuse_repeated(self) -> None:
        """Raises InvalidRequest when an OAuth parameter was repeated."""
        if self.repeated:
            raise InvalidRequest(
                f"The parameter {min(self.repeated)} is included more than once.", cause="repeated_parameter"
            )


def parse(encoded: str | bytes) -> Parameters:
    """Parses an `application/x-www-form-urlencoded` text. Raises InvalidRequest for an over-long or malformed one."""
    if len(encoded) > MAX_CHARS:
        raise InvalidRequest("The request is too long.", cause="too_long")
    try:
        text = encoded.decode("ascii") if isinstance(encoded, bytes) else encoded
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise InvalidRequest("The request is not form-encoded UTF-8.", cause="malformed") from error
    values: dict[str, str] = {}
    repeated = set()
    for name, value in pairs:
        if "\x00" in value:
            raise InvalidRequest("The request holds a null character.", cause="malformed")
        if name in values and name in OAUTH:
            repeated.add(name)
        values.setdefault(name, value)
    return Parameters(values, frozenset(repeated))
