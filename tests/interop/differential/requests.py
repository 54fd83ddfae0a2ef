"""What clients ask, by a name of its own: `kind` request, the client's dialect, the provider's and the model."""

from collections.abc import Iterable
from typing import Any

from tests.interop.differential.answers import whatever
from tests.interop.differential.tools import CHAT_TOOLS, HELLO, MESSAGES_TOOLS, RESPONSES_TOOLS

Json = dict[str, Any]

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = f"data:image/png;base64,{PIXEL}"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}


def call(number: int, name: str, arguments: str) -> Json:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


CHAT_TURNS: list[Json] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Weather and time in Ulm?"},
    {
        "role": "assistant",
        "content": "Let me look.",
        "tool_calls": [call(1, "weather", '{"town": "Ulm"}'), call(2, "clock", '{"zone": "CET"}')],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": '{"sky": "clear"}'},
    {"role": "tool", "tool_call_id": "call_2", "content": "It is noon."},
    {"role": "assistant", "content": "Clear, and noon."},
    {"role": "user", "content": "And in Bonn?"},
]
FORMAT = {"type": "json_schema", "json_schema": {"name": "report", "schema": SCHEMA, "strict": True}}
SEALED: list[Json] = [
    {"role": "user", "content": "Weather in Ulm?"},
    {
        "role": "assistant",
        "content": "Let me look.",
        "reasoning_content": "I need the weather.",
        "thinking_blocks": [{"type": "thinking", "thinking": "I need the weather.", "signature": "c2VhbA=="}],
        "tool_calls": [call(1, "weather", '{"town": "Ulm"}')],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "clear"},
]
CACHED: list[Json] = [
    {"role": "system", "content": [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}]},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Longer.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "text", "text": "Why?"},
        ],
    },
]

CHAT: dict[str, Json] = {
    "plain": {"messages": [{"role": "system", "content": "Be brief."}, HELLO], "max_tokens": 100},
    "sampling": {"messages": [HELLO], "max_tokens": 100, "temperature": 0.3},
    "nucleus": {"messages": [HELLO], "max_tokens": 100, "top_p": 0.4},
    "unlimited": {"messages": [HELLO]},
    "systems": {
        "messages": [{"role": "system", "content": "One."}, {"role": "developer", "content": "Two."}, HELLO],
        "max_tokens": 100,
    },
    "stop": {"messages": [HELLO], "max_tokens": 100, "stop": ["END", "DONE"]},
    "stop-one": {"messages": [HELLO], "max_tokens": 100, "stop": "END"},
    "user": {"messages": [HELLO], "max_tokens": 100, "user": "u-17"},
    "turns": {"messages": CHAT_TURNS, "max_tokens": 100, "tools": CHAT_TOOLS, "tool_choice": "auto"},
    "required": {"messages": [HELLO], "max_tokens": 100, "tools": CHAT_TOOLS, "tool_choice": "required"},
    "none": {"messages": [HELLO], "max_tokens": 100, "tools": CHAT_TOOLS, "tool_choice": "none"},
    "named": {
        "messages": [HELLO],
        "max_tokens": 100,
        "tools": CHAT_TOOLS,
        "tool_choice": {"type": "function", "function": {"name": "clock"}},
    },
    "one-at-a-time": {"messages": [HELLO], "max_tokens": 100, "tools": CHAT_TOOLS, "parallel_tool_calls": False},
    "empty-tool": {
        "messages": [HELLO],
        "max_tokens": 100,
        "tools": [{"type": "function", "function": {"name": "now"}}],
    },
    "image": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": IMAGE}},
                ],
            }
        ],
        "max_tokens": 100,
    },
    "schema": {"messages": [HELLO], "max_tokens": 100, "response_format": FORMAT},
    "no-effort": {"messages": [HELLO], "max_tokens": 100, "reasoning_effort": "none"},
    "newer-limit": {"messages": [HELLO], "max_completion_tokens": 100},
    "silent-call": {
        "messages": [
            {"role": "user", "content": "Weather in Ulm?"},
            {"role": "assistant", "content": "", "tool_calls": [call(1, "weather", "{}")]},
            {"role": "tool", "tool_call_id": "call_1", "content": ""},
        ],
        "max_tokens": 100,
        "tools": CHAT_TOOLS,
    },
    "effort": {"messages": [HELLO], "max_tokens": 40000, "reasoning_effort": "medium"},
    "sealed": {
        "messages": SEALED,
        "max_tokens": 40000,
        "tools": CHAT_TOOLS,
        "reasoning_effort": "medium",
    },
    "cached": {"messages": CACHED, "max_tokens": 100},
    "stream": {"messages": [HELLO], "max_tokens": 100, "stream": True},
}

MESSAGES_TURNS: list[Json] = [
    {"role": "user", "content": "Weather and time in Ulm?"},
    {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"town": "Ulm"}},
            {"type": "tool_use", "id": "toolu_2", "name": "clock", "input": {"zone": "CET"}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": '{"sky": "clear"}'},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": [{"type": "text", "text": "It is noon."}]},
            {"type": "text", "text": "And in Bonn?"},
        ],
    },
]

