"""Where Gatewright and llm-rosetta translate differently, and why ours stays as it is; see `differences`."""

from tests.interop.differential.differences import (
    EFFORT,
    JSON_SCHEMA,
    REFUSED,
    THOUGHT_OF_OTHERS,
    Difference,
)

CACHE = (
    "Anthropic, Prompt caching: writing to the cache costs more than reading the prompt once. Only the caller knows"
    " whether it asks again, so marks are the caller's; llm-rosetta sets its own, and loses the caller's."
)
TOGETHER = (
    "Parallel calls' results are one message, as Anthropic's and Google's guides to tool use have it; llm-rosetta"
    " writes one for each, so that all that follows is shifted."
)
ALL_INPUT = (
    "Anthropic, Create a message: input_tokens leaves out what was read from or written to the cache; OpenAI's"
    " prompt_tokens has it in."
)
THOUGHT_COUNTS = (
    "OpenAI: completion_tokens has the reasoning tokens in; Google counts its thoughts beside the candidates."
)
CUMULATIVE = "Gemini API: usageMetadata of a chunk has the counts so far. llm-rosetta adds them up."

ROSETTA = [
    *REFUSED,
    Difference("* > messages *", ("-/messages/N/content/N/cache_control", "-/system/N/cache_control"), CACHE),
    Difference("* > messages *", ("-/tools/N/cache_control",), CACHE),
    Difference("chat > messages * cached", ("+/messages/N/content/N/cache_control",), CACHE),
    Difference(
        "* > messages *",
        ("-/messages/N/content/N/caller",),
        "Anthropic, Create a message: a call without a caller is direct.",
    ),
    Difference(
        "chat > messages * silent-call",
        ("-/messages/N/content/N/content",),
        "Anthropic, Create a message: content of a tool_result is optional, and empty text is refused elsewhere.",
    ),
    Difference(
        "responses > messages * turns",
        ("-/messages/N/content/N/is_error",),
        "Anthropic, Create a message: false is the default.",
    ),
    Difference(
        "chat > messages * turns",
        (
            *("+/messages/N/content/N", "+/messages/N/content/N/text", "-/messages/N", "/messages/N/role"),
            *("-/messages/N/content/N/content", "-/messages/N/content/N/tool_use_id"),
            *("/messages/N/content/N/text", "/messages/N/content/N/type"),
        ),
        TOGETHER,
    ),
    Difference(
        "chat > gemini * turns",
        (
            *("+/contents/N/parts/N", "+/contents/N/parts/N/text", "-/contents/N", "/contents/N/parts/N/text"),
            *("-/contents/N/parts/N/functionResponse", "/contents/N/role"),
        ),
        TOGETHER,
    ),
    Difference(
        "messages > gemini * turns",
        ("+/contents/N/parts/N", "-/contents/N"),
        "Anthropic, Tool use: results and what the user says after them are one message; it stays one content.",
    ),
    Difference(
        "messages > gemini * turns",
        ("/contents/N/parts/N/functionResponse/response/output",),
        "Gemini API, FunctionResponse: output is what the function gave, which is no list of Anthropic's blocks.",
    ),
    Difference(
        "* > messages *",
        ("/max_tokens",),
        "Anthropic, Models overview: without a limit of the caller's the answer may be as long as the model's can be.",
    ),
    Difference(
        "chat > messages * user",
        ("+/metadata",),
        "Anthropic, Create a message: metadata.user_id is OpenAI's user.",
    ),
    Difference(
        "* > messages * schema",
        ("+/output_config",),
        "Anthropic, Structured outputs: output_config.format. llm-rosetta loses the schema.",
    ),
    Difference(
        "* > messages claude-sonnet-4-5 *",
        ("+/thinking/budget_tokens", "-/output_config", "/thinking/type"),
        "Anthropic, Adaptive thinking: Claude Sonnet 4.5 knows neither adaptive nor effort, only a budget.",
    ),
    Difference(
        "chat > messages claude-opus-4-8 *",
        ("+/thinking/display",),
        "Anthropic, What's new in Claude Opus 4.7: without display the text of thoughts is left out.",
    ),
    Difference(
        "chat > messages * no-effort",
        ("-/thinking",),
        "Anthropic, Adaptive thinking: neither model thinks unless told to.",
    ),
    Difference(
        "chat > messages * sealed",
        ("+/messages/N/content/N/signature",),
        "Anthropic, Extended thinking: a thought goes back with its signature, or the request is refused.",
    ),
    Difference(
        "chat > * empty-tool",
        ("-/tools/N/description", "-/tools/N/functionDeclarations/N/description"),
        "An empty description says nothing; Anthropic's is optional.",
    ),
    Difference(
        "* > gemini *",
        ("+/tools/N/functionDeclarations/N/parametersJsonSchema", "-/tools/N/functionDeclarations/N/parameters"),
        JSON_SCHEMA,
    ),
    Difference(
        "* > gemini *",
        ("+/tools/N/functionDeclarations/N", "-/tools/N"),
        "Gemini API, Tool: functionDeclarations is a list, so that one tool holds all functions.",
    ),
    Difference(
        "* > gemini gemini-2.5-flash *",
        ("-/contents/N/parts/N/functionCall/id", "-/contents/N/parts/N/functionResponse/id"),
        "Models before Gemini 3 refuse ids of calls as an unknown name (googleapis/java-genai, issue 694).",
    ),
    Difference(
        "* > gemini * sealed",
        (
            *("+/contents/N/parts/N/functionCall", "-/contents/N/parts/N"),
            *("-/contents/N/parts/N/text", "-/contents/N/parts/N/thought"),
        ),
        THOUGHT_OF_OTHERS,
    ),
    Difference("chat > gemini * sealed", ("/contents/N/parts/N/text",), THOUGHT_OF_OTHERS),
    Difference(
        "chat > gemini gemini-3-pro-preview sealed",
        ("+/contents/N/parts/N/thoughtSignature",),
        "Gemini API, Thought signatures: the first call of a step must have one, for another model's the dummy.",
    ),
    Difference(
        "* > gemini * schema",
        ("+/generationConfig/responseJsonSchema", "+/generationConfig/responseMimeType"),
        "Gemini API, GenerationConfig: both are its members. llm-rosetta puts them beside it, or loses them.",
    ),
    Difference(
        "chat > gemini * schema",
        ("-/responseMimeType", "-/responseSchema"),
        "The same: GenerateContentRequest has no such members.",
    ),
    Difference(
        "* > gemini *",
        ("+/generationConfig/thinkingConfig/includeThoughts",),
        "Gemini API, Thinking: thoughts come only when asked for, and who asks for thought is shown it.",
    ),
    Difference(
        "* > gemini gemini-2.5-flash *",
        (
            "+/generationConfig/thinkingConfig/thinkingBudget",
            "-/generationConfig/thinkingConfig/thinkingLevel",
        ),
        f"Gemini API, Thinking: Gemini 2.5 knows budgets only. {EFFORT}",
    ),
    Difference(
        "chat > gemini gemini-3-pro-preview *",
        ("/generationConfig/thinkingConfig/thinkingLevel",),
        "Gemini API, Thinking: Gemini 3 Pro has the levels LOW and HIGH, and none between them.",
    ),
    Difference(
        "* > gemini *",
        ("-/systemInstruction/role",),
        "Gemini API, GenerateContentRequest: a system instruction has no role.",
    ),
    Difference(
        "messages > chat gpt-4.1 *",
        ("+/max_tokens", "-/max_completion_tokens"),
        "OpenAI, Create chat completion: both say the same to models that do not reason, and other servers of that API"
        " know only the older one.",
    ),
    Difference(
        "* > chat * stream",
        ("+/stream_options",),
        "OpenAI, Create chat completion: without it the stream has no usage, which Anthropic's and the responses"
        " API's clients always get.",
    ),
    Difference("messages > chat * user", ("+/user",), "OpenAI, Create chat completion: user is metadata.user_id."),
    Difference(
        "* > chat * schema",
        ("+/response_format",),
        "OpenAI, Structured outputs: response_format. llm-rosetta loses the schema.",
    ),
    Difference(
        "messages > chat * budget",
        ("+/reasoning_effort",),
        f"OpenAI, Create chat completion: the only way to ask for thought. {EFFORT}",
    ),
    Difference(
        "messages > chat * image*",
        ("-/messages/N/content/N/image_url/detail",),
        "OpenAI, Create chat completion: auto is the default.",
    ),
    Difference("messages > chat * sealed", ("-/messages/N/reasoning_content",), THOUGHT_OF_OTHERS),
    Difference("chat <* messages *", ("/usage/prompt_tokens", "/usage/total_tokens"), ALL_INPUT),
    Difference(
        "chat <* messages *",
        (
            *("+/usage/cache_creation_input_tokens", "+/usage/cache_read_input_tokens"),
            "+/usage/prompt_tokens_details/cache_creation_tokens",
            "+/usage/prompt_tokens_details/cache_write_tokens",
        ),
        "Cache writes have a price of their own: they are named as OpenAI and LiteLLM do. llm-rosetta loses them.",
    ),
    Difference(
        "chat <* messages *",
        ("+/choices/N/message/thinking_blocks",),
        "Anthropic, Extended thinking: a thought goes back with its signature, so the client must have it.",
    ),
    Difference(
        "chat < messages redacted",
        ("+/choices/N/message/reasoning_content",),
        "There was a thought, of which nothing may be read: LiteLLM's reasoning_content is empty then, as ours.",
    ),
    Difference(
        "chat <* messages refusal",
        ("/choices/N/finish_reason",),
        "OpenAI, The chat completion object: an answer that a filter broke off ends with content_filter.",
    ),
    Difference(
        "chat < messages refusal",
        ("-/choices/N/message/refusal",),
        "OpenAI, The chat completion object: refusal is what the model said; Anthropic's classifier says nothing.",
    ),
    Difference(
        "chat << messages *",
        ("+/choices/N/message/content",),
        "OpenAI, The chat completion chunk object: the first delta has the role and an empty content.",
    ),
    Difference("chat <* gemini *", ("/usage/completion_tokens",), THOUGHT_COUNTS),
    Difference(
        "chat << gemini *",
        (
            *("/usage/prompt_tokens", "/usage/total_tokens", "/usage/prompt_tokens_details/cached_tokens"),
            "/usage/completion_tokens_details/reasoning_tokens",
        ),
        CUMULATIVE,
    ),
    Difference(
        "chat << gemini *",
        ("+/choices/N/message/content", "/choices/N/message/content/N/text"),
        "Gemini API: the chunk with the finish reason has text too. llm-rosetta loses that text.",
    ),
    Difference(
        "chat < gemini pieces",
        ("/choices/N/message/content/N/text",),
        "Gemini API, Content: parts are pieces of one message, with nothing between them; llm-rosetta adds a blank.",
    ),
    Difference(
        "chat <* gemini *tool*",
        ("/choices/N/finish_reason",),
        "OpenAI, The chat completion object: tool_calls when a tool was called, for which Google says STOP.",
    ),
    Difference(
        "chat <* gemini tools",
        ("+/choices/N/message/tool_calls/N/extra_content",),
        "Gemini API, OpenAI compatibility: the signature of a call is extra_content.google.thought_signature.",
    ),
    Difference(
        "chat < gemini tools",
        ("-/choices/N/message/tool_calls/N/_provider_metadata",),
        "The same, under a name of llm-rosetta's own.",
    ),
    Difference("messages <* chat *", ("/usage/input_tokens",), ALL_INPUT),
    Difference(
        "messages << chat *",
        ("+/usage/cache_creation_input_tokens",),
        "Anthropic, Create a message: the member is always there, 0 when nothing was written.",
    ),
    Difference(
        "messages <* chat filter",
        ("/stop_reason",),
        "Anthropic, Handling stop reasons: what a filter broke off ends with refusal.",
    ),
    Difference(
        "messages <* chat refusal",
        ("+/content", "-/stop_details"),
        "What the model said is the answer's text, which every client shows; stop_details may be null.",
    ),
    Difference(
        "messages <* chat thought",
        ("+/content/N/signature",),
        "Anthropic, Create a message: a thinking block has a signature; the official library demands it.",
    ),
    Difference(
        "messages < chat *",
        ("-/content/N/caller",),
        "Anthropic, Create a message: a call without a caller is direct.",
    ),
    Difference(
        "messages << chat *tools",
        (
            *("+/content/N", "+/content/N/input/town", "-/content/N/input/zone"),
            *("/content/N/id", "/content/N/name"),
        ),
        "Anthropic, Streaming: each call is a block with an index of its own; llm-rosetta gives two calls one index.",
    ),
]
