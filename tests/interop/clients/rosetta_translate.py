"""llm-rosetta as a gateway uses it: JSON cases on stdin, what it makes of them on stdout."""

import json
import sys
from typing import Any

from llm_rosetta import (  # type: ignore[import-not-found, unused-ignore]  # in an environment of its own
    ConversionError,
    ConversionPipeline,
    get_shim,
)

Json = dict[str, Any]

DIALECTS = {
    "chat": ("openai_chat", "openai"),
    "messages": ("anthropic", "anthropic"),
    "responses": ("openai_responses", "openai_responses"),
    "gemini": ("google", "google"),
}


def translated(case: Json) -> Any:
    source, _ = DIALECTS[case["client"]]
    target, shim = DIALECTS[case["provider"]]
    model = case["model"]
    line = ConversionPipeline(source, target, target_shim=get_shim(shim), upstream_model=model)
    asked = line.convert_request({"model": model, **case["request"]})
    if case["kind"] == "request":
        return asked
    if case["kind"] == "answer":
        return line.convert_response(case["answer"])
    stream = line.create_stream_processor()
    return [made for event in case["events"] for made in stream.process_chunk(event)]


def outcome(case: Json) -> Json:
    try:
        return {"value": translated(case)}
    except ConversionError as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    json.dump({case["name"]: outcome(case) for case in json.load(sys.stdin)}, sys.stdout)
