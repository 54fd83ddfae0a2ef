"""What `translating.py` translates: one conversation in the three dialects that clients speak, and one stream."""

PIECES = 300
TURNS = 7
QUESTION, RESULT, ANSWER, THANKS = (
    "What is the weather like in Ulm? " * 8,
    '{"sky":"clear","degrees":21}',
    "It is clear, and 21 degrees. " * 8,
    "Thank you.",
)
RULES = "You answer briefly. " * 20
ABOUT = {"name": "weather", "description": "The weather of a town."}
SCHEMA = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}


def chat(model):
    """Thirty messages in OpenAI's format."""
    messages = [{"role": "system", "content": RULES}]
    for turn in range(TURNS):
        call = {
            "id": f"call_{turn}",
            "type": "function",
            "function": {"name": "weather", "arguments": '{"town":"Ulm"}'},
        }
        messages += [
            {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{turn}", "content": RESULT},
            {"role": "assistant", "content": ANSWER},
        ]
    messages.append({"role": "user", "content": THANKS})
    tool = {"type": "function", "function": {**ABOUT, "parameters": SCHEMA}}
    return {"model": model, "max_tokens": 1000, "temperature": 0.5, "messages": messages, "tools": [tool]}


def responses(model):
    """The same as items of OpenAI's responses API."""
    items = []
    for turn in range(TURNS):
        call = f"call_{turn}"
        items += [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": QUESTION}]},
            {"type": "function_call", "call_id": call, "name": "weather", "arguments": '{"town":"Ulm"}'},
            {"type": "function_call_output", "call_id": call, "output": RESULT},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]},
        ]
    items.append({"type": "message", "role": "user", "content": [{"type": "input_text", "text": THANKS}]})
    tool = {"type": "function", **ABOUT, "parameters": SCHEMA, "strict": False}
    given = {"model": model, "instructions": RULES, "input": items, "tools": [tool]}
    return {**given, "max_output_tokens": 1000, "temperature": 0.5}


def messages(model):
    """The same in Anthropic's format."""
    said = []
    for turn in range(TURNS):
        call = f"call_{turn}"
        said += [
            {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": call, "name": "weather", "input": {"town": "Ulm"}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": RESULT}]},
            {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]},
        ]
    said.append({"role": "user", "content": THANKS})
    tool = {**ABOUT, "input_schema": SCHEMA}
    given = {"model": model, "max_tokens": 1000, "temperature": 0.5, "system": RULES}
    return {**given, "messages": said, "tools": [tool]}


REQUESTS = {"chat": chat, "responses": responses, "messages": messages}
MODELS = {
    "chat": "gpt-4.1",
    "responses": "gpt-4.1",
    "messages": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
    "converse": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
}
PAIRS = [(client, provider) for client in REQUESTS for provider in MODELS if client != provider]


def events():
    """A streamed answer of Anthropic's."""
    usage = {"input_tokens": 100, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 0, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [], "usage": usage}
    message |= {"stop_reason": None, "stop_sequence": None}
    text = {"type": "text_delta", "text": "a few words "}
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": text} for _ in range(PIECES)),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 300},
        },
        {"type": "message_stop"},
    ]
