"""The client half: reads requests, writes answers."""

from gatewright.translation.anthropic_messages.answer_writer import write
from gatewright.translation.anthropic_messages.event_writer import MessageWriter
from gatewright.translation.anthropic_messages.request_reader import read
from gatewright.translation.halves import ClientHalf

CLIENT = ClientHalf(read, write, MessageWriter)
