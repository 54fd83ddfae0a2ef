"""Two model providers that say what a test lets them say, in Anthropic's dialect and in OpenAI's, and judge requests.

What they are sent must be what the provider's own library would send.
"""

import json
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.servers import Upstream, send_json, write_chunk
from tests.unit.translation.anthropic_messages.judge import accept_count, accept_request
from tests.unit.translation.conformance import anthropic_messages, openai_chat

Body = dict[str, Any]


class Turn(NamedTuple):
    """What a model says. `calls` are ids, names and arguments of tools."""

    text: str = ""
    thought: str = ""
    signature: str = ""
    calls: tuple[tuple[str, str, Body], ...] = ()


class Failure(NamedTuple):
    """What a provider answers instead."""

    status: int
    kind: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


class Breaking(NamedTuple):
    """A stream that says a little and then fails."""

    text: str
    message: str


Reply = Turn | Failure | Breaking


class Speaker(Upstream):
    """A provider. `says` queues its replies, `improvises` makes those that nobody queued; `wrong` holds what the judge
    found in the requests.
    """

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.improvises: Callable[[Body], Reply] | None = None
        self._replies: deque[Reply] = deque()
        self.answer = self._answer

    def says(self, *replies: Reply) -> None:
        self.forget()
        self._replies.extend(replies)
        self.wrong.clear()
        self.answer = self._answer

    def judge(self, path: str, body: Body) -> None:
        raise NotImplementedError

    def whole(self, turn: Turn) -> Body:
        raise NotImplementedError

    def stream(self, turn: Turn) -> bytes:
        raise NotImplementedError

    def error(self, failure: Failure) -> Body:
        raise NotImplementedError

    def breaking(self, reply: Breaking) -> tuple[bytes, bytes]:
        """The beginning and the end of the stream."""
        raise NotImplementedError

    def _answer(self, handler: Any, body: Body) -> None:
        try:
            self.judge(handler.path, body)
        except Exception as error:  # noqa: BLE001 (told to the test, in another thread)
            self.wrong.append(f"{error}\n{json.dumps(body)[:2000]}")
        if handler.path.endswith("/count_tokens"):
            send_json(handler, 200, {"input_tokens": 2095})
            return
        reply = self._replies.popleft() if self._replies or self.improvises is None else self.improvises(body)
        match reply:
            case Failure():
                _send_failure(handler, reply, self.error(reply))
            case Breaking():
                first, rest = self.breaking(reply)
                _begin(handler)
                write_chunk(handler, first)
                assert self.hold.wait(20)
                write_chunk(handler, rest)
                write_chunk(handler, b"")
            case _ if body.get("stream"):
                _begin(handler)
                for event in self.stream(reply).split(b"\n\n")[:-1]:
                    write_chunk(handler, event + b"\n\n")
                write_chunk(handler, b"")
            case _:
                send_json(handler, 200, self.whole(reply))


class Claude(Speaker):
    """Speaks Anthropic's dialect."""

    def judge(self, path: str, body: Body) -> None:
        judges: dict[str, Callable[[Body], None]] = {
            "/v1/messages": accept_request,
            "/v1/messages/count_tokens": accept_count,
        }
        judges[path](body)

    def whole(self, turn: Turn) -> Body:
        content: list[Body] = []
        if turn.thought:
            content.append({"type": "thinking", "thinking": turn.thought, "signature": turn.signature})
        if turn.text:
            content.append(anthropic_messages.said(turn.text))
        content += [{"type": "tool_use", "id": at, "name": name, "input": given} for at, name, given in turn.calls]
        reason = "tool_use" if turn.calls else "end_turn"
        return anthropic_messages.message(content, reason, anthropic_messages.used(12, 9))

    def stream(self, turn: Turn) -> bytes:
        return anthropic_messages.stream_of(self.whole(turn))

    def error(self, failure: Failure) -> Body:
        return {"type": "error", "error": {"type": failure.kind, "message": failure.message}, "request_id": "req_1"}

    def breaking(self, reply: Breaking) -> tuple[bytes, bytes]:
        whole = self.stream(Turn(reply.text))
        failed = {"type": "overloaded_error", "message": reply.message}
        end = whole.index(b"event: content_block_stop")
        return whole[:end], anthropic_messages.event("error", error=failed)


class Gpt(Speaker):
    """Speaks OpenAI's chat completions."""

    def judge(self, path: str, body: Body) -> None:
        assert path == "/v1/chat/completions"
        openai_chat.judge_request(body)

    def whole(self, turn: Turn) -> Body:
        message: Body = {"content": turn.text or None}
        if turn.thought:
            message["reasoning_content"] = turn.thought
        if turn.calls:
            message["tool_calls"] = [_call(*call) for call in turn.calls]
        found: Body = json.loads(
            openai_chat.completion(message, "tool_calls" if turn.calls else "stop", openai_chat.used(12, 9))
        )
        return found

    def stream(self, turn: Turn) -> bytes:
        chunks = [openai_chat.ROLE]
        chunks += [openai_chat.chunk({"reasoning_content": word + " "}) for word in turn.thought.split()]
        chunks += [openai_chat.chunk({"content": turn.text[at : at + 4]}) for at in range(0, len(turn.text), 4)]
        for index, call in enumerate(turn.calls):
            begun = _call(*call)
            given, begun["function"]["arguments"] = begun["function"]["arguments"], ""
            chunks.append(openai_chat.chunk({"tool_calls": [{"index": index, **begun}]}))
            chunks += [
                openai_chat.chunk({"tool_calls": [{"index": index, "function": {"arguments": given[at : at + 5]}}]})
                for at in range(0, len(given), 5)
            ]
        chunks.append(openai_chat.chunk({}, "tool_calls" if turn.calls else "stop"))
        return b"".join([*chunks, openai_chat.usage_chunk(openai_chat.used(12, 9)), openai_chat.DONE])

    def error(self, failure: Failure) -> Body:
        return {"error": {"message": failure.message, "type": failure.kind, "param": None, "code": None}}

    def breaking(self, reply: Breaking) -> tuple[bytes, bytes]:
        begun = openai_chat.ROLE + openai_chat.chunk({"content": reply.text})
        failed = {"error": {"message": reply.message, "code": "overloaded"}}
        return begun, b"data: " + json.dumps(failed).encode() + b"\n\n"


def _call(at: str, name: str, given: Body) -> Body:
    return {"id": at, "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}


def _begin(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()


def _send_failure(handler: Any, failure: Failure, body: Body) -> None:
    raw = json.dumps(body).encode()
    handler.send_response(failure.status)
    for name, value in (("content-type", "application/json"), ("content-length", str(len(raw))), *failure.headers):
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(raw)
