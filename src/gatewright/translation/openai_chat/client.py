"""The client half of OpenAI chat completions."""

from gatewright.translation.halves import ClientHalf
from gatewright.translation.openai_chat.answer_writer import write
from gatewright.translation.openai_chat.request_reader import read
from gatewright.translation.openai_chat.stream_writer import ChunkWriter

CLIENT = ClientHalf(read, write, ChunkWriter)
