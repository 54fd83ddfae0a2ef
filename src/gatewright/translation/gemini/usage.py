"""What was used, in the one form for every provider. Source: Gemini API reference, "UsageMetadata"."""

from gatewright.domain.money import Usage
from gatewright.translation.gemini.wire import Modality, UsageMetadata

MOST = 1_000_000_000
"""Tokens. A count above it is nonsense."""


def usage_of(counts: UsageMetadata) -> Usage | None:
    """`promptTokenCount` holds what was cached; what tools gave the model, and its thoughts, are counted apart there.

    Counts are never negative: a provider must not be able to give money back. None for nonsense.
    """
    prompt = max(counts.prompt_token_count, 0) + max(counts.tool_use_prompt_token_count, 0)
    thoughts = max(counts.thoughts_token_count, 0)
    completion = max(counts.candidates_token_count, 0) + thoughts
    if max(prompt, completion) > MOST:
        return None
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=min(max(counts.cached_content_token_count, 0), prompt),
        reasoning=thoughts,
        audio_prompt=min(_sound(counts.prompt_tokens_details), prompt),
        audio_completion=min(_sound(counts.candidates_tokens_details), completion),
    )


def _sound(details: list[Modality]) -> int:
    return sum(max(one.token_count, 0) for one in details if one.modality == "AUDIO")
