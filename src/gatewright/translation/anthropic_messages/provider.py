"""The provider half: writes requests, reads answers."""

from gatewright.translation.anthropic_messages.answer_reader import read
from gatewright.translation.anthropic_messages.errors import read_error
from gatewright.translation.anthropic_messages.event_reader import MessageReader
from gatewright.translation.anthropic_messages.request_writer import write
from gatewright.translation.halves import ProviderHalf

PROVIDER = ProviderHalf(write, read, MessageReader, read_error)
