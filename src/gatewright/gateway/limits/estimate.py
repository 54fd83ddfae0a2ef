"""How many tokens a request may use, guessed before it runs: too many rather than too few."""

import re

from gatewright.domain.limits import HIGHEST_LIMIT
from gatewright.upstreams.body import Prepared
from gatewright.upstreams.dispatch import Body
from gatewright.upstreams.endpoints import COUNT_TOKENS, Endpoint

BYTES_PER_TOKEN = 4
DEFAULT_OUTPUT = 512
"""Tokens of an answer to whose length the caller says nothing."""

TOKENS_PER_FILE = 1500
"""For an image or a document inside the body, whatever its size: providers count by its pixels or pages."""

SHORTEST_FILE = 4096
_FILE = re.compile(rb'[",][A-Za-z0-9+/_=-]{%d,}"' % SHORTEST_FILE)


def estimate(asked: Body, whole: bytes, endpoint: Endpoint) -> int:
    """Tokens of the request, whose body is `whole`, and of the longest answer that it allows."""
    if not isinstance(asked, Prepared) or endpoint is COUNT_TOKENS:
        # A form holds sound or images, which are not counted by their bytes; counting tokens uses none.
        return 0
    tokens = _input(whole)
    if endpoint.dialect is not None or endpoint.usage_on_request:
        tokens += (DEFAULT_OUTPUT if asked.max_output is None else asked.max_output) * asked.n
    return max(0, min(tokens, HIGHEST_LIMIT))


def _input(body: bytes) -> int:
    if len(body) < SHORTEST_FILE:
        return len(body) // BYTES_PER_TOKEN
    files = [found.end() - found.start() for found in _FILE.finditer(body)]
    return (len(body) - sum(files)) // BYTES_PER_TOKEN + TOKENS_PER_FILE * len(files)
