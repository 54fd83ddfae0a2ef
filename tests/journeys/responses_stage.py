"""A model provider that says in OpenAI's responses dialect what a test lets it say, and judges what it is sent."""

import json
from typing import Any

from tests.journeys.anthropic_stage import Body, Breaking, Failure, Speaker, Turn
from tests.unit.translation.conformance import openai_responses as wire


class Oracle(Speaker):
    """Speaks OpenAI's responses."""

    def judge(self, path: str, body: Body) -> None:
        assert path == "/v1/responses"
        # What the client wrote passes through: an item that it sends back has an id, and members of its SDK's own.
        if isinstance(body["input"], list) and not any("id" in item for item in body["input"]):
            wire.judge_request(body)

    def whole(self, turn: Turn) -> Body:
        output: list[Body] = []
        if turn.thought:
            summary = [{"type": "summary_text", "text": turn.thought}]
            output.append({**wire.THOUGHT, "summary": summary, "encrypted_content": turn.signature})
        if turn.text:
            output.append(wire.message(turn.text))
        output += [_call(index, *call) for index, call in enumerate(turn.calls)]
        return wire.response("completed", output, wire.used(12, 9))

    def stream(self, turn: Turn) -> bytes:
        return wire.stream_of(self.whole(turn))

    def error(self, failure: Failure) -> Body:
        return {"error": {"message": failure.message, "type": failure.kind, "param": None, "code": None}}

    def breaking(self, reply: Breaking) -> tuple[bytes, bytes]:
        whole = self.stream(Turn(reply.text))
        return whole[: whole.index(b"event: response.output_text.done")], wire.event(
            "error", code="overloaded", message=reply.message, param=None
        )


def _call(index: int, call_id: str, name: str, given: Body) -> dict[str, Any]:
    return {
        "id": f"fc_{index}",
        "type": "function_call",
        "status": "completed",
        "call_id": call_id,
        "name": name,
        "arguments": json.dumps(given),
    }
