"""Token counts as OpenAI's wire format writes them, turned into `domain.money.Usage`."""

import msgspec

from gatewright.domain.money import Usage


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class WireUsage(msgspec.Struct):
    """The `usage` object of a completion, an embedding or a stream's last chunk; unknown members are skipped."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None

    def usage(self) -> Usage | None:
        """The counts, never negative and never more cached than prompted; None when both counts are missing.

        A provider that reports a negative number must not be able to give money back.
        """
        if self.prompt_tokens is None and self.completion_tokens is None:
            return None
        prompt = max(self.prompt_tokens or 0, 0)
        cached = self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else None
        reasoning = self.completion_tokens_details.reasoning_tokens if self.completion_tokens_details else None
        return Usage(
            prompt=prompt,
            completion=max(self.completion_tokens or 0, 0),
            cached=min(max(cached or 0, 0), prompt),
            reasoning=max(reasoning or 0, 0),
        )


class _Answer(msgspec.Struct):
    usage: WireUsage | None = None


_decode_usage = msgspec.json.Decoder(WireUsage).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode


def usage_object(text: bytes) -> Usage | None:
    """Usage out of a bare usage object; None when it is not one."""
    try:
        return _decode_usage(text).usage()
    except (ValueError, RecursionError):
        return None


def usage_of(answer: bytes) -> Usage | None:
    """Usage out of a JSON object that has it in its member `usage`; None when there is none or it is malformed."""
    try:
        found = _decode_answer(answer).usage
    except (ValueError, RecursionError):
        return None
    return None if found is None else found.usage()
