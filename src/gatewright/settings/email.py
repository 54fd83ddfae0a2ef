"""The mail server, in the names of Authentik and of LiteLLM. Each setting may be said in either, or in both alike."""

from collections.abc import Iterator
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any, Literal

import msgspec

from gatewright.domain.errors import SettingInvalid
from gatewright.domain.mail import deliverable
from gatewright.settings import values
from gatewright.settings.findings import Finding
from gatewright.settings.reader import ENVIRONMENT, Reader, read_secret
from gatewright.settings.setting import Setting

Security = Literal["none", "starttls", "tls"]
LOOPBACK = frozenset({"localhost"})
IMPLICIT_TLS_PORT, SUBMISSION_PORT, RELAY_PORT = 465, 587, 25
AUTHENTIK_HOST, LITELLM_HOST = "AUTHENTIK_EMAIL__HOST", "SMTP_HOST"
AUTHENTIK_TLS, LITELLM_TLS, AUTHENTIK_SSL = "AUTHENTIK_EMAIL__USE_TLS", "SMTP_TLS", "AUTHENTIK_EMAIL__USE_SSL"
PREFIX = "AUTHENTIK_EMAIL__"


class Email(msgspec.Struct, frozen=True):
    """How messages leave. `sender` is an address, `sender_name` the name before it, empty for none.

    `security`: `tls` from the first byte, `starttls` before anything is said, or none.
    """

    host: str
    port: int
    security: Security
    sender: str
    sender_name: str = ""
    username: str | None = None
    password: str | None = None
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        return f"Email({self.host!r}, {self.port}, {self.security!r})"

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, so that nobody is between."""
        return is_loopback(self.host)


def host(value: str) -> str:
    found = value.strip().removeprefix("[").removesuffix("]")
    if not found.isascii() or not found.isprintable() or any(char in found for char in " /@\"'<>,;"):
        raise ValueError(f"{value!r} is not a host | Give its name or address alone, such as smtp.example.com")
    return found


def sender(value: str) -> Address:
    """`gateway@example.com` or `Gateway <gateway@example.com>`."""
    name, address = parseaddr(value.strip())
    if deliverable(address) is None or not name.isprintable() or "\n" in value or "\r" in value:
        raise ValueError(
            f"{value!r} is not an e-mail address | Write gateway@example.com or Gateway <gateway@example.com>"
        )
    return Address(name, addr_spec=address)


EMAIL: tuple[Setting, ...] = (
    Setting(
        "host",
        (AUTHENTIK_HOST, LITELLM_HOST),
        "The mail server. Naming it turns e-mail on; without it, links are shown to the administrator.",
        host,
        default_doc="none: no e-mail",
    ),
    Setting(
        "port",
        ("AUTHENTIK_EMAIL__PORT", "SMTP_PORT"),
        "Its port.",
        values.port,
        default_doc="`465` where USE_SSL is on; else `587` with `SMTP_HOST`, `25` with `AUTHENTIK_EMAIL__HOST`",
    ),
    Setting(
        "username",
        ("AUTHENTIK_EMAIL__USERNAME", "SMTP_USERNAME"),
        "The name to sign in with. Never sent unencrypted but to this machine itself.",
        default_doc="no sign-in",
    ),
    Setting(
        "password",
        ("AUTHENTIK_EMAIL__PASSWORD", "SMTP_PASSWORD"),
        "The password to sign in with.",
        default_doc="no sign-in",
        secret=True,
    ),
    Setting(
        "starttls",
        (AUTHENTIK_TLS, LITELLM_TLS),
        "Whether the connection is encrypted with STARTTLS before anything is said. A server that does not offer it is "
        "an error. Certificates are checked against the system's authorities, or `SSL_CERT_FILE`.",
        values.boolean,
        default_doc="`true` with `SMTP_HOST`, `false` with `AUTHENTIK_EMAIL__HOST`, as in their products",
    ),
    Setting(
        "tls",
        (AUTHENTIK_SSL,),
        "Whether the connection is encrypted from the first byte.",
        values.boolean,
        default_doc="`true` on port 465",
    ),
    Setting(
        "timeout_s",
        ("AUTHENTIK_EMAIL__TIMEOUT",),
        "Seconds that sending one message may take.",
        values.seconds,
        10.0,
        default_doc="`10`",
    ),
    Setting(
        "sender",
        ("AUTHENTIK_EMAIL__FROM", "SMTP_SENDER_EMAIL"),
        "Whom messages come from, `gateway@example.com` or `Gateway <gateway@example.com>`. Required.",
        sender,
    ),
)


def read_email(reader: Reader) -> Email | None:
    """The mail server, None when no host is named. Raises SettingInvalid.

    The other variables are read only with a host: where a service is called smtp, Kubernetes sets SMTP_PORT.
    """
    rows = {setting.field: setting for setting in EMAIL}
    if _one(reader, rows["host"]) is None:
        return None
    found = {field: _one(reader, setting) for field, setting in rows.items()}
    # What is missing is asked for in the product's names that the host came in.
    product = 0 if reader.variable(AUTHENTIK_HOST) is not None else 1
    address = found["sender"]
    if address is None:
        raise _wrong(rows["sender"].env[product], "it is missing", "Say which address messages come from")
    if (found["username"] is None) != (found["password"] is None):
        missing = rows["username" if found["username"] is None else "password"].env[product]
        raise _wrong(missing, "it is missing while the other half of the sign-in is set", "Set both or neither")
    security = _security(reader, found)
    email = Email(
        host=found["host"],
        port=found["port"] or _port(reader, security),
        security=security,
        sender=address.addr_spec,
        sender_name=address.display_name,
        username=found["username"],
        password=found["password"],
        timeout_s=found["timeout_s"],
    )
    if email.username is not None and security == "none" and not email.is_local:
        raise _wrong(
            rows["starttls"].env[product],
            "the connection is not encrypted, so the name and the password of the sign-in would travel in clear",
            f"Set {rows['starttls'].env[product]}=true (STARTTLS) or {AUTHENTIK_SSL}=true, or leave the sign-in out",
        )
    return email


def doubts_of(email: Email | None, reader: Reader) -> Iterator[Finding]:
    """What is valid and still probably not meant."""
    named = reader.variable(AUTHENTIK_HOST) or reader.variable(LITELLM_HOST)
    if email is None:
        for name in sorted({*reader.environ, *reader.declared}):
            if not named and name.startswith(PREFIX) and reader.variable(name) is not None:
                text = f"{name} has no effect: nothing names the mail server ({AUTHENTIK_HOST} or {LITELLM_HOST})"
                yield Finding("absent", name, text)
    elif email.security == "none" and not email.is_local:
        text = (
            f"e-mail goes to {email.host} unencrypted: whoever is between reads the links in it. Set "
            f"{AUTHENTIK_TLS}=true (STARTTLS) or {AUTHENTIK_SSL}=true"
        )
        yield Finding("doubt", AUTHENTIK_TLS, text)


def is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower() in LOOPBACK


def _one(reader: Reader, setting: Setting) -> Any:
    """The parsed value. Raises SettingInvalid when two of its names say different things."""
    said: dict[str, Any] = {}
    for name in setting.env:
        text, path = reader.variable(name), reader.variable(f"{name}_FILE") if setting.secret else None
        if text is None and path is not None:
            text = read_secret(path, f"{name}_FILE")
        if text is not None:
            said[name] = reader.parsed(setting.parse, text, name, ENVIRONMENT)
    names = list(said)
    if len(names) > 1 and said[names[0]] != said[names[1]]:
        raise _wrong(names[0], f"{names[1]} says something else", "Set one of them, or both to the same value")
    return said[names[0]] if names else setting.default


def _security(reader: Reader, found: dict[str, Any]) -> Security:
    starttls, tls = found["starttls"], found["tls"]
    if starttls and tls:
        both = f"it asks for TLS from the first byte, and {AUTHENTIK_TLS} or {LITELLM_TLS} for STARTTLS"
        raise _wrong(AUTHENTIK_SSL, both, "Set one of them to false")
    if tls or (tls is None and starttls is None and found["port"] == IMPLICIT_TLS_PORT):
        return "tls"
    if starttls is None:
        starttls = reader.variable(LITELLM_HOST) is not None
    return "starttls" if starttls else "none"


def _port(reader: Reader, security: Security) -> int:
    if security == "tls":
        return IMPLICIT_TLS_PORT
    return SUBMISSION_PORT if reader.variable(LITELLM_HOST) is not None else RELAY_PORT


def _wrong(name: str, problem: str, fix: str) -> SettingInvalid:
    return SettingInvalid(name, source=ENVIRONMENT, problem=problem, fix=fix)
