"""Why an answer ended, in Anthropic's words and in the model's. Source: "Handling stop reasons"."""

from gatewright.translation.model import Finish

FINISHES = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP_SEQUENCE,
    "max_tokens": Finish.LENGTH,
    "tool_use": Finish.TOOL_CALLS,
    "pause_turn": Finish.PAUSE,
    "compaction": Finish.PAUSE,
    "refusal": Finish.CONTENT_FILTER,  # of a classifier, not of the model
    "model_context_window_exceeded": Finish.CONTEXT_FULL,
}
REASONS = {
    Finish.STOP: "end_turn",
    Finish.STOP_SEQUENCE: "stop_sequence",
    Finish.LENGTH: "max_tokens",
    Finish.TOOL_CALLS: "tool_use",
    Finish.CONTENT_FILTER: "refusal",
    Finish.REFUSAL: "refusal",
    Finish.PAUSE: "pause_turn",
    Finish.CONTEXT_FULL: "model_context_window_exceeded",
}


def finish_of(reason: str | None) -> Finish:
    """The model's word; an end that we do not know is one like any other."""
    return FINISHES.get(reason or "", Finish.STOP)


def reason_of(finish: Finish, *, called: bool) -> str:
    """Anthropic's word. `called`: the answer has tool calls, which providers do not always give as the reason."""
    return "tool_use" if called and finish is Finish.STOP else REASONS[finish]
