"""Lists that a provider's API answers in pages, read to their end: on one origin, under bounds."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

from gatewright.oidc.redirect_uris import origin
from gatewright.outbound.client import Answer
from gatewright.outbound.errors import shown
from gatewright.sso.discovery import Discovery
from gatewright.sso.refusals import ProviderFailed

MOST_PAGES = 200
WHOLE_LIST_S = 60.0
LINK = re.compile(r"<([^<>\s]{1,2000})>\s*;([^,<]{0,500})", re.ASCII)

Read = Callable[[Any], tuple[list[Any], str | None]]
"""From a page's JSON to its entries, and the address of the next page where the JSON holds it."""


async def pages(discovery: Discovery, url: str, headers: dict[str, str], read: Read) -> list[dict[str, Any]]:
    """Every entry of a list that is an object.

    The token goes along, so each page must be on the first one's origin. Raises ProviderFailed: for another origin, for
    a list without an end (200 pages, a minute) and for what the API refuses.
    """
    entries: list[dict[str, Any]] = []
    following: str | None = url
    try:
        async with asyncio.timeout(WHOLE_LIST_S):
            for _ in range(MOST_PAGES):
                answer = await discovery.fetch(following or url, headers)
                found, following = read(json_of(answer))
                entries += [entry for entry in found if isinstance(entry, dict)]
                following = _same_origin(url, following or next_link(answer.headers.get("link", "")))
                if following is None:
                    return entries
    except TimeoutError as error:
        raise ProviderFailed("provider_answer", f"{shown(url)} took too long to answer all of its pages.") from error
    raise ProviderFailed("provider_answer", f"{shown(url)} has more than {MOST_PAGES} pages.")


def json_of(answer: Answer) -> Any:
    """The answer's JSON, whatever it is. Raises ProviderFailed, which never quotes it."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise ProviderFailed("provider_answer", f"{answer.url} answered no JSON.") from error


def next_link(header: str) -> str | None:
    """The address of the relation `next` in a Link header (RFC 8288)."""
    for found in LINK.finditer(header):
        if re.search(r'(^|;)\s*rel="?next"?\s*(;|$)', found[2]):
            return found[1]
    return None


def _same_origin(first: str, following: str | None) -> str | None:
    if following is None:
        return None
    full = urljoin(first, following)
    if origin(full) != origin(first):
        raise ProviderFailed("page_elsewhere", f"{shown(first)} names a next page at another address; it is not asked.")
    return full
