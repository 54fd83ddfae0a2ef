"""The client half of OpenAI responses."""

from gatewright.translation.halves import ClientHalf
from gatewright.translation.openai_responses.client_answer import write
from gatewright.translation.openai_responses.client_request import read
from gatewright.translation.openai_responses.client_stream import ResponseWriter

CLIENT = ClientHalf(read, write, ResponseWriter)
