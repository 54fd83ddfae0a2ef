"""What Converse offers to clients of every dialect.

Source: Amazon Bedrock API reference, "Converse", "ConverseStream", "Common error types".
"""

import msgspec

from gatewright.translation.bedrock_converse.answer import read
from gatewright.translation.bedrock_converse.request import write
from gatewright.translation.bedrock_converse.stream import Reader
from gatewright.translation.bedrock_converse.wire import Problem
from gatewright.translation.halves import ProviderError, ProviderHalf

_decode = msgspec.json.Decoder(Problem).decode


def error(body: bytes) -> ProviderError:
    """`{"message": ...}`; which error it is stands in a header, or in `__type` behind a `#`."""
    try:
        found = _decode(body)
    except (ValueError, RecursionError):
        return ProviderError("")
    kind = found.type.rpartition("#")[2] if found.type else None
    return ProviderError(found.message or found.capital or "", kind or None)


PROVIDER = ProviderHalf(write=write, read=read, reader=Reader, error=error)
