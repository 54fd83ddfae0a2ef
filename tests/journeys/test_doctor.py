"""`gatewright doctor` as an administrator runs it against a server that is up."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers import MASTER_KEY, Gatewright, free_port, gatewright

CLAIMS = {"preferred_username": "ada", "litellm_role": "Proxy_Admin"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    with gatewright(tmp_path_factory.mktemp("data"), workers=1) as running:
        yield running


def run(server: Gatewright, home: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "GATEWRIGHT_URL": server.url,
        "GATEWRIGHT_API_KEY": MASTER_KEY,
    }
    command = [sys.executable, "-m", "gatewright", "doctor", *arguments]
    return subprocess.run(command, env=env, input=text, capture_output=True, text=True, timeout=90, check=False)


def test_a_healthy_server_and_one_whose_provider_is_down(server: Gatewright, tmp_path: Path) -> None:
    good = run(server, tmp_path, "sso")
    assert (good.returncode, good.stderr) == (0, ""), good.stdout
    assert "Gatewright (embedded)" in good.stdout
    assert "Redirect URI: The provider knows" in good.stdout
    issuer = f"http://127.0.0.1:{free_port()}"
    with server.admin() as http:
        wanted = {"id": "acme", "issuer": issuer, "client_id": "a", "client_secret": "s3cret", "is_enabled": False}
        assert http.post("/api/v1/sign-in-providers", json=wanted).status_code == 201
    bad = run(server, tmp_path, "sso", "--provider", "acme", "--json")
    assert bad.returncode == 1
    checks = {one["id"]: one for one in json.loads(bad.stdout)[0]["checks"]}
    assert checks["discovery"]["outcome"] == "problem"
    assert checks["discovery"]["fix"]
    assert "s3cret" not in bad.stdout
    assert run(server, tmp_path, "sso", "--provider", "nobody").returncode == 3


def test_claims_are_explained_without_a_provider(server: Gatewright, tmp_path: Path) -> None:
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    said = run(server, tmp_path, "claims", str(tmp_path / "claims.json"))
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.splitlines()[-1] == "Role: proxy_admin"
    unknown = run(server, tmp_path, "claims", "-", text=json.dumps({"litellm_role": "boss"}))
    assert "Role: internal_user_viewer" in unknown.stdout
    assert "boss" in unknown.stderr
    wrong = run(server, tmp_path, "claims", "-", text="{")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "is not JSON" in wrong.stderr
