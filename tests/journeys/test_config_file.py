"""A server that is started from LiteLLM's config.yaml: what stands in the file is what happens."""

from pathlib import Path

import pytest
from tests.servers import MASTER_KEY, Upstream, gatewright, send_json

MODELS = """model_list:
  - model_name: house
    litellm_params:
      model: openai/house-model
      litellm_credential_name: the-house
      extra_headers: {{X-Team: os.environ/TEAM}}
      temperature: 0.25
      extra_body: {{seed_of_house: 7}}
    model_info: {{id: house-1, input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
credential_list:
  - credential_name: the-house
    credential_values: {{api_key: os.environ/HOUSE_KEY, api_base: "{base}"}}
"""
CONFIG = """include: [models.yaml]
model_list:
  - model_name: broken
    litellm_params: {{model: openai/broken-model, api_key: sk-broken, api_base: "{base}"}}
litellm_settings:
  num_retries: 0
  num_retry: 2
router_settings:
  fallbacks: [{{broken: [house]}}]
  model_group_alias: {{home: house}}
general_settings:
  max_request_size_mb: "1"
  alerting: [slack]
environment_variables:
  TEAM: platform
"""


def answer(handler: object, body: dict[str, object]) -> None:
    """One deployment works and the other does not."""
    if body["model"] == "broken-model":
        send_json(handler, 500, {"error": {"message": "broken", "type": "server_error"}})
        return
    usage = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    send_json(handler, 200, {"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage})


@pytest.fixture
def config(tmp_path: Path, upstream: Upstream) -> Path:
    upstream.answer = answer
    (tmp_path / "models.yaml").write_text(MODELS.format(base=upstream.base))
    (tmp_path / "config.yaml").write_text(CONFIG.format(base=upstream.base))
    return tmp_path / "config.yaml"


def test_what_stands_in_the_file_happens(tmp_path: Path, config: Path, upstream: Upstream) -> None:
    with (
        gatewright(tmp_path / "data", workers=1, config=config, HOUSE_KEY="sk-house") as server,
        server.admin() as http,
    ):
        chat = {"messages": [{"role": "user", "content": "Hi"}]}
        listed = {one["id"] for one in http.get("/v1/models").json()["data"]}
        assert {"house", "broken", "home"} <= listed

        answered = http.post("/v1/chat/completions", json={**chat, "model": "home"})
        assert answered.status_code == 200
        assert answered.headers["x-litellm-model-id"] == "house-1"
        assert upstream.requests[-1] == {**chat, "model": "house-model", "temperature": 0.25, "seed_of_house": 7}
        assert upstream.headers[-1]["authorization"] == "Bearer sk-house"
        assert upstream.headers[-1]["x-team"] == "platform"
        assert float(answered.headers["x-litellm-response-cost"]) == pytest.approx(9e-6 + 24e-6)

        assert http.post("/v1/chat/completions", json={**chat, "model": "broken"}).status_code == 200
        assert [one["model"] for one in upstream.requests[-2:]] == ["broken-model", "house-model"]

        large = {**chat, "model": "house", "user": "x" * 1_100_000}
        assert http.post("/v1/chat/completions", json=large).status_code == 413
        errors = server.stop()
    assert [line for line in errors.splitlines() if line.startswith("warning: ")] == [
        "warning: config.yaml line 7: litellm_settings.num_retry is not known; it has no effect. "
        "Did you mean num_retries?",
        "warning: config.yaml line 13: general_settings.alerting is LiteLLM's and not supported; it has no effect",
    ]
    assert MASTER_KEY not in errors
