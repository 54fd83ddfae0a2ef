"""opencode with a tool call, on a provider that speaks OpenAI's chat completions.

Where npm does not give it out the test is skipped: it is large, and not ours to ship.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.environments import client_environment, node_client
from tests.servers import MASTER_KEY, Gatewright, Upstream, gatewright, write_chunk

pytestmark = pytest.mark.interop

QUESTION = "What is the answer?"
MARK = "made-by-the-tool.txt"


@pytest.fixture(scope="module")
def model() -> Iterator[Upstream]:
    found = Upstream()
    found.answer = tool_then_answer
    yield found
    found.close()


@pytest.fixture(scope="module")
def agents_server(model: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    folder = tmp_path_factory.mktemp("agents")
    config = folder / "config.yaml"
    config.write_text(f"""
model_list:
  - model_name: house
    litellm_params: {{model: openai/real, api_base: "{model.base}", api_key: sk-upstream}}
""")
    with gatewright(folder / "data", config=config) as found:
        yield found


def tool_then_answer(handler: Any, body: dict[str, Any]) -> None:
    """Asks for the agent's shell once, then answers; anything that is not streamed is a title."""
    tools = {tool["function"]["name"].lower(): tool["function"]["name"] for tool in body.get("tools", [])}
    shell = tools.get("bash")
    if shell and not any(message["role"] == "tool" for message in body["messages"]):
        arguments = json.dumps({"command": f"echo done > {MARK}", "description": "Makes a file"})
        call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": shell, "arguments": ""}}
        more = {"index": 0, "function": {"arguments": arguments}}
        deltas = [{"role": "assistant", "tool_calls": [call]}, {"tool_calls": [more]}]
        finish = "tool_calls"
    else:
        deltas, finish = [{"role": "assistant", "content": "It is "}, {"content": "forty-two."}], "stop"
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "real"}
    chunks = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    usage = {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59}
    chunks.append({**base, "choices": [], "usage": usage})
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for chunk in chunks:
        write_chunk(handler, b"data: " + json.dumps(chunk).encode() + b"\n\n")
    write_chunk(handler, b"data: [DONE]\n\n")
    write_chunk(handler, b"")


def test_opencode_uses_a_tool_and_answers(agents_server: Gatewright, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    options = {"baseURL": f"{agents_server.url}/v1", "apiKey": MASTER_KEY}
    provider = {"npm": "@ai-sdk/openai-compatible", "name": "gw", "options": options, "models": {"house": {}}}
    settings = {"provider": {"gw": provider}, "model": "gw/house", "autoupdate": False, "share": "disabled"}
    (work / "opencode.json").write_text(json.dumps(settings))
    program = agent("opencode", "opencode-*/bin/opencode")
    said = run([str(program), "run", QUESTION], work, client_environment(tmp_path / "home"))
    assert "forty-two" in said
    assert (work / MARK).read_text() == "done\n"


def agent(name: str, program: str) -> Path:
    """The agent's program: that of its package for this machine, found by a pattern. A skip where it cannot be had."""
    try:
        folder = node_client(name)
    except pytest.fail.Exception as error:
        pytest.skip(f"{name} is not to be had here: {error}")
    found = sorted((folder / "node_modules").glob(program))
    if not found:
        pytest.skip(f"{name} has no program for this machine")
    return found[0]


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What the agent said, its errors included."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
