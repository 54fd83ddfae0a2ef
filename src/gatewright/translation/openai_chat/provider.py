"""The provider half of OpenAI chat completions."""

from gatewright.translation.halves import ProviderHalf
from gatewright.translation.openai_chat.answer_reader import read
from gatewright.translation.openai_chat.errors import read_error
from gatewright.translation.openai_chat.request_writer import write
from gatewright.translation.openai_chat.stream_reader import ChunkReader

PROVIDER = ProviderHalf(write, read, ChunkReader, read_error)
