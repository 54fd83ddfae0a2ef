"""Addresses in stored objects: those that start with `{base_url}` follow PROXY_BASE_URL."""

from collections.abc import Iterable

BASE_URL = "{base_url}"
"""Stands in stored addresses for the base URL, which is read from the settings at each use."""


def expand(url: str, base_url: str) -> str:
    """The address as it is now."""
    return base_url + url.removeprefix(BASE_URL) if url.startswith(BASE_URL) else url


def restore(url: str, base_url: str, stored: Iterable[str]) -> str:
    """The stored form of an address that came back as it was shown; any other address as it is."""
    return next((one for one in stored if one.startswith(BASE_URL) and expand(one, base_url) == url), url)


def sample(url: str) -> str:
    """The address as it may look once the base URL is in it."""
    return "https://base.example" + url.removeprefix(BASE_URL) if url.startswith(f"{BASE_URL}/") else url
