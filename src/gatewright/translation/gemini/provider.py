"""The provider half."""

from gatewright.translation.gemini.answer import ChunkReader, error, read
from gatewright.translation.gemini.request import write
from gatewright.translation.halves import ProviderHalf

PROVIDER = ProviderHalf(write=write, read=read, reader=ChunkReader, error=error)
