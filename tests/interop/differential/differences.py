"""Where Gatewright and another library translate differently, and why ours stays as it is.

`cases` is a pattern of names of cases; a path has `N` for every index, and begins with `+` when only ours has that
member, with `-` when only theirs has it. `ours refuses` and `theirs refuses` stand for errors.
"""

from typing import NamedTuple


class Difference(NamedTuple):
    """One reason; every one of `paths` occurs in a case of that name."""

    cases: str
    paths: tuple[str, ...]
    why: str


OURS_REFUSES = "ours refuses"
THEIRS_REFUSES = "theirs refuses"

REFUSED = [
    Difference(
        "* > gemini * one-at-a-time",
        (OURS_REFUSES,),
        "Gemini API, FunctionCallingConfig: nothing limits the calls of one answer. What cannot be carried is refused"
        " by name, not left out.",
    ),
    Difference("messages > gemini * named", (OURS_REFUSES,), "The same, asked for by disable_parallel_tool_use."),
    Difference(
        "responses > messages * sampling",
        (OURS_REFUSES,),
        "Anthropic, Migration guide to Claude 4.5: a request has temperature or top_p; one with both is refused.",
    ),
]
"""Of both libraries."""

THOUGHT_OF_OTHERS = (
    "Anthropic, Extended thinking: a signature is only Anthropic's to read. A thought that another provider sealed is"
    " no thought of this model, and unsealed it would be text that the model never wrote."
)
JSON_SCHEMA = (
    "Gemini API, FunctionDeclaration: parametersJsonSchema takes JSON Schema as it is; parameters knows only a part of"
    " it, so that a schema would have to be cut down to that."
)
RESULTS = (
    "Gemini API, FunctionResponse: the output of a function stands in the key output, its errors in error; without"
    " those keys the whole object counts as output, and a text would need a name that the API does not know."
)
EFFORT = "No provider says how many tokens an effort is: ours is the table in translation/effort.py."
PARTLY_WRITTEN = (
    "OpenAI, Chat completion chunks: what stands in a list has an index, by which the official library puts deltas"
    " together. A sealed thought comes once and whole, as it must go back."
)
MORE_USAGE = (
    "OpenAI, The chat completion object: usage has no such members. LiteLLM adds tokens of text, a guess at those of"
    " thought where the provider does not say, and its own price."
)

