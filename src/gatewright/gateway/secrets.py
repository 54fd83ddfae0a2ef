"""Takes what only a provider may know out of its words."""

import re
from collections.abc import Sequence

from gatewright.gateway.deployment import SHORTEST_SECRET, Deployment
from gatewright.translation.halves import ProviderError

MASK = b"***"
WORD = b"error"
"""What stands in every error that is one, and in few pieces of an answer."""

_PLAIN = re.compile(rb"[A-Za-z0-9._~-]+")  # what no encoder writes otherwise
_OTHER = re.compile(rb"[^A-Za-z0-9._~-]")


def secrets_of(one: Deployment) -> tuple[bytes, ...]:
    """What is sent to the deployment's provider and to nobody else: fixed ones, and those fetched for it lately."""
    signers = {id(way.signer): way.signer for way in one.ways.values() if way.signer is not None}
    lately = {text.encode() for signer in signers.values() for text in signer.secrets if len(text) >= SHORTEST_SECRET}
    return (*one.secrets, *sorted(lately, key=len, reverse=True)) if lately else one.secrets


def hidden(data: bytes, secrets: Sequence[bytes]) -> bytes:
    """`data` without them, as they are or as JSON or a URL would write them."""
    for secret in secrets:
        plain = max(_PLAIN.findall(secret), key=len, default=b"")
        if plain == secret:
            data = data.replace(secret, MASK)
        elif plain in data:
            # Not as it is first: that would leave the rest of an escape behind.
            data = re.sub(_OTHER.sub(_spellings, secret), MASK, data)
    return data


def without_secrets(error: ProviderError, secrets: Sequence[bytes]) -> ProviderError:
    """The provider's words without what only it may know."""

    def clean(text: str | None) -> str | None:
        return text and hidden(text.encode(errors="surrogatepass"), secrets).decode(errors="surrogatepass")

    return error._replace(message=clean(error.message) or "", kind=clean(error.kind), param=clean(error.param))


def _spellings(found: re.Match[bytes]) -> bytes:
    """A character of a secret, in every way in which it may be written."""
    raw = found[0]
    code = b"%02x" % raw[0]
    return rb"(?:(?i:\\u00%b|%%%b)|\\%b|%b)" % (code, code, re.escape(raw), re.escape(raw))
