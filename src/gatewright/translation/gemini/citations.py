"""Where an answer's text came from. Source: Gemini API documentation, "Grounding with Google Search"."""

from gatewright.translation.gemini.wire import Candidate, Cited, GroundingMetadata, Segment
from gatewright.translation.model import Citation

LONGEST_TEXT = 1_000_000
"""Bytes of an answer in which places are looked up; behind it a citation has none."""


MOST_LOOKED_UP = 1_000
"""Places of one answer; each look-up goes through the text."""


class Places:
    """The text so far, to turn places in bytes into places in characters."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._bytes: bytes | None = None
        self._looked_up = 0

    def add(self, text: str) -> None:
        if self._length <= LONGEST_TEXT:
            self._pieces.append(text)
            self._length += len(text)
            self._bytes = None

    def of(self, start: int, end: int) -> tuple[int, int] | tuple[None, None]:
        """Two places in characters, or none when the text has no such place."""
        self._looked_up += 1
        if self._looked_up > MOST_LOOKED_UP:
            return None, None
        if self._bytes is None:
            self._bytes = "".join(self._pieces).encode()
        if not 0 <= start <= end <= min(len(self._bytes), LONGEST_TEXT):
            return None, None
        return len(self._bytes[:start].decode(errors="ignore")), len(self._bytes[:end].decode(errors="ignore"))


def citations(candidate: Candidate, places: Places) -> list[Citation]:
    """Those of one event, in the order of the text."""
    found: list[Citation] = []
    if candidate.grounding_metadata is not None:
        found += _grounded(candidate.grounding_metadata, places)
    if (quoted := candidate.citation_metadata) is not None:
        found += [_quoted(one, places) for one in (*quoted.citation_sources, *quoted.citations)]
    return found


def _grounded(grounding: GroundingMetadata, places: Places) -> list[Citation]:
    found = []
    for support in grounding.grounding_supports:
        segment = support.segment or Segment()
        start, end = places.of(segment.start_index, segment.end_index)
        for index in support.grounding_chunk_indices:
            if not 0 <= index < len(grounding.grounding_chunks):
                continue
            chunk = grounding.grounding_chunks[index]
            place = chunk.web or chunk.retrieved_context or chunk.maps
            if place is not None:
                found.append(Citation(url=place.uri, title=place.title, quote=segment.text, start=start, end=end))
    return found


def _quoted(one: Cited, places: Places) -> Citation:
    start, end = places.of(one.start_index, one.end_index)
    return Citation(url=one.uri, title=one.title, start=start, end=end)
