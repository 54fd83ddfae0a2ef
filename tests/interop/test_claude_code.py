"""Claude Code against the gateway: before Anthropic's dialect and before OpenAI's, with a tool that it runs itself."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.environments import client_environment, node, node_client
from tests.journeys.anthropic_stage import Body, Claude, Gpt, Reply, Speaker, Turn
from tests.servers import MASTER_KEY, Gatewright, gatewright

pytestmark = pytest.mark.interop

CONFIG = """
model_list:
  - model_name: "claude-*"
    litellm_params: {{model: "anthropic/claude-*", api_base: "{claude}", api_key: sk-ant-upstream}}
  - model_name: claude-that-is-none
    litellm_params: {{model: openai/gpt-x, api_base: "{gpt}", api_key: sk-upstream}}
"""
MARK = "hello-from-the-tool"
COMMAND = Turn("Let me run it.", calls=(("call_1", "Bash", {"command": f"echo {MARK}", "description": "Say hello"}),))


def reply(body: Body) -> Reply:
    """The model asks for the tool once, and then says that it was done."""
    said = json.dumps(body["messages"])
    can_run = "Bash" in json.dumps(body.get("tools") or [])
    return COMMAND if can_run and "call_1" not in said else Turn("It says hello.")


@pytest.fixture(scope="module")
def speakers() -> Iterator[tuple[Claude, Gpt]]:
    claude, gpt = Claude(), Gpt()
    claude.improvises = gpt.improvises = reply
    yield claude, gpt
    claude.close()
    gpt.close()


@pytest.fixture(scope="module")
def house(speakers: tuple[Claude, Gpt], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    folder = tmp_path_factory.mktemp("claude-code")
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(claude=speakers[0].base, gpt=speakers[1].base))
    with gatewright(folder / "data", config=config, workers=1) as found:
        yield found


def test_before_anthropics_dialect(house: Gatewright, speakers: tuple[Claude, Gpt], tmp_path: Path) -> None:
    claude = speakers[0]
    found = run(house, "claude-opus-4-8", tmp_path)
    assert (found["result"], found["num_turns"]) == ("It says hello.", 2)
    assert MARK in result_of(claude)
    assert {sent["model"] for sent in claude.requests} == {"claude-opus-4-8"}
    assert "claude-code" in claude.headers[0]["anthropic-beta"]
    # The judge knows the API without its betas.
    assert all("context_management" in wrong for wrong in claude.wrong)


def test_before_openais_dialect(house: Gatewright, speakers: tuple[Claude, Gpt], tmp_path: Path) -> None:
    gpt = speakers[1]
    found = run(house, "claude-that-is-none", tmp_path)
    assert (found["result"], found["num_turns"]) == ("It says hello.", 2)
    assert MARK in result_of(gpt)
    assert {sent["model"] for sent in gpt.requests} == {"gpt-x"}
    assert gpt.wrong == []


def result_of(speaker: Speaker) -> str:
    """What the model was told of the tool's result."""
    sent = next(sent for sent in speaker.requests if "call_1" in json.dumps(sent["messages"]))
    return json.dumps(sent["messages"][2:])


def run(house: Gatewright, model: str, home: Path) -> Any:
    """One task without a terminal; what Claude Code says of it in the end."""
    script = node_client("claude-code") / "node_modules" / "@anthropic-ai" / "claude-code" / "cli-wrapper.cjs"
    settings = {
        "ANTHROPIC_BASE_URL": house.url,
        "ANTHROPIC_AUTH_TOKEN": MASTER_KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "IS_SANDBOX": "1",
    }
    done = subprocess.run(
        [node(), str(script), "-p", "Say hello", "--model", model, "--allowedTools", "Bash", "--output-format", "json"],
        cwd=home,
        env=client_environment(home / "home", **settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
