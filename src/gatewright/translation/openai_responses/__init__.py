"""OpenAI responses. Source: OpenAI API reference, "Responses" and "Streaming events"."""

from gatewright.translation.halves import Passing, Tap
from gatewright.translation.openai_responses.foreign import without_foreign
from gatewright.translation.openai_responses.tap import EndTap
from gatewright.translation.openai_responses.usage import usage_of


def _tap(_hides_usage: bool) -> Tap:
    return EndTap()


PASSING = Passing(usage_of, _tap, without_foreign)
