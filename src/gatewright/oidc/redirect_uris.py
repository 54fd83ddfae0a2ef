"""Redirect URIs: which may be registered, and which of a request matches (RFC 6749 3.1.2, RFC 9700 2.1, RFC 8252 7.3).

A request matches by equality of the whole string. The exceptions are a public client's registered loopback address,
whose port is free, and patterns, for whoever registers them (`oidc.redirect_patterns`). Nothing is normalised, since
every normalisation has been somebody's hole (Authentik contract 8.23).
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from gatewright.oidc import redirect_patterns

FORBIDDEN_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"})
SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*", re.ASCII)
MAX_CHARS = 2048


def problem(uri: str) -> str | None:
    """Why this text may not be a redirect URI, in words; None when it may."""
    if not uri or len(uri) > MAX_CHARS:
        return "it is empty or longer than 2048 characters"
    if any(not "!" <= char <= "~" for char in uri):
        return "it holds a space, a control character or a character outside ASCII"
    if any(char in uri for char in '\\<>"^`{|}'):
        return "it holds a backslash or another character that is not allowed in a URI"
    if "#" in uri:
        return "it has a fragment"
    parts = _split(uri)
    if parts is None:
        return "it is not a URI"
    if parts.scheme in FORBIDDEN_SCHEMES:
        return f"the scheme {parts.scheme} is forbidden"
    return _web_problem(parts) if parts.scheme in ("http", "https") else _private_problem(parts)


def matches(uri: str, registered: Iterable[str], *, public: bool, patterns: Iterable[str] = ()) -> bool:
    """Whether the requested URI is one of the registered ones, or all of it matches one of the patterns.

    `public` frees the port of a loopback address.
    """
    if problem(uri) is not None:
        return False
    if any(uri == entry or (public and _same_loopback(uri, entry)) for entry in registered):
        return True
    return any(redirect_patterns.matches(uri, pattern) for pattern in patterns)


def origin(uri: str) -> str | None:
    """`https://host:port` of a web URI, spelled as browsers spell an Origin; None for other schemes."""
    parts = _split(uri)
    if parts is None or parts.scheme not in ("http", "https") or parts.hostname is None:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, default) else f":{parts.port}")


def is_loopback(uri: str) -> bool:
    """Whether the host is this machine, by parsing it: `127.0.0.1.evil.example` is not."""
    parts = _split(uri)
    return parts is not None and _loopback_host(parts.hostname)


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises for a port that is no number
        if parts.hostname and ":" in parts.hostname:
            ip_address(parts.hostname)
    except ValueError:
        return None
    return parts if SCHEME.fullmatch(parts.scheme) and uri.startswith(parts.scheme + ":") else None


def _web_problem(parts: SplitResult) -> str | None:
    if not parts.hostname:
        return "it names no host"
    if "@" in parts.netloc:
        return "it holds a user name or password"
    if "%" in parts.netloc:
        return "its host is percent-encoded"
    if _has_dot_segment(parts.path):
        return "its path holds . or .. segments"
    return None


def _private_problem(parts: SplitResult) -> str | None:
    """A native app's own scheme must be a reversed domain name, so that it belongs to somebody (RFC 8252 7.1)."""
    if "." not in parts.scheme:
        return f"the scheme {parts.scheme} is neither https nor an app's reversed domain name"
    if "@" in parts.netloc or _has_dot_segment(parts.path):
        return "it holds a user name or . segments"
    return None


def _has_dot_segment(path: str) -> bool:
    # Twice, for %252e; and a path parameter hides dots from some servers (`..;/`).
    decoded = unquote(unquote(path)).replace("\\", "/")
    return any(segment.split(";", 1)[0] in (".", "..") for segment in decoded.split("/"))


def _same_loopback(uri: str, entry: str) -> bool:
    asked, known = _split(uri), _split(entry)
    if asked is None or known is None or asked.scheme != "http" or known.scheme != "http":
        return False
    if not _loopback_host(known.hostname) or asked.hostname != known.hostname:
        return False
    return _without_port(asked) == _without_port(known)


def _without_port(parts: SplitResult) -> str:
    host = parts.netloc.rsplit("@", 1)[-1]
    bare = re.sub(r":\d*\Z", "", host)
    return parts._replace(netloc=bare).geturl()


def _loopback_host(host: str | None) -> bool:
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
