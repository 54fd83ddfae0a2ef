"""Files in the operator's own storage, which a cloud reads with the gateway's credential: not for everybody."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.harness import ASK, Provider, answer, gateway, model

from gatewright.settings.findings import Wrong
from gatewright.settings.params import read_params
from gatewright.storage.database import Database

GEMINI = answer(b'{"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}')
CONVERSE = answer(
    b'{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn",'
    b'"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}'
)
CLOUDS: list[Any] = [
    ("gemini", "gemini-3-flash", {}, "gs://", GEMINI),
    ("vertex_ai", "gemini-3-flash", {"vertex_project": "p"}, "gs://", GEMINI),
    ("bedrock", "us-east-1/anthropic.claude-x", {}, "s3://", CONVERSE),
]
clouds = pytest.mark.parametrize(("provider", "upstream_model", "params", "scheme", "said"), CLOUDS)


def by_chat(uri: str) -> tuple[str, Any]:
    """An image, as LiteLLM's users name one."""
    part = {"type": "image_url", "image_url": {"url": uri, "format": "image/png"}}
    return "/v1/chat/completions", {**ASK, "messages": [{"role": "user", "content": [part]}]}


def by_file(uri: str) -> tuple[str, Any]:
    part = {"type": "file", "file": {"file_id": uri, "format": "application/pdf"}}
    return "/v1/chat/completions", {**ASK, "messages": [{"role": "user", "content": [part]}]}


def by_tool(uri: str) -> tuple[str, Any]:
    """What a tool gave, in Anthropic's words."""
    image = {"type": "image", "source": {"type": "url", "url": uri}}
    call = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [image]}
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": [call]}]
    body = {"model": "chat", "max_tokens": 9, "messages": [*turns, {"role": "user", "content": [result]}]}
    return "/v1/messages", body


def by_responses(uri: str) -> tuple[str, Any]:
    part = {"type": "input_image", "image_url": uri}
    return "/v1/responses", {"model": "chat", "input": [{"role": "user", "content": [part]}]}


def by_counting(uri: str) -> tuple[str, Any]:
    path, body = by_tool(uri)
    return f"{path}/count_tokens", body


@clouds
@pytest.mark.parametrize("ask", [by_chat, by_file, by_tool, by_responses, by_counting])
@pytest.mark.parametrize("allowed", [None, ["gs://ours/shared/", "s3://ours/shared/"]])
async def test_nobody_reads_the_operators_files(
    db: Database,
    tmp_path: Path,
    provider: str,
    upstream_model: str,
    params: Any,
    scheme: str,
    said: bytes,
    ask: Any,
    allowed: list[str] | None,
) -> None:
    told = Provider(said)
    given = {"allowed_file_uris": allowed} if allowed else {}
    async with Upstream(told) as up:
        base = f"http://127.0.0.1:{up.port}"
        entry = model(
            up.port, provider=provider, upstream_model=upstream_model, api_base=base, params={**params, **given}
        )
        async with gateway(db, tmp_path, entry) as made:
            for uri in (
                "ours/secret.png",
                "ours/shared-not/a.png",
                "OURS/shared/a.png",
                "ours/secret.png?ours/shared/",
            ):
                path, body = ask(scheme + uri)
                got = await made.call("POST", path, json.dumps(body).encode())
                if "count_tokens" in path and provider == "bedrock":
                    assert got.status == 200  # counted here: nobody was asked
                    continue
                assert got.status == 400, got.body
                assert b"messages" in got.body or b"input" in got.body
                assert b"allowed_file_uris" in got.body or b"file" in got.body
    assert told.bodies == []


@clouds
async def test_an_administrator_may_let_them(
    db: Database, tmp_path: Path, provider: str, upstream_model: str, params: Any, scheme: str, said: bytes
) -> None:
    told = Provider(said)
    allowed = {"allowed_file_uris": [f"{scheme}ours/shared/"]}
    async with Upstream(told) as up:
        base = f"http://127.0.0.1:{up.port}"
        entry = model(
            up.port, provider=provider, upstream_model=upstream_model, api_base=base, params={**params, **allowed}
        )
        async with gateway(db, tmp_path, entry) as made:
            path, body = by_chat(f"{scheme}ours/shared/a.png")
            got = await made.call("POST", path, json.dumps(body).encode())
    assert got.status == 200, got.body
    assert f"{scheme}ours/shared/a.png".encode() in told.bodies[0]


async def test_azure_reads_no_index_with_its_own_identity(db: Database, tmp_path: Path) -> None:
    told = Provider(answer())
    identity = {"type": "system_assigned_managed_identity"}
    source = {"type": "azure_search", "parameters": {"index_name": "salaries", "authentication": identity}}
    async with Upstream(told) as up:
        entry = model(up.port, provider="azure", api_base=f"http://127.0.0.1:{up.port}")
        async with gateway(db, tmp_path, entry) as made:
            got = await made.chat({**ASK, "data_sources": [source]})
    assert (got.status, got.error["param"], told.bodies) == (400, "data_sources", [])


@pytest.mark.parametrize("given", [["gs://"], ["gs://b/"], "gs://b/c/, s3://d/"])
def test_what_may_be_allowed(given: Any) -> None:
    found = read_params({"allowed_file_uris": given}, "vertex_ai").values["allowed_file_uris"]
    assert all(uri.endswith("/") for uri in found)


@pytest.mark.parametrize("given", [["gs://bucket"], ["gs://b/c"], ["https://a/"], [""], {"gs://b/": 1}, ["gs://b/ /"]])
def test_what_may_not_be_allowed(given: Any) -> None:
    with pytest.raises(Wrong):
        read_params({"allowed_file_uris": given}, "vertex_ai")
