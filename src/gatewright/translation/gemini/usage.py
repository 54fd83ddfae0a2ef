"""What was used, in the one form for every provider. Source: Gemini API reference, "UsageMetadata"."""

from gatewright.domain.money import MOST_SEARCHES, Usage, widened
from gatewright.translation.counts import MOST
from gatewright.translation.gemini.wire import Candidate, Modality, UsageMetadata

BY_PROMPT = ("gemini-1", "gemini-2")
"""Models whose searches cost once for a prompt, however many there were."""


def searches_of(candidates: list[Candidate], model: str) -> int:
    """How many searches of the web are paid. Source: Gemini API documentation, "Grounding with Google Search"."""
    queries = [one.grounding_metadata.web_search_queries for one in candidates if one.grounding_metadata is not None]
    count = sum(len(some) for some in queries)
    return min(count, 1 if model.startswith(BY_PROMPT) else MOST_SEARCHES)


def usage_of(counts: UsageMetadata, searches: int = 0) -> Usage | None:
    """`promptTokenCount` holds what was cached; what tools gave the model, and its thoughts, are counted apart there.

    Counts are never negative: a provider must not be able to give money back. None for nonsense.
    """
    prompt = max(counts.prompt_token_count, 0) + max(counts.tool_use_prompt_token_count, 0)
    thoughts = max(counts.thoughts_token_count, 0)
    completion = max(counts.candidates_token_count, 0) + thoughts
    if max(prompt, completion) > MOST:
        return None
    usage = Usage(
        prompt=prompt,
        completion=completion,
        cached=min(max(counts.cached_content_token_count, 0), prompt),
        reasoning=thoughts,
        audio_prompt=min(_of("AUDIO", counts.prompt_tokens_details), prompt),
        audio_completion=min(_of("AUDIO", counts.candidates_tokens_details), completion),
    )
    seen, drawn = (_of("IMAGE", part) for part in (counts.prompt_tokens_details, counts.candidates_tokens_details))
    if not (searches or seen or drawn):
        return usage
    return widened(usage, searches=searches, image_prompt=min(seen, prompt), image_completion=min(drawn, completion))


def _of(modality: str, details: list[Modality]) -> int:
    return sum(max(one.token_count, 0) for one in details if one.modality == modality)