MESSAGES: dict[str, Json] = {
    "plain": {"system": "Be brief.", "messages": [HELLO], "max_tokens": 100},
    "sampling": {"messages": [HELLO], "max_tokens": 100, "temperature": 0.3, "top_p": 0.4},
    "system-blocks": {
        "system": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}],
        "messages": [HELLO],
        "max_tokens": 100,
    },
    "stop": {"messages": [HELLO], "max_tokens": 100, "stop_sequences": ["END", "DONE"]},
    "user": {"messages": [HELLO], "max_tokens": 100, "metadata": {"user_id": "u-17"}},
    "turns": {"messages": MESSAGES_TURNS, "max_tokens": 100, "tools": MESSAGES_TOOLS, "tool_choice": {"type": "auto"}},
    "any": {"messages": [HELLO], "max_tokens": 100, "tools": MESSAGES_TOOLS, "tool_choice": {"type": "any"}},
    "none": {"messages": [HELLO], "max_tokens": 100, "tools": MESSAGES_TOOLS, "tool_choice": {"type": "none"}},
    "named": {
        "messages": [HELLO],
        "max_tokens": 100,
        "tools": MESSAGES_TOOLS,
        "tool_choice": {"type": "tool", "name": "clock", "disable_parallel_tool_use": True},
    },
    "image": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                    {"type": "text", "text": "What is it?"},
                ],
            }
        ],
        "max_tokens": 100,
    },
    "image-url": {
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}],
            }
        ],
        "max_tokens": 100,
    },
    "schema": {
        "messages": [HELLO],
        "max_tokens": 100,
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    },
    "budget": {"messages": [HELLO], "max_tokens": 20000, "thinking": {"type": "enabled", "budget_tokens": 8000}},
    "adaptive": {
        "messages": [HELLO],
        "max_tokens": 20000,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
    },
    "sealed": {
        "messages": [
            {"role": "user", "content": "Weather in Ulm?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "I need the weather.", "signature": "c2VhbA=="},
                    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"town": "Ulm"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no such town", "is_error": True}
                ],
            },
        ],
        "max_tokens": 100,
        "tools": MESSAGES_TOOLS,
    },
    "cached": {
        "system": [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}],
        "messages": [HELLO],
        "max_tokens": 100,
    },
    "stream": {"messages": [HELLO], "max_tokens": 100, "stream": True},
}


RESPONSES: dict[str, Json] = {
    "plain": {"input": "Hello.", "instructions": "Be brief.", "max_output_tokens": 100},
    "sampling": {"input": "Hello.", "temperature": 0.3, "top_p": 0.4},
    "turns": {
        "input": [
            {"role": "user", "content": "Weather and time in Ulm?"},
            {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"town": "Ulm"}'},
            {"type": "function_call", "call_id": "call_2", "name": "clock", "arguments": '{"zone": "CET"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "clear"},
            {"type": "function_call_output", "call_id": "call_2", "output": "It is noon."},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Clear, and noon.", "annotations": []}]},
            {"role": "user", "content": [{"type": "input_text", "text": "And in Bonn?"}]},
        ],
        "tools": RESPONSES_TOOLS,
        "tool_choice": "auto",
    },
    "named": {
        "input": "Hello.",
        "tools": RESPONSES_TOOLS,
        "tool_choice": {"type": "function", "name": "clock"},
        "parallel_tool_calls": False,
    },
    "required": {"input": "Hello.", "tools": RESPONSES_TOOLS, "tool_choice": "required"},
    "image": {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is it?"},
                    {"type": "input_image", "image_url": IMAGE, "detail": "low"},
                ],
            }
        ]
    },
    "schema": {
        "input": "Hello.",
        "text": {"format": {"type": "json_schema", "name": "report", "schema": SCHEMA, "strict": True}},
    },
    "effort": {"input": "Hello.", "reasoning": {"effort": "medium"}},
    "stream": {"input": "Hello.", "stream": True},
}


REQUESTS = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES}


def cases() -> list[Json]:
    """Every request, for each of the providers that it is compared before."""
    thoughtful = ("budget", "adaptive")
    ways: list[tuple[str, str, str, Iterable[str]]] = [
        ("chat", "messages", "claude-sonnet-4-5", CHAT),
        ("chat", "messages", "claude-opus-4-8", ("effort", "no-effort", "sealed", "schema")),
        ("chat", "gemini", "gemini-2.5-flash", CHAT),
        ("chat", "gemini", "gemini-3-pro-preview", ("effort", "turns", "sealed", "schema")),
        ("chat", "converse", "anthropic.claude-sonnet-4-5-20250929-v1:0", CHAT),
        ("messages", "chat", "gpt-4.1", MESSAGES.keys() - thoughtful),
        ("messages", "chat", "gpt-5.1", thoughtful),
        # LiteLLM would fetch the image itself.
        ("messages", "gemini", "gemini-2.5-flash", MESSAGES.keys() - {"image-url"}),
        ("responses", "chat", "gpt-5.1", RESPONSES),
        ("responses", "messages", "claude-sonnet-4-5", RESPONSES),
    ]
    return [
        {
            "name": f"{client} > {provider} {model} {name}",
            "kind": "request",
            "client": client,
            "provider": provider,
            "model": model,
            "request": REQUESTS[client][name],
            **whatever(provider, bool(REQUESTS[client][name].get("stream"))),
        }
        for client, provider, model, names in ways
        for name in sorted(names)
    ]
