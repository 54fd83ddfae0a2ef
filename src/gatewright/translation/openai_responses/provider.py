"""The provider half of OpenAI responses."""

from gatewright.translation.halves import ProviderHalf
from gatewright.translation.openai_chat.errors import read_error
from gatewright.translation.openai_responses.provider_answer import read
from gatewright.translation.openai_responses.provider_request import write
from gatewright.translation.openai_responses.provider_stream import ResponseReader

PROVIDER = ProviderHalf(write, read, ResponseReader, read_error)
