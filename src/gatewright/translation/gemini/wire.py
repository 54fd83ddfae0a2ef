"""What generateContent answers, whole or as one event of a stream. Unknown members are skipped.

Source: Gemini API reference, "GenerateContentResponse", "Candidate", "UsageMetadata"; google.rpc.Status.
"""

from typing import Any

import msgspec


class _Wire(msgspec.Struct, rename="camel"):
    """The root: the names are in camel case there."""


class Blob(_Wire):
    mime_type: str = ""
    data: str = ""


class FileData(_Wire):
    mime_type: str | None = None
    file_uri: str = ""


class FunctionCall(_Wire):
    name: str = ""
    id: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Part(_Wire):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None


class Content(_Wire):
    parts: list[Part] = []


class Place(_Wire):
    """Where a text came from: a page, a document, a place on a map."""

    uri: str | None = None
    title: str | None = None


class GroundingChunk(_Wire):
    web: Place | None = None
    retrieved_context: Place | None = None
    maps: Place | None = None


class Segment(_Wire):
    """Offsets in bytes of the answer's text in UTF-8."""

    start_index: int = 0
    end_index: int = 0
    text: str | None = None


class GroundingSupport(_Wire):
    segment: Segment | None = None
    grounding_chunk_indices: list[int] = []


class GroundingMetadata(_Wire):
    web_search_queries: list[str] = []
    grounding_chunks: list[GroundingChunk] = []
    grounding_supports: list[GroundingSupport] = []


class Cited(_Wire):
    start_index: int = 0
    end_index: int = 0
    uri: str | None = None
    title: str | None = None


class CitationMetadata(_Wire):
    """`citation_sources` at the Gemini API, `citations` at Vertex AI."""

    citation_sources: list[Cited] = []
    citations: list[Cited] = []


class Token(_Wire):
    token: str = ""
    log_probability: float = 0.0


class TopTokens(_Wire):
    candidates: list[Token] = []


class LogprobsResult(_Wire):
    chosen_candidates: list[Token] = []
    top_candidates: list[TopTokens] = []


class Candidate(_Wire):
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    grounding_metadata: GroundingMetadata | None = None
    citation_metadata: CitationMetadata | None = None
    logprobs_result: LogprobsResult | None = None


class PromptFeedback(_Wire):
    block_reason: str | None = None


class Modality(_Wire):
    modality: str = ""
    token_count: int = 0


class UsageMetadata(_Wire):
    prompt_token_count: int = 0
    cached_content_token_count: int = 0
    candidates_token_count: int = 0
    thoughts_token_count: int = 0
    tool_use_prompt_token_count: int = 0
    prompt_tokens_details: list[Modality] = []
    candidates_tokens_details: list[Modality] = []


class Wrong(_Wire):
    """An error. `details` hold objects told apart by `@type`."""

    code: int | None = None
    message: str = ""
    status: str | None = None
    details: list[dict[str, Any]] = []


class Chunk(_Wire):
    candidates: list[Candidate] = []
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str = ""
    response_id: str = ""
    error: Wrong | None = None


class ErrorBody(_Wire):
    error: Wrong


decode_chunk = msgspec.json.Decoder(Chunk).decode
decode_error = msgspec.json.Decoder(ErrorBody | list[ErrorBody]).decode