LITELLM = [
    *REFUSED,
    Difference(
        "chat > converse * none",
        (THEIRS_REFUSES,),
        "OpenAI, Create chat completion: tool_choice none forbids calls, which offering no tools does as well.",
    ),
    Difference(
        "chat <* gemini empty-tool",
        (THEIRS_REFUSES,),
        "Gemini API, FunctionCall: args is optional, and absent for a function without parameters.",
    ),
    Difference(
        "* > messages *",
        ("-/tools/N/type",),
        "Anthropic, Create a message: a tool without a type is custom.",
    ),
    Difference(
        "chat > * empty-tool",
        ("-/tools/N/input_schema/properties", "-/toolConfig/tools/N/toolSpec/inputSchema/json/properties"),
        "JSON Schema: an object without properties is one of no named properties; Anthropic asks only for the type.",
    ),
    Difference(
        "chat > converse * empty-tool",
        ("-/toolConfig/tools/N/toolSpec/description",),
        "Amazon Bedrock, ToolSpecification: description is optional, and the name says no more for being there twice.",
    ),
    Difference(
        "* > messages * schema",
        ("+/output_config", "-/output_format"),
        "Anthropic, Structured outputs: output_config.format; output_format was its name in the beta.",
    ),
    Difference("* > messages claude-sonnet-4-5 *", ("/thinking/budget_tokens",), EFFORT),
    Difference("chat > converse *", ("/additionalModelRequestFields/thinking/budget_tokens",), EFFORT),
    Difference("* > gemini *", ("/generationConfig/thinkingConfig/thinkingBudget",), EFFORT),
    Difference(
        "responses > messages * effort",
        ("/max_tokens",),
        "Anthropic, Models overview: without a limit of the caller's the answer may be as long as the model's can be.",
    ),
    Difference(
        "chat > messages * silent-call",
        (
            *("+/messages/N/content/N/id", "+/messages/N/content/N/input", "+/messages/N/content/N/name"),
            *("-/messages/N/content/N", "-/messages/N/content/N/content", "-/messages/N/content/N/text"),
            "/messages/N/content/N/type",
        ),
        "Anthropic, Create a message: content before a tool_use is optional, and that of a tool_result. Empty text is"
        " nothing said: no placeholder is put into the model's mouth.",
    ),
    Difference("* > gemini *", ("+/tools/N/functionDeclarations/N/parametersJsonSchema",), JSON_SCHEMA),
    Difference("* > gemini *", ("-/tools/N/functionDeclarations/N/parameters",), JSON_SCHEMA),
    Difference(
        "* > gemini *",
        (
            "+/contents/N/parts/N/functionResponse/response/output",
            "+/contents/N/parts/N/functionResponse/response/error",
            "-/contents/N/parts/N/functionResponse/response/content",
            "-/contents/N/parts/N/functionResponse/response/sky",
        ),
        RESULTS,
    ),
    Difference(
        "* > gemini * sealed",
        (
            *("+/contents/N/parts/N/functionCall", "-/contents/N/parts/N", "/contents/N/parts/N/text"),
            *("-/contents/N/parts/N/text", "-/contents/N/parts/N/thought"),
        ),
        THOUGHT_OF_OTHERS,
    ),
    Difference(
        "chat > gemini * silent-call",
        ("+/contents/N/parts/N/functionCall", "-/contents/N/parts/N", "-/contents/N/parts/N/text"),
        "Gemini API, Content: a part of no text says nothing.",
    ),
    Difference(
        "chat > gemini gemini-3-pro-preview sealed",
        ("+/contents/N/parts/N/thoughtSignature",),
        "Gemini API, Thought signatures: the first call of a step must have one, for a call of another model the dummy."
        " (The signature is the part's beside the thought that LiteLLM put first.)",
    ),
    Difference(
        "chat > gemini gemini-3-pro-preview turns",
        ("-/contents/N/parts/N/thoughtSignature",),
        "Gemini API, Thought signatures: only calls since the user last spoke are judged.",
    ),
    Difference(
        "chat > gemini gemini-3-pro-preview *",
        ("-/generationConfig/temperature",),
        "Gemini API, Gemini 3: 1.0 is the default, so that it need not be said.",
    ),
    Difference(
        "chat > gemini gemini-3-pro-preview *",
        ("/generationConfig/thinkingConfig/thinkingLevel",),
        "Gemini API, Thinking: Gemini 3 Pro has the levels LOW and HIGH, and none between them.",
    ),
    Difference(
        "chat > gemini * no-effort",
        ("-/generationConfig/thinkingConfig/includeThoughts",),
        "Gemini API, ThinkingConfig: false is the default.",
    ),
    Difference(
        "messages > gemini * turns",
        ("+/contents/N/parts/N", "-/contents/N"),
        "Anthropic, Tool use: results and what the user says after them are one message; it stays one content.",
    ),
    Difference(
        "messages > gemini * system-blocks",
        ("+/systemInstruction/parts/N", "/systemInstruction/parts/N/text"),
        "Gemini API, Content: it has many parts; two texts run together would be one word at the seam.",
    ),
    Difference(
        "chat > converse *",
        ("+/additionalModelResponseFieldPaths", "+/additionalModelResponseFieldPaths/N"),
        "Amazon Bedrock, Converse: stop_sequence of Claude comes only when it is asked for.",
    ),
    Difference(
        "chat > converse *",
        ("/additionalModelResponseFieldPaths/N",),
        "The same: LiteLLM asks for the tokens of thought only.",
    ),
    Difference(
        "chat > converse * user",
        ("+/requestMetadata",),
        "Amazon Bedrock, Converse: requestMetadata is for filtering the invocation logs, which the user's name is for.",
    ),
    Difference(
        "chat > converse * unlimited",
        ("-/inferenceConfig",),
        "Amazon Bedrock, Converse: inferenceConfig is optional.",
    ),
    Difference(
        "chat > converse * silent-call",
        ("/messages/N/content/N/toolResult/content/N/text",),
        "Amazon Bedrock refuses content blocks with a blank text.",
    ),
    Difference(
        "messages > chat * named",
        ("+/parallel_tool_calls",),
        "Anthropic, Tool use: disable_parallel_tool_use is OpenAI's parallel_tool_calls false.",
    ),
    Difference(
        "messages > chat * budget",
        (
            *("+/max_completion_tokens", "+/messages", "+/reasoning_effort"),
            *("-/input", "-/max_output_tokens", "-/reasoning"),
        ),
        "LiteLLM asks OpenAI's responses API here. Chat completions carry a thinking budget as reasoning_effort.",
    ),
    Difference(
        "messages > chat * sealed",
        ("-/messages/N/reasoning_content", "-/messages/N/thinking_blocks"),
        THOUGHT_OF_OTHERS,
    ),
    Difference(
        "messages > chat * schema",
        ("/response_format/json_schema/name",),
        "OpenAI, Structured outputs: a name is required, and Anthropic's format has none.",
    ),
    Difference(
        "responses > chat * turns",
        ("-/messages/N/tool_calls/N/index",),
        "OpenAI, Create chat completion: calls in messages have no index.",
    ),
    Difference(
        "responses > chat *",
        ("-/tools/N/function/strict",),
        "OpenAI, Create chat completion: false is the default of strict.",
    ),
    Difference("chat <* *", ("-/usage/completion_tokens_details",), MORE_USAGE),
    Difference("chat <* *", ("-/usage/completion_tokens_details/text_tokens",), MORE_USAGE),
    Difference("chat <* *", ("-/usage/prompt_tokens_details/text_tokens",), MORE_USAGE),
    Difference("chat << *", ("-/usage/cost",), MORE_USAGE),
    Difference(
        "chat <* messages *",
        ("-/usage/prompt_tokens_details/cache_creation_token_details",),
        "LiteLLM's member for the kinds of cache writes; ours has it when some are of the other kind, an hour.",
    ),
    Difference(
        "chat <* gemini *",
        ("-/usage/cache_read_input_tokens",),
        "OpenAI, The chat completion object: cached tokens are in prompt_tokens_details. Anthropic's name of them comes"
        " with its cache writes only.",
    ),
    Difference(
        "chat < *",
        ("-/choices/N/message/provider_specific_fields", "-/choices/N/message/tool_calls/N/index"),
        "OpenAI, The chat completion object: LiteLLM's copies of what stands elsewhere; calls have no index.",
    ),
    Difference(
        "chat < gemini *",
        ("-/choices/N/provider_specific_fields",),
        "OpenAI, The chat completion object: LiteLLM's copy of Google's finish reason.",
    ),
    Difference(
        "chat <* gemini tools",
        (
            "+/choices/N/message/tool_calls/N/extra_content",
            "-/choices/N/message/tool_calls/N/provider_specific_fields",
        ),
        "Gemini API, OpenAI compatibility: the signature of a call is extra_content.google.thought_signature.",
    ),
    Difference(
        "chat < gemini thought",
        ("-/choices/N/message/thinking_blocks",),
        "A thinking block is what goes back, and there is nothing to send back without a seal.",
    ),
    Difference(
        "chat <* gemini blocked",
        ("+/choices/N/message/content",),
        "OpenAI, The chat completion object: content is null for calls of tools; an answer of nothing is empty.",
    ),
    Difference(
        "chat < gemini safety",
        (
            *("+/choices/N/message/content", "+/usage/completion_tokens_details", "+/usage/prompt_tokens_details"),
            "/usage/completion_tokens",
        ),
        "Gemini API, Candidate: what was written before SAFETY is there and billed, thought too; LiteLLM's own stream"
        " of the same answer has it as well.",
    ),
    Difference(
        "chat << *",
        (
            *("+/choices/N/message/thinking_blocks/N/index", "+/choices/N/message/thinking_blocks/N/signature"),
            *("-/choices/N/message/thinking_blocks/N", "/choices/N/message/thinking_blocks/N/thinking"),
        ),
        PARTLY_WRITTEN,
    ),
    Difference(
        "chat < converse thought",
        ("/choices/N/message/thinking_blocks/N/signature",),
        "Anthropic, Extended thinking: a signature holds at the platform that made it. Ours says which one that was.",
    ),
    Difference(
        "messages <* chat *",
        ("+/usage/output_tokens_details",),
        "Anthropic, Create a message: usage.output_tokens_details.thinking_tokens are OpenAI's reasoning tokens.",
    ),
    Difference(
        "messages < chat *",
        ("+/usage/cache_creation_input_tokens",),
        "Anthropic, Create a message: the member is always there, 0 when nothing was written.",
    ),
    Difference(
        "messages < chat thought",
        ("+/content/N/signature",),
        "Anthropic, Create a message: a thinking block has a signature; the official library demands it.",
    ),
    Difference(
        "messages < chat *",
        ("-/stop_details",),
        "Anthropic, Handling stop reasons: stop_details may be null. OpenAI says nothing of the policy's category.",
    ),
    Difference(
        "messages << chat refusal",
        ("/content/N/text", "/stop_reason"),
        "OpenAI, The chat completion chunk object: delta.refusal is what the model says; it must not be lost.",
    ),
]
