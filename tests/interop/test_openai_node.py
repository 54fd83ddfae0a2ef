"""OpenAI's Node.js SDK against the gateway."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.interop.environments import PINS, client_environment, node, node_client
from tests.servers import Gatewright, Upstream

pytestmark = pytest.mark.interop


def test_chat_plain_streamed_and_refused(server: Gatewright, upstream: Upstream, tmp_path: Path) -> None:
    found = chat(server, tmp_path, OPENAI_API_KEY=new_key(server, models=["house"]), UNLIMITED_KEY=new_key(server))
    assert found["models"] == ["house"]
    assert (found["plain"]["text"], found["plain"]["tokens"]) == ("Hello", 21)
    assert found["plain"]["id"].startswith("req-")
    assert found["stream"] == {"text": "Hello", "tokens": 12}
    assert [sent["model"] for sent in upstream.requests] == ["real-model", "real-model"]
    refused = {
        "unknown_model": ("NotFoundError", 404, "model_not_found", "model"),
        "forbidden_model": ("PermissionDeniedError", 403, "key_model_access_denied", "model"),
        "wrong_key": ("AuthenticationError", 401, "invalid_api_key", None),
        "no_messages": ("BadRequestError", 400, "invalid_request", "messages"),
    }
    for name, expected in refused.items():
        error = found[name]
        assert (error["name"], error["status"], error["code"], error["param"]) == expected, name
        assert error["id"].startswith("req-"), name


def chat(server: Gatewright, home: Path, **keys: str) -> Any:
    """What the SDK saw. The program is read from stdin, so that it finds the SDK in the folder that it runs in."""
    done = subprocess.run(
        [node(), "--input-type=module", "-"],
        input=(PINS / "openai-node" / "client.mjs").read_text(),
        cwd=node_client("openai-node"),
        env=client_environment(home, OPENAI_BASE_URL=f"{server.url}/v1", **keys),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def new_key(server: Gatewright, **fields: Any) -> str:
    with server.admin() as http:
        answer = http.post("/key/generate", json=fields)
        assert answer.status_code == 200, answer.text
        key: str = answer.json()["key"]
        return key
