"""`gatewright check-config`: what a person and a script see of a configuration, good and bad."""

import json
from pathlib import Path

import pytest

from .conftest import Cli

GOOD = """model_list:
  - model_name: gpt
    litellm_params: {model: openai/gpt-4o, api_key: os.environ/MY_KEY}
general_settings: {master_key: os.environ/MASTER}
"""
KEYS = {"MY_KEY": "sk-provider-secret", "MASTER": "sk-acme-9f83-not-for-real"}
DOUBTFUL = GOOD + "litellm_settings: {num_retry: 3, callbacks: [langfuse], num_retries: 1}\n"
BAD = """model_list:
  - model_name: gpt
    litellm_params: {model: openai/gpt-4o, rpm: many}
  - model_name: other
    litellm_params: {model: gorq/llama}
"""


@pytest.fixture
def config(cli: Cli) -> Path:
    return cli.home / "config.yaml"


def test_a_good_file_is_summed_up(cli: Cli, config: Path) -> None:
    config.write_text(GOOD)
    done = cli("check-config", "config.yaml", env=KEYS)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["MODEL", "PROVIDER", "ITS", "NAME", "THERE", "ADDRESS", "CREDENTIAL", "PRICE"]
    assert lines[1].split() == [
        "gpt",
        "openai",
        "gpt-4o",
        "https://api.openai.com/v1",
        "api_key",
        "the",
        "price",
        "table",
    ]
    assert any(line.startswith("general_settings.master_key") and "works" in line for line in lines)
    assert lines[-1] == "config.yaml: 1 model, no errors, no warnings"
    assert "secret" not in done.out
    assert not (cli.home / ".local").exists(), "it is to write nothing"


def test_warnings_fail_when_that_is_asked_for(cli: Cli, config: Path) -> None:
    config.write_text(DOUBTFUL)
    done = cli("check-config", env={**KEYS, "GATEWRIGHT_CONFIG": str(config)})
    assert done.code == 0
    assert done.out.splitlines()[:2] == [
        "warning: config.yaml line 5: litellm_settings.num_retry is not known; it has no effect. "
        "Did you mean num_retries?",
        "warning: config.yaml line 5: litellm_settings.callbacks is LiteLLM's and not supported; it has no effect",
    ]
    assert done.out.splitlines()[-1] == "config.yaml: 1 model, no errors, 2 warnings"
    assert cli("check-config", "--strict", str(config), env=KEYS).code == 1


def test_every_error_is_said_with_its_place_and_its_fix(cli: Cli, config: Path) -> None:
    config.write_text(BAD)
    done = cli("check-config", "config.yaml")
    assert done.code == 1
    assert done.out.splitlines()[:4] == [
        "error: model_list[0].litellm_params.rpm (config.yaml line 3): 'many' is not a whole number.",
        "  hint: Write digits only.",
        "error: model_list[1].litellm_params.model (config.yaml line 5): the provider 'gorq' is not supported.",
        next(line for line in done.out.splitlines() if line.startswith("  hint: Did you mean groq?")),
    ]
    assert done.out.splitlines()[-1] == "config.yaml: no models, 2 errors, no warnings"


def test_what_only_the_start_would_find_is_found_too(cli: Cli, config: Path) -> None:
    config.write_text(GOOD + "environment_variables: {DATABASE_URL: mysql://x/y}\n")
    done = cli("check-config", "config.yaml", env={**KEYS, "MY_KEY": "sk-\u00e4\u00f6\u20ac"})
    assert done.code == 1
    assert "error: DATABASE_URL (environment): the scheme 'mysql' is not a database" in done.out
    assert "error: model_list (gpt).api_key" in done.out


def test_json_is_for_scripts(cli: Cli, config: Path) -> None:
    config.write_text(DOUBTFUL.replace("os.environ/MY_KEY", "[1]"))
    done = cli("check-config", "config.yaml", "--json", env=KEYS)
    report = json.loads(done.out)
    assert done.code == 1
    assert report["file"] == "config.yaml"
    assert report["errors"] == [
        {
            "name": "model_list[0].litellm_params.api_key",
            "source": "config.yaml line 3",
            "line": 3,
            "problem": "it is a list",
            "fix": "Write one value",
        }
    ]
    assert [(one["kind"], one["name"], one["line"]) for one in report["warnings"]] == [
        ("unknown", "litellm_settings.num_retry", 5),
        ("absent", "litellm_settings.callbacks", 5),
    ]
    statuses = {one["name"]: one["status"] for one in report["keys"]}
    assert statuses["litellm_settings.num_retry"] == "unknown"
    assert statuses["litellm_settings.callbacks"] == "absent"
    assert statuses["litellm_settings.num_retries"] == "works"


def test_a_file_that_is_not_there_is_an_error(cli: Cli) -> None:
    done = cli("check-config", "nowhere.yaml")
    assert done.code == 1
    assert "error: --config (nowhere.yaml): the file cannot be read (No such file or directory)." in done.out


def test_without_a_file_the_environment_alone_is_looked_at(cli: Cli) -> None:
    done = cli("check-config", env={"GATEWRIGHT_PORT": "many"})
    assert done.code == 1
    assert "error: GATEWRIGHT_PORT (environment): 'many' is not a whole number." in done.out
    assert done.out.splitlines()[-1] == "the environment alone: no models, 1 error, no warnings"
