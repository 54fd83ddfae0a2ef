"""OpenAI chat completions. Source: OpenAI API reference, "Chat"."""

from gatewright.translation.halves import Passing, Tap
from gatewright.translation.openai_chat.tail import UsageChunkFilter, UsageTail
from gatewright.translation.openai_chat.usage import usage_of


def _tap(hides_usage: bool) -> Tap:
    return UsageChunkFilter() if hides_usage else UsageTail()


PASSING = Passing(usage_of, _tap)
