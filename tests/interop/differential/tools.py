"""Two tools in the words of each dialect."""

from typing import Any

Json = dict[str, Any]

HELLO: Json = {"role": "user", "content": "Hello."}
TOWN = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
ZONE = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}
TOOLS = {"weather": TOWN, "clock": ZONE}

CHAT_TOOLS = [
    {"type": "function", "function": {"name": name, "description": f"Gives {name}.", "parameters": parameters}}
    for name, parameters in TOOLS.items()
]
MESSAGES_TOOLS = [
    {"name": name, "description": f"Gives {name}.", "input_schema": parameters} for name, parameters in TOOLS.items()
]
RESPONSES_TOOLS = [
    {"type": "function", "name": name, "description": f"Gives {name}.", "parameters": parameters, "strict": False}
    for name, parameters in TOOLS.items()
]
