"""What a client says that means nothing is refused by nobody: libraries write defaults into every request."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.harness import Provider, answer, gateway, model

from gatewright.storage.database import Database

CHAT: dict[str, Any] = {
    "messages": [{"role": "user", "content": "Hi"}],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "verbosity": "medium",
    "n": 1,
    "logprobs": False,
    "top_logprobs": 0,
    "presence_penalty": 0,
    "frequency_penalty": 0.0,
    "logit_bias": {},
    "stop": [],
    "store": False,
    "service_tier": "auto",
    "response_format": {"type": "text"},
    "modalities": ["text"],
    "stream": False,
    "tools": [],
    "seed": None,
}
RESPONSES: dict[str, Any] = {
    "input": "Hi",
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "truncation": "disabled",
    "background": False,
    "store": False,
    "service_tier": "auto",
    "top_logprobs": 0,
    "tools": [],
    "include": [],
}
TOOL = {"name": "f", "parameters": {"type": "object"}}
PROVIDERS = [
    ("anthropic", "claude-opus-4-7", {"max_tokens": 9}),
    ("gemini", "gemini-3-flash", {}),
    ("vertex_ai", "claude-sonnet-4-5", {"vertex_project": "p"}),
    ("bedrock", "us-east-1/amazon.nova-pro-v1:0", {}),
    ("bedrock", "us-east-1/anthropic.claude-opus-4-7", {}),
    ("mistral", "mistral-large", {}),
    ("cohere", "command-a", {}),
]


@pytest.mark.parametrize(("provider", "upstream_model", "params"), PROVIDERS, ids=[f"{a}-{b}" for a, b, _ in PROVIDERS])
@pytest.mark.parametrize("path", ["chat/completions", "responses"])
@pytest.mark.parametrize("with_tools", [False, True])
async def test_defaults_are_not_refused(
    db: Database, tmp_path: Path, provider: str, upstream_model: str, params: Any, path: str, with_tools: bool
) -> None:
    told = Provider(answer(b"{}", "418 Teapot"))
    async with Upstream(told) as up:
        entry = model(
            up.port,
            provider=provider,
            upstream_model=upstream_model,
            api_base=f"http://127.0.0.1:{up.port}",
            params=params,
        )
        async with gateway(db, tmp_path, entry) as made:
            body = {"model": "chat", **(CHAT if path == "chat/completions" else RESPONSES)}
            if with_tools:
                body["tools"] = [{"type": "function", **({"function": TOOL} if "messages" in body else TOOL)}]
            got = await made.call("POST", f"/v1/{path}", json.dumps(body).encode())
    assert told.bodies, got.body


async def test_what_is_not_the_default_is_refused(db: Database, tmp_path: Path) -> None:
    entry = {"provider": "gemini", "upstream_model": "gemini-3-flash"}
    for member, value in (("verbosity", "low"), ("parallel_tool_calls", False)):
        async with Upstream(Provider(answer())) as up, gateway(db, tmp_path, model(up.port, **entry)) as made:
            tools = [{"type": "function", "function": TOOL}]
            ask = {"model": "chat", "messages": CHAT["messages"], "tools": tools, member: value}
            got = await made.call("POST", "/v1/chat/completions", json.dumps(ask).encode())
        assert (got.status, got.error["param"]) == (400, member)
