"""LiteLLM before a provider of its own process: JSON cases on stdin, what it sends and answers on stdout.

Run with LITELLM_LOCAL_MODEL_COST_MAP=true, so that it fetches nothing.
"""

import asyncio
import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import litellm  # type: ignore[import-not-found, unused-ignore]  # in an environment of its own
from openai import OpenAIError

Json = dict[str, Any]

litellm.telemetry = False
litellm.suppress_debug_info = True
litellm.use_chat_completions_url_for_anthropic_messages = True


class Provider(BaseHTTPRequestHandler):
    """Keeps what it is asked and answers with the case's bytes."""

    answer: bytes = b""
    kind: str = ""
    asked: Json | None = None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Provider.asked = json.loads(body)
        self.send_response(200)
        self.send_header("Content-Type", Provider.kind)
        self.send_header("Content-Length", str(len(Provider.answer)))
        self.end_headers()
        self.wfile.write(Provider.answer)

    def log_message(self, *_arguments: Any) -> None:
        pass


def provider_options(case: Json, base: str) -> Json:
    model = case["model"]
    return {
        "chat": {"model": f"openai/{model}", "api_base": f"{base}/v1", "api_key": "sk-x"},
        "messages": {"model": f"anthropic/{model}", "api_base": base, "api_key": "sk-x"},
        "gemini": {"model": f"gemini/{model}", "api_base": base, "api_key": "x"},
        "converse": {
            "model": f"bedrock/converse/{model}",
            "aws_bedrock_runtime_endpoint": base,
            "aws_region_name": "us-east-1",
            "aws_access_key_id": "AKIDEXAMPLE",
            "aws_secret_access_key": "x",
        },
    }[case["provider"]]


async def called(case: Json, base: str) -> Any:
    options = case["request"] | provider_options(case, base) | {"num_retries": 0, "max_retries": 0}
    match case["client"]:
        case "chat":
            return await litellm.acompletion(**options)
        case "messages":
            options.pop("max_retries")
            return await litellm.anthropic.messages.acreate(**options)
        case _:
            return await litellm.aresponses(use_chat_completions_api=True, **options)


async def translated(case: Json, base: str) -> Any:
    Provider.answer, Provider.kind, Provider.asked = base64.b64decode(case["wire"]), case["content_type"], None
    answer = None
    try:
        answer = await called(case, base)
        if hasattr(answer, "__aiter__"):
            answer = [plain(chunk) async for chunk in answer]
    except OpenAIError:
        if case["kind"] != "request" or Provider.asked is None:
            raise
    return Provider.asked if case["kind"] == "request" else plain(answer)


def plain(found: Any) -> Any:
    """JSON of what it gives: its own objects, bytes of a stream, or plain members."""
    if isinstance(found, bytes):
        return found.decode()
    return found.model_dump(mode="json") if hasattr(found, "model_dump") else found


async def outcomes(cases: list[Json], base: str) -> Json:
    found: Json = {}
    for case in cases:
        try:
            found[case["name"]] = {"value": await translated(case, base)}
        except OpenAIError as error:
            found[case["name"]] = {"error": f"{type(error).__name__}: {error}"}
    return found


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    Thread(target=server.serve_forever, daemon=True).start()
    out, sys.stdout = sys.stdout, sys.stderr
    made = asyncio.run(outcomes(json.load(sys.stdin), f"http://127.0.0.1:{server.server_address[1]}"))
    server.shutdown()
    json.dump(made, out)
