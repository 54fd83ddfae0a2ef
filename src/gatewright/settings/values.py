"""How the text of a setting becomes a value. Each raises ValueError with the problem and, after ` | `, the fix."""

import hashlib
import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from gatewright.domain.clock import DAY, HOUR, MINUTE, SECOND, Millis
from gatewright.settings.providers import PROVIDERS

UNITS: dict[str, Millis] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "mo": 30 * DAY}
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHORTEST_KEY = 12
SHORTEST_PASSWORD = 10
# SHA-256 of keys that stand in public documents, so that this file does not become one more of them.
KNOWN_KEYS = frozenset(
    hashlib.sha256(f"sk-{word}".encode()).hexdigest()
    for word in (
        "1234",
        "12345",
        "123456",
        "12345678",
        "your-master-key",
        "your-salt-key",
        "master-key",
        "litellm-master-key",
        "your-litellm-master-key",
        "my-master-key",
        "master-key-1234",
        "changeme",
        "change-me",
        "change-me-please",
        "random-key",
        "your-random-key",
        "salt-key-1234",
        "xxxxxxxxxxxxxxxx",
    )
)


def text(value: str) -> str:
    return value


def boolean(value: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    try:
        return known[value.strip().lower()]
    except KeyError:
        raise ValueError(f"{value!r} is neither true nor false | Write true or false") from None


def whole(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a whole number | Write digits only") from None


def port(value: str) -> int:
    number = whole(value)
    if not 0 < number < 65536:
        raise ValueError(f"{number} is not a port | Use a number from 1 to 65535")
    return number


def positive(value: str) -> int:
    number = whole(value)
    if number < 1:
        raise ValueError(f"{number} is less than one | Use 1 or more")
    return number


def count(value: str) -> int:
    number = whole(value)
    if number < 0:
        raise ValueError(f"{number} is negative | Use 0 or more")
    return number


def number(value: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e12:
        raise ValueError(f"{value!r} is not a number from 0 up | Write it in digits, such as 1 or 0.5")
    return found


def pause(value: str) -> float:
    """Seconds to wait, none at all included."""
    found = number(value)
    if found > 86_400:
        raise ValueError(f"{value!r} seconds is more than a day | Use fewer seconds")
    return found


def megabytes(value: str) -> int:
    return positive(value) * 1_000_000


def kilobytes(value: str) -> int:
    return positive(value) * 1000


def seconds(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number < 86_400:
        raise ValueError(f"{value!r} is not a number of seconds | Use a number above 0, such as 600")
    return number


def hours(value: str) -> Millis:
    number = positive(value)
    if number > 24 * 3660:
        raise ValueError(f"{number} hours is more than ten years | Use fewer hours")
    return number * HOUR


def duration(value: str) -> Millis:
    """LiteLLM's duration: a number and one of s, m, h, d, w, mo (contract litellm 3.4)."""
    match = re.fullmatch(r"(\d{1,9})(s|m|h|d|w|mo)", value.strip())
    if match is None or int(match[1]) == 0:
        raise ValueError(f"{value!r} is not a duration | Write a number and a unit, such as 30m, 24h or 7d")
    return int(match[1]) * UNITS[match[2]]


def idle_limit(value: str) -> Millis:
    """A duration that leaves time to read a page."""
    found = duration(value)
    if found < UNITS["m"]:
        raise ValueError(f"{value!r} is less than a minute | Write a minute or more, such as 30m")
    return found


def path(value: str) -> Path:
    return Path(value).expanduser().absolute()


def url(value: str) -> str:
    parts = urlsplit(value)
    if parts.username or parts.password:
        raise ValueError("the URL holds a user name or a password | Write it without, and the key where keys belong")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise ValueError(
            f"{value!r} is not an http or https URL | Write it whole, such as https://auth.example.com/path"
        )
    return value


def networks(value: str | list[str]) -> tuple[str, ...]:
    """Of text with commas, or of a list in the config file."""
    found = []
    parts = value.split(",") if isinstance(value, str) else [str(one) for one in value]
    for part in filter(None, (part.strip() for part in parts)):
        try:
            found.append(str(ip_network(part, strict=False)))
        except ValueError:
            raise ValueError(f"{part!r} is not a network | Write addresses such as 10.0.0.0/8 or 192.168.1.5") from None
    return tuple(found)


def untested_providers(value: str) -> frozenset[str]:
    """Names of providers that are off until they are named."""
    known = sorted(one.name for one in PROVIDERS.values() if one.untested)
    names = frozenset(filter(None, (part.strip() for part in value.split(","))))
    for name in sorted(names.difference(known)):
        raise ValueError(f"{name!r} is none of them | Name some of {', '.join(known)}")
    return names


def variables(value: str) -> frozenset[str]:
    names = frozenset(value.replace(",", " ").split())
    if unknown := sorted(name for name in names if VARIABLE.fullmatch(name) is None):
        raise ValueError(f"{unknown[0]!r} is not the name of a variable | Write names with commas between them")
    return names


def strong_key(value: str) -> str:
    if not value.startswith("sk-"):
        raise ValueError("the key does not start with sk- | Make one: echo sk-$(openssl rand -hex 24)")
    if hashlib.sha256(value.encode()).hexdigest() in KNOWN_KEYS:
        raise ValueError("this key stands in public documents | Make your own: echo sk-$(openssl rand -hex 24)")
    if len(value) < SHORTEST_KEY or len(set(value[3:])) < 5:
        raise ValueError("this key is trivial to guess | Make a random one: echo sk-$(openssl rand -hex 24)")
    return value


def password_length(value: str) -> int:
    """The least length of passwords. Below 8 nothing protects them (NIST SP 800-63B 5.1.1.2)."""
    found = whole(value)
    if not 8 <= found <= 128:
        raise ValueError("it is not between 8 and 128 | Write a number such as 12")
    return found


def bootstrap_token(value: str) -> str:
    if len(value) < SHORTEST_KEY or len(set(value)) < 5 or not (value.isascii() and value.isprintable()):
        raise ValueError("this token is trivial to guess | Make a random one: openssl rand -hex 30")
    return value


def password(value: str) -> str:
    if len(value) < SHORTEST_PASSWORD:
        raise ValueError(f"it is shorter than {SHORTEST_PASSWORD} characters | Use a longer password")
    return value
