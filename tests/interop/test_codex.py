"""Codex against the gateway: before chat completions, Anthropic's messages and responses, with tools that it runs."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.interop.environments import client_environment, node, node_client
from tests.journeys.anthropic_stage import Breaking, Claude, Gpt, Speaker, Turn
from tests.journeys.responses_stage import Oracle
from tests.servers import MASTER_KEY, Gatewright, gatewright

pytestmark = pytest.mark.interop

TASK_S = 120
CONFIG = """
model_list:
  - model_name: house
    litellm_params: {{model: openai/gpt-x, api_base: "{gpt}", api_key: sk-upstream}}
  - model_name: gpt-5.5
    litellm_params: {{model: openai/gpt-x, api_base: "{gpt}", api_key: sk-upstream}}
  - model_name: gpt-6.1-sol
    litellm_params: {{model: openai/gpt-x, api_base: "{gpt}", api_key: sk-upstream}}
  - model_name: claude
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_base: "{claude}", api_key: sk-ant-upstream}}
  - model_name: oracle
    litellm_params: {{model: openai/gpt-6, api_base: "{oracle}", api_key: sk-upstream}}
    model_info: {{mode: responses}}
"""
PROVIDER = """
model_provider = "house"
sandbox_mode = "danger-full-access"
approval_policy = "never"
[model_providers.house]
name = "Gatewright"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "GATEWRIGHT_KEY"
stream_max_retries = 0
"""
MARK = "made-by-a-model"
COMMAND = ("call_1", "exec_command", {"cmd": f"echo {MARK} > made.txt; cat made.txt"})
PATCH = f"*** Begin Patch\n*** Add File: made.txt\n+{MARK}\n*** End Patch\n"
BEHIND = {"house": "gpt", "gpt-5.5": "gpt", "gpt-6.1-sol": "gpt", "claude": "claude", "oracle": "oracle"}


class Codex:
    """Codex in a folder of its own, before a gateway with a model of each kind."""

    def __init__(self, house: Gatewright, speakers: dict[str, Speaker], folder: Path) -> None:
        self.speakers = speakers
        self.work = folder / "work"
        self.work.mkdir()
        self._environment = client_environment(folder / "home", GATEWRIGHT_KEY=MASTER_KEY)
        settings = folder / "home" / ".codex"
        settings.mkdir()
        (settings / "config.toml").write_text(PROVIDER.format(url=house.url))
        self._url = house.url

    def run(self, model: str, *options: str) -> tuple[int, list[Any]]:
        """One task without a terminal: how it ended, and what Codex tells of it, event by event."""
        done = self._start("exec", "--json", "--skip-git-repo-check", "-m", model, *options, "Do it.")
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def at_its_own_provider(self, model: str) -> subprocess.CompletedProcess[str]:
        """A task where the gateway's address stands for OpenAI's."""
        options = ["-c", 'model_provider="openai"', "-c", f'openai_base_url="{self._url}/v1"']
        self._start("login", "--with-api-key", typed=MASTER_KEY)
        return self._start("exec", "--skip-git-repo-check", "-m", model, *options, "Do it.")

    def speaker(self, model: str) -> Speaker:
        return self.speakers[BEHIND[model]]

    def _start(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        script = node_client("codex") / "node_modules" / "@openai" / "codex" / "bin" / "codex.js"
        return subprocess.run(
            [node(), str(script), *arguments],
            cwd=self.work,
            env=self._environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=TASK_S,
            check=False,
        )


@pytest.fixture(scope="module")
def speakers() -> Iterator[dict[str, Speaker]]:
    found: dict[str, Speaker] = {"gpt": Gpt(), "claude": Claude(), "oracle": Oracle()}
    yield found
    for speaker in found.values():
        speaker.close()


@pytest.fixture(scope="module")
def house(speakers: dict[str, Speaker], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    folder = tmp_path_factory.mktemp("codex")
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(**{name: speaker.base for name, speaker in speakers.items()}))
    with gatewright(folder / "data", config=config, workers=1) as found:
        yield found


@pytest.fixture
def codex(house: Gatewright, speakers: dict[str, Speaker], tmp_path: Path) -> Iterator[Codex]:
    """No request of ours may be one that the provider's own library would not send."""
    yield Codex(house, speakers, tmp_path)
    assert [speaker.wrong for speaker in speakers.values()] == [[]] * len(speakers)


