"""Gatewright's translation of a case: the same halves, in the same order, as for a request to the gateway."""

import base64
import json
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.carriage import Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import AnswerBroken
from gatewright.translation.model import Heading
from gatewright.translation.registry import client_half, provider_half

Json = dict[str, Any]
DIALECTS = {
    "chat": Dialect.CHAT,
    "messages": Dialect.MESSAGES,
    "responses": Dialect.RESPONSES,
    "gemini": Dialect.GEMINI,
    "converse": Dialect.CONVERSE,
}
_split = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def translated(case: Json) -> Json:
    """`value`, or `error` where it is refused."""
    client, provider = client_half(DIALECTS[case["client"]]), provider_half(DIALECTS[case["provider"]])
    request = client.read(_split(json.dumps({"model": "public", **case["request"]}).encode()))
    try:
        if case["kind"] == "request":
            body = provider.write(request, case["model"], Carriage(request, drop=False, where="That API"))
            return {"value": json.loads(msgspec.json.encode(body))}
        heading = Heading("req-1", "public", 1_700_000_000, request)
        data = base64.b64decode(case["wire"])
        if case["kind"] == "answer":
            return {"value": json.loads(client.write(provider.read(data), heading))}
    except (BadInput, AnswerBroken) as error:
        return {"error": str(error)}
    reader, writer = provider.reader(), client.writer(heading)
    out = writer.write(reader.feed(data)) + writer.write(reader.finish()) + writer.finish()
    return {"value": server_sent(out.decode())}


def server_sent(text: str) -> list[Json]:
    """The JSON of a stream's events."""
    lines = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line and line != "[DONE]"]
