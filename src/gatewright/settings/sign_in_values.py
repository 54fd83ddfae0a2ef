"""How the text of a sign-in provider's setting becomes a value. Each raises ValueError: the problem, ` | `, the fix."""

import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from gatewright.settings.sign_in import ClientAuth
from gatewright.settings.values import whole

LONGEST_SKEW_S = 300
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~\-]{1,100}", re.ASCII)  # RFC 9110 5.6.2
# What the request itself is made of, what signs us in there, and what a connection or a proxy acts on.
OURS = frozenset(
    {
        *("host", "authorization", "content-length", "content-type", "accept", "accept-encoding", "cookie"),
        *("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"),
        *("proxy-authorization", "proxy-connection", "forwarded", "x-forwarded-host", "x-forwarded-for"),
    }
)


def names(value: str) -> tuple[str, ...]:
    """Words with commas between them, each once, in their order."""
    return tuple(dict.fromkeys(filter(None, (part.strip() for part in value.split(",")))))


def headers(value: str) -> Mapping[str, str]:
    """`k=v,k2=v2`. No value is quoted in an error: it may be a secret."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in value.split(","))):
        name, equals, text = (half.strip() for half in part.partition("="))
        if not equals or HEADER.fullmatch(name) is None:
            raise ValueError("a part of it is not name=value | Write headers as name=value, with commas between them")
        if name.lower() in found:
            raise ValueError(f"the header {name} stands in it twice | Keep one")
        check_header(name, text)
        found[name.lower()] = text
    return found


def check_header(name: str, text: str) -> None:
    """Raises ValueError for a header that may not be sent along."""
    if HEADER.fullmatch(name) is None:
        raise ValueError(f"{name[:60]!r} is no name of a header | Use letters, digits and hyphens")
    if name.lower() in OURS:
        raise ValueError(f"the header {name} is not one to set | Take it out")
    if not text.isascii() or not text.isprintable():
        raise ValueError(f"the value of {name} holds a character that no header may hold | Use printable ASCII")


def certificates(value: str) -> str:
    """The PEM text of the certificate authorities in a file."""
    try:
        text = Path(value).expanduser().read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise ValueError("the file cannot be read as text | Give the path of a PEM file of certificates") from None
    return authorities(text)


def authorities(text: str) -> str:
    """PEM text of certificates, checked."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise ValueError("it holds no certificate | Give certificates in PEM (-----BEGIN CERTIFICATE-----)") from None
    return text


def skew(value: str) -> int:
    """Seconds that two clocks may differ."""
    found = whole(value)
    if not 0 <= found <= LONGEST_SKEW_S:
        raise ValueError(f"{found} is not between 0 and {LONGEST_SKEW_S} | Set the clocks right instead")
    return found


def client_auth(value: str) -> ClientAuth:
    """How we authenticate; the registry's long names are understood too."""
    known: dict[str, ClientAuth] = {name: name for name in get_args(ClientAuth)}
    known |= {"client_secret_basic": "basic", "client_secret_post": "post"}
    try:
        return known[value.strip().lower()]
    except KeyError:
        raise ValueError(f"{value!r} is no way to authenticate | Write basic, post, private_key_jwt or none") from None
