"""Sign-in by headers of an authenticating proxy in front (oauth2-proxy, Authelia, Authentik's outpost)."""

import re

import msgspec

from gatewright.domain.errors import SettingInvalid
from gatewright.settings import values
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.setting import Setting

# No underscore: some proxies and frameworks take `x_user` for `x-user`, others pass it on beside the real one.
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9\-]*[A-Za-z0-9])?", re.ASCII)
# Those that every client sends, or that mean something here already.
TAKEN = frozenset(
    {
        *("accept", "authorization", "connection", "content-length", "content-type", "cookie", "forwarded", "host"),
        *("origin", "referer", "te", "transfer-encoding", "upgrade", "user-agent", "x-api-key", "x-forwarded-for"),
        *("x-forwarded-host", "x-forwarded-proto", "x-gatewright-request", "x-litellm-api-key", "x-request-id"),
    }
)


class TrustedHeader(msgspec.Struct, frozen=True):
    """Names of headers in lower case, None for those that the proxy does not send. `networks` are the proxy's own."""

    user: str
    networks: tuple[str, ...]
    email: str | None = None
    name: str | None = None
    groups: str | None = None
    role: str | None = None


def header(value: str) -> str:
    name = value.strip().lower()
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{value!r} is no header name | Write letters, digits and dashes, such as X-Forwarded-User")
    if name in TAKEN:
        raise ValueError(f"{value!r} has a meaning of its own | Let the proxy send another, such as X-Forwarded-User")
    return name


def read_trusted_header(reader: Reader) -> TrustedHeader | None:
    """None when it is off. Raises SettingInvalid for half of it: nobody may be believed by accident."""
    found = reader.table(TRUSTED_HEADER)
    given = {field: value for field, value in found.items() if value}
    if not given:
        return None
    for field, what in (("user", "the header that names the person"), ("networks", "the networks of the proxy")):
        if field not in given:
            raise SettingInvalid(
                f"GATEWRIGHT_TRUSTED_HEADER_{field.upper()}",
                source=ENVIRONMENT,
                problem=f"{what} must be there for sign-in by headers, and is not",
                fix="Set it, or unset every GATEWRIGHT_TRUSTED_HEADER_* variable",
            )
    names = [value for field, value in given.items() if field not in ("networks", "email", "name")]
    if len(names) != len(set(names)):
        raise SettingInvalid(
            "GATEWRIGHT_TRUSTED_HEADER_ROLE",
            source=ENVIRONMENT,
            problem="one header is to name the person and the groups or the role",
            fix="Give each a header of its own",
        )
    return TrustedHeader(**given)


TRUSTED_HEADER: tuple[Setting, ...] = (
    Setting(
        "user",
        ("GATEWRIGHT_TRUSTED_HEADER_USER",),
        "Turns on sign-in by an authenticating proxy in front: the header with the person's stable id, such as "
        "`X-Forwarded-User`. The proxy must take it out of what clients send.",
        header,
        default_doc="off",
    ),
    Setting(
        "networks",
        ("GATEWRIGHT_TRUSTED_HEADER_NETWORKS",),
        "Networks that the proxy connects from, comma-separated. The other end of the connection counts, never "
        "X-Forwarded-For.",
        values.networks,
        (),
        default_doc="none",
    ),
    Setting("email", ("GATEWRIGHT_TRUSTED_HEADER_EMAIL",), "The header with the e-mail address.", header),
    Setting("name", ("GATEWRIGHT_TRUSTED_HEADER_NAME",), "The header with the name to show.", header),
    Setting(
        "groups",
        ("GATEWRIGHT_TRUSTED_HEADER_GROUPS",),
        "The header with the groups, with `,` or `|` between them. They are the person's teams by team id, and what "
        "`ui_access_mode` looks for.",
        header,
    ),
    Setting(
        "role",
        ("GATEWRIGHT_TRUSTED_HEADER_ROLE",),
        "The header with the role. When it is set the proxy decides at every sign-in, by absence too.",
        header,
    ),
)
