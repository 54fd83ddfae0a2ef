"""Anthropic messages. Source: Anthropic API reference, "Messages" and "Streaming messages"."""

from gatewright.translation.anthropic_messages.foreign import without_foreign
from gatewright.translation.anthropic_messages.tap import MessageTap
from gatewright.translation.anthropic_messages.usage import usage_of
from gatewright.translation.halves import Passing, Tap


def _tap(_hides_usage: bool) -> Tap:
    return MessageTap()


PASSING = Passing(usage_of, _tap, without_foreign)
