"""How Claude chooses its words. Source: Anthropic API reference, "Create a message"; "Extended thinking"."""

from gatewright.translation.anthropic_messages.thinking_writer import Thought
from gatewright.translation.carriage import Carriage
from gatewright.translation.claude import Traits
from gatewright.translation.model import Json, Request

DEFAULT = 1.0
"""Of temperature and top_p; it may always be left out."""
LOWEST_TOP_P = 0.95
"""With thought. Source: "Extended thinking", feature compatibility."""


def sampling(request: Request, known: Traits, thought: Thought, carriage: Carriage) -> Json:
    """`temperature`, `top_p` and `top_k`. What is the default anyway is left out: many models refuse to hear of it.

    Raises CannotCarry.
    """
    found: Json = {}
    why = None
    if not known.samples:
        why = "it takes no sampling parameters"
    elif thought.wanted:
        why = "it cannot be set while the model is to think"
    if (temperature := request.temperature) is not None and temperature != DEFAULT:
        if why is not None or not 0 <= temperature <= 1:
            carriage.lose("temperature", why or "Anthropic's goes from 0 to 1")
        else:
            found["temperature"] = temperature
    if (top_p := request.top_p) is not None and top_p != DEFAULT:
        if not known.samples or (thought.wanted and top_p < LOWEST_TOP_P):
            carriage.lose("top_p", why)
        elif "temperature" in found and not known.blends:
            carriage.lose("top_p", "it takes either temperature or top_p")
        else:
            found["top_p"] = top_p
    if request.top_k is not None:
        if why is not None:
            carriage.lose("top_k", why)
        else:
            found["top_k"] = request.top_k
    return found
