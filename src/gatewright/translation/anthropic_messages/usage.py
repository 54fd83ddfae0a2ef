"""Token counts as Anthropic writes them, and `domain.money.Usage`.

Source: Anthropic API reference, "Messages", the `usage` object: `input_tokens` are those that were neither read from
the cache nor written to it, `output_tokens` are all output, thought too. In a stream the counts are cumulative.
"""

import msgspec

from gatewright.domain.money import MOST_SEARCHES, Usage, widened
from gatewright.translation.counts import MOST
from gatewright.translation.model import Json


class _Written(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class _Tools(msgspec.Struct):
    web_search_requests: int | None = None


class WireUsage(msgspec.Struct):
    """The `usage` object; unknown members are skipped."""

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _Written | None = None
    output_tokens: int | None = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _Tools | None = None

    def then(self, later: "WireUsage") -> "WireUsage":
        """These counts with those that came later in the same stream: what is said again replaces what was said."""
        said = {name: value for name in self.__struct_fields__ if (value := getattr(later, name)) is not None}
        return msgspec.structs.replace(self, **said)

    def usage(self) -> Usage | None:
        """The counts, none of them negative; None when neither input nor output is there, or one is nonsense.

        A provider that reports a negative number must not be able to give money back.
        """
        if self.input_tokens is None and self.output_tokens is None:
            return None
        found = self._counted()
        if max(found.prompt, found.completion) > MOST:
            return None
        searches = 0 if self.server_tool_use is None else _count(self.server_tool_use.web_search_requests)
        return widened(found, searches=min(searches, MOST_SEARCHES)) if searches else found

    def _counted(self) -> Usage:
        read = _count(self.cache_read_input_tokens)
        hour = _count(self.cache_creation.ephemeral_1h_input_tokens) if self.cache_creation else 0
        short = _count(self.cache_creation.ephemeral_5m_input_tokens) if self.cache_creation else 0
        if self.cache_creation_input_tokens is not None:
            written = _count(self.cache_creation_input_tokens)
            hour = min(hour, written)
            short = written - hour
        completion = _count(self.output_tokens)
        thought = self.output_tokens_details.thinking_tokens if self.output_tokens_details else 0
        return Usage(
            prompt=_count(self.input_tokens) + read + short + hour,
            completion=completion,
            cached=read,
            reasoning=min(_count(thought), completion),
            cache_write=short,
            cache_write_1h=hour,
        )


class _Answer(msgspec.Struct):
    usage: WireUsage | None = None
    input_tokens: int | None = None


_decode = msgspec.json.Decoder(_Answer).decode


def usage_of(answer: bytes) -> Usage | None:
    """Usage out of a complete answer; None when there is none or it is malformed.

    An answer to "Count tokens" says how many there would be: asking that uses none.
    """
    try:
        found = _decode(answer)
    except (ValueError, RecursionError):
        return None
    if found.usage is not None:
        return found.usage.usage()
    return None if found.input_tokens is None else Usage()


def written_usage(usage: Usage | None) -> Json:
    """The `usage` object of an answer; nothing but zeros while nothing is known, since clients need the numbers."""
    used = usage or Usage()
    written = used.cache_write + used.cache_write_1h
    found: Json = {
        "input_tokens": max(used.prompt - used.cached - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": used.cached,
        "output_tokens": used.completion,
    }
    if written:
        found["cache_creation"] = {
            "ephemeral_5m_input_tokens": used.cache_write,
            "ephemeral_1h_input_tokens": used.cache_write_1h,
        }
    if used.reasoning:
        found["output_tokens_details"] = {"thinking_tokens": used.reasoning}
    return found


def _count(value: int | None) -> int:
    return max(value or 0, 0)