def said(events: list[Any]) -> list[str]:
    return [event["item"]["text"] for event in events if event.get("item", {}).get("type") == "agent_message"]


@pytest.mark.parametrize("model", ["house", "claude", "oracle"])
def test_a_command_that_a_model_asks_for(codex: Codex, model: str) -> None:
    speaker = codex.speaker(model)
    thought = Turn("Let me run it.", thought="A command, then.", signature="c2VhbA==", calls=(COMMAND,))
    speaker.says(thought, Turn("It is made."))
    status, events = codex.run(model)
    assert (status, said(events)) == (0, ["Let me run it.", "It is made."])
    assert (codex.work / "made.txt").read_text() == f"{MARK}\n"
    thoughts = [event["item"]["text"] for event in events if event.get("item", {}).get("type") == "reasoning"]
    assert [thought.strip() for thought in thoughts] == ["A command, then."]
    assert events[-1]["type"] == "turn.completed"
    assert events[-1]["usage"]["input_tokens"] == 24
    assert len(speaker.requests) == 2
    again = json.dumps(speaker.requests[1])
    assert MARK in again
    assert ("c2VhbA==" in again) == (model != "house")


def test_a_patch_in_plain_text(codex: Codex) -> None:
    """A tool of free text, which chat completions of other providers do not have."""
    codex.speaker("gpt-5.5").says(
        Turn("Let me write it.", calls=(("call_1", "apply_patch", {"input": PATCH}),)), Turn("It is made.")
    )
    status, events = codex.run("gpt-5.5")
    assert (status, said(events)[-1]) == (0, "It is made.")
    assert (codex.work / "made.txt").read_text() == f"{MARK}\n"
    _, again = codex.speaker("gpt-5.5").requests
    assert "grammar" in json.dumps(again["tools"])
    (call,) = [message for message in again["messages"] if message.get("tool_calls")]
    assert json.loads(call["tool_calls"][0]["function"]["arguments"]) == {"input": PATCH}


def test_tools_in_groups_among_the_items(codex: Codex) -> None:
    """As Codex offers them to its newest models: programs that call tools."""
    program = f'const r = await tools.exec_command({{cmd: "echo {MARK} > made.txt"}}); text(JSON.stringify(r));'
    codex.speaker("gpt-6.1-sol").says(
        Turn(calls=(("call_1", "functions__exec", {"input": program}),)), Turn("It is made.")
    )
    status, events = codex.run("gpt-6.1-sol")
    assert (status, said(events)) == (0, ["It is made."])
    assert (codex.work / "made.txt").read_text() == f"{MARK}\n"
    names = [tool["function"]["name"] for tool in codex.speaker("gpt-6.1-sol").requests[0]["tools"]]
    assert {"functions__exec", "collaboration__spawn_agent"} <= set(names)


@pytest.mark.parametrize("model", ["house", "claude"])
def test_a_stream_that_breaks_off_is_told(codex: Codex, model: str) -> None:
    codex.speaker(model).says(Breaking("Half", "Overloaded."))
    codex.speaker(model).hold.set()
    status, events = codex.run(model)
    assert status == 1
    assert "Overloaded." in next(event["message"] for event in events if event["type"] == "error")


def test_errors_before_an_answer_are_told(codex: Codex) -> None:
    codex.speaker("house").says()
    status, events = codex.run("nobody")
    assert status == 1
    assert "does not exist" in events[-1]["error"]["message"]


def test_the_gateway_in_the_place_of_openai(codex: Codex) -> None:
    """Codex asks for a WebSocket there, and takes plain HTTP at once."""
    codex.speaker("house").says(Turn("Hello."))
    done = codex.at_its_own_provider("house")
    assert (done.returncode, done.stdout.strip()) == (0, "Hello.")
    assert "Reconnecting" not in done.stderr


def test_models_are_listed_for_any_version_of_a_client(house: Gatewright) -> None:
    found = httpx2.get(
        f"{house.url}/v1/models?client_version=0.169.0", headers={"authorization": f"Bearer {MASTER_KEY}"}
    )
    assert [model["id"] for model in found.json()["data"]] == list(BEHIND)
