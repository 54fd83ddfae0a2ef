"""A request for generateContent. Source: Gemini API reference, "GenerateContentRequest" and "GenerationConfig"."""

from gatewright.translation.carriage import Carriage
from gatewright.translation.gemini.contents import Contents
from gatewright.translation.gemini.family import traits
from gatewright.translation.gemini.thinking import thinking_config
from gatewright.translation.model import Format, Json, Media, Request, Text, Tool, ToolChoice

_PLAIN = {
    "max_tokens": "maxOutputTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
SAFETY = ("safety_settings", "safetySettings")
NATIVE = frozenset({*SAFETY, "modalities", "web_search_options"})
"""Members of a client's body that have no place in the request model and a counterpart here: Google's
`safetySettings`, under LiteLLM's name too, and OpenAI's words for what an answer may hold and for searching the web."""

CARRIED = NATIVE | {
    *_PLAIN,
    *("tools", "tool_choice", "parallel_tools", "format", "reasoning", "stop", "logprobs", "top_logprobs"),
    "service_tier",
}
TIERS = {
    "default": "standard",
    "standard": "standard",
    "standard_only": "standard",
    "flex": "flex",
    "priority": "priority",
}
MODALITIES = {"text": "TEXT", "image": "IMAGE", "audio": "AUDIO"}
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "named": "ANY"}


def write(request: Request, model: str, carriage: Carriage) -> Json:
    """The body. Raises CannotCarry."""
    carriage.carry(CARRIED)
    kind = traits(model)
    body: Json = {"contents": Contents(kind, carriage).write(request)}
    system = _system(request, carriage)
    if system and body["contents"]:
        body["systemInstruction"] = {"parts": system}
    elif system:
        body["contents"] = [{"role": "user", "parts": system}]
    if tools := _tools(request, carriage):
        body["tools"] = tools
    if request.tools and request.tool_choice is not None:
        body["toolConfig"] = {"functionCallingConfig": _choice(request.tool_choice)}
    config = _config(request, carriage)
    if (thinking := thinking_config(request, kind, carriage)) is not None:
        config["thinkingConfig"] = thinking
    if config:
        body["generationConfig"] = config
    if (safety := next((request.unknown[name] for name in SAFETY if name in request.unknown), None)) is not None:
        body["safetySettings"] = safety
    if (tier := _tier(request, carriage)) is not None:
        body["serviceTier"] = tier
    return body


def _system(request: Request, carriage: Carriage) -> list[Json]:
    found: list[Json] = []
    for part in request.system:
        if part.cache is not None:
            carriage.let_go("cache_control")
        if isinstance(part, Media):
            raise carriage.must("system", "Google's API takes text there and no files")
        if isinstance(part, Text) and part.text:
            found.append({"text": part.text})
    return found


def _tools(request: Request, carriage: Carriage) -> list[Json]:
    found: list[Json] = []
    if request.parallel_tools is False and request.tools:
        carriage.lose("parallel_tools")
    if request.tools:
        found.append({"functionDeclarations": [_declaration(tool, carriage) for tool in request.tools]})
    search = request.unknown.get("web_search_options")
    if search is not None:
        if not isinstance(search, dict) or search.keys() - {"search_context_size"}:
            carriage.lose("web_search_options", "Google's search takes no options")
        found.append({"googleSearch": {}})
    return found


def _declaration(tool: Tool, carriage: Carriage) -> Json:
    """The schema goes as it is: `parametersJsonSchema` takes JSON schema, which the older `parameters` does not."""
    if tool.cache is not None:
        carriage.let_go("cache_control")
    if tool.strict:
        carriage.let_go("strict")
    found: Json = {"name": tool.name}
    if tool.description:
        found["description"] = tool.description
    if tool.parameters and not _takes_nothing(tool.parameters):
        found["parametersJsonSchema"] = tool.parameters
    return found


def _takes_nothing(schema: Json) -> bool:
    """A function without parameters has no schema at Google's; an object without properties is refused there."""
    open_ended = schema.get("additionalProperties", False) is not False
    return (
        not schema.get("properties")
        and not open_ended
        and schema.get("type", "object") == "object"
        and not (schema.keys() & {"$ref", "anyOf", "oneOf", "allOf", "patternProperties"})
    )


def _choice(choice: ToolChoice) -> Json:
    found: Json = {"mode": _MODES[choice.mode]}
    if choice.mode == "named":
        found["allowedFunctionNames"] = [choice.name]
    return found


def _config(request: Request, carriage: Carriage) -> Json:
    found: Json = {name: value for member, name in _PLAIN.items() if (value := getattr(request, member)) is not None}
    if request.stop:
        found["stopSequences"] = list(request.stop)
    if request.logprobs:
        found["responseLogprobs"] = True
        if request.top_logprobs:
            found["logprobs"] = request.top_logprobs
    if request.format is not None:
        found |= _format(request.format)
    modalities = request.unknown.get("modalities")
    if modalities is not None:
        words = [MODALITIES.get(word) if isinstance(word, str) else None for word in _listed(modalities)]
        if not words or None in words:
            carriage.lose("modalities", "Google's models answer with text, image and audio")
        else:
            found["responseModalities"] = words
    return found


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _format(wanted: Format) -> Json:
    """The schema goes as it is; a description goes into it, where it has none."""
    found: Json = {"responseMimeType": "application/json"}
    if wanted.schema is not None:
        described = {"description": wanted.description} if wanted.description else {}
        found["responseJsonSchema"] = {**described, **wanted.schema}
    return found


def _tier(request: Request, carriage: Carriage) -> str | None:
    if request.service_tier in (None, "auto"):
        return None
    found = TIERS.get(request.service_tier)
    if found is None:
        carriage.lose("service_tier", "Google's API has the tiers default, flex and priority")
    return found
