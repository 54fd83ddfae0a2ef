"""The deployment in deploy/, held to the code: its variables, its user, its health check, its proxies."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.conftest import missing

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.load import load
from gatewright.settings.schema import Settings

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
REFERENCE = re.compile(r"\$\{([A-Z_]+):([-?])([^}]*)\}")
GOOD = {
    "POSTGRES_PASSWORD": "4f1d0c8a9b7e6d5c4f1d0c8a",
    "LITELLM_MASTER_KEY": "sk-4f1d0c8a9b7e6d5c4f1d0c8b",
    "LITELLM_SALT_KEY": "sk-4f1d0c8a9b7e6d5c4f1d0c8c",
    "PROXY_BASE_URL": "https://llm.example.com",
}
# The deployment that LiteLLM's guides show, and the provider's variables.
GUIDE = {
    *("DATABASE_URL", "STORE_MODEL_IN_DB", "LITELLM_MASTER_KEY", "LITELLM_SALT_KEY", "GENERIC_CLIENT_ID"),
    *("GENERIC_CLIENT_SECRET", "GENERIC_AUTHORIZATION_ENDPOINT", "GENERIC_TOKEN_ENDPOINT", "GENERIC_SCOPE"),
    *("GENERIC_USERINFO_ENDPOINT", "GENERIC_USER_ROLE_ATTRIBUTE", "PROXY_BASE_URL", "PROXY_LOGOUT_URL"),
    "AUTO_REDIRECT_UI_LOGIN_TO_SSO",
}


class Unset(Exception):
    """Compose would stop and name the variable."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def interpolated(text: str, given: dict[str, str]) -> str:
    """As compose does it: `:-` a default, `:?` an error, for what is unset or empty."""

    def value(found: re.Match[str]) -> str:
        if given.get(found[1]):
            return given[found[1]]
        if found[2] == "?":
            raise Unset(found[1])
        return found[3]

    return REFERENCE.sub(value, text)


def environment(compose: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    return {name: interpolated(text, given) for name, text in compose["services"]["litellm"]["environment"].items()}


def started(compose: dict[str, Any], given: dict[str, str]) -> Settings:
    return load({}, {"GATEWRIGHT_HOST": "0.0.0.0", "GATEWRIGHT_DATA_DIR": "/data", **environment(compose, given)})


def example() -> dict[str, str]:
    lines = [line for line in (DEPLOY / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile, in their order."""
    lines = [line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def last(name: str) -> str:
    return next(rest for found, rest in reversed(instructions()) if found == name)


def test_the_variables_of_the_guides_start_the_gateway_without_a_doubt(compose: dict[str, Any]) -> None:
    assert set(environment(compose, GOOD)) >= GUIDE
    found = started(compose, GOOD)
    assert found.warnings == ()
    assert found.database_url == f"postgresql://litellm:{GOOD['POSTGRES_PASSWORD']}@litellm-db:5432/litellm"
    assert found.providers == ()
    assert found.trusted_proxies == ("172.30.99.1/32",)
    outside = {
        "GENERIC_CLIENT_ID": "litellm",
        "GENERIC_CLIENT_SECRET": "a-secret",
        "GENERIC_AUTHORIZATION_ENDPOINT": "https://auth.example.com/application/o/authorize/",
        "GENERIC_TOKEN_ENDPOINT": "https://auth.example.com/application/o/token/",
        "GENERIC_USERINFO_ENDPOINT": "https://auth.example.com/application/o/userinfo/",
        "GENERIC_SCOPE": "openid profile email litellm_role",
        "GENERIC_USER_ROLE_ATTRIBUTE": "litellm_role",
        "PROXY_LOGOUT_URL": "https://auth.example.com/application/o/litellm/end-session/",
        "AUTO_REDIRECT_UI_LOGIN_TO_SSO": "true",
        "SERVER_ROOT_PATH": "/llm",
    }
    found = started(compose, GOOD | outside)
    assert found.warnings == ()
    [provider] = found.providers
    assert (provider.client_id, provider.roles.is_configured, found.auto_redirect) == ("litellm", True, True)
    assert found.base_url == "https://llm.example.com/llm"


def test_the_example_cannot_start_and_neither_can_a_key_of_a_document(compose: dict[str, Any]) -> None:
    names = {name for name, _, _ in REFERENCE.findall((DEPLOY / "compose.yaml").read_text())}
    assert set(example()) == names
    assert set(example().values()) == {""}
    for name in GOOD:
        with pytest.raises(Unset, match=name):
            environment(compose, {**GOOD, name: ""})
    for name in ("LITELLM_MASTER_KEY", "LITELLM_SALT_KEY"):
        for text in ("sk-1234", f"sk-your-{name.split('_')[1].lower()}-key", "sk-changeme"):
            with pytest.raises(SettingInvalid, match=name):
                started(compose, {**GOOD, name: text})


def test_the_gateway_may_do_little(compose: dict[str, Any]) -> None:
    service = compose["services"]["litellm"]
    assert service["user"] == last("USER") == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "ports" not in compose["services"]["litellm-db"]
    variables = dict(pair.split("=", 1) for pair in shlex.split(last("ENV")))
    assert variables["GATEWRIGHT_DATA_DIR"] == "/data"
    assert f"data:{last('VOLUME')}" in service["volumes"]
    assert json.loads(last("CMD")) == ["gatewright", "serve"]


def test_the_trusted_proxy_is_the_gateway_of_the_network(compose: dict[str, Any]) -> None:
    [network] = compose["networks"]["front"]["ipam"]["config"]
    trusted = compose["services"]["litellm"]["environment"]["GATEWRIGHT_TRUSTED_PROXIES"]
    assert trusted == network["gateway"]
    assert ip_address(trusted) in ip_network(network["subnet"])


class Healthy(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health/readiness" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    found = HTTPServer(("127.0.0.1", 0), Healthy)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.server_close()


def test_the_health_check_needs_nothing_but_python(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    python, *arguments = json.loads(last("HEALTHCHECK").partition(" CMD ")[2])
    assert python == "python"

    def check() -> bool:
        done = subprocess.run(
            [sys.executable, *arguments],
            env={"GATEWRIGHT_PORT": str(server.server_port)},
            capture_output=True,
            timeout=30,
            check=False,
        )
        return done.returncode == 0

    assert check()
    monkeypatch.setattr(Healthy, "status", 503)
    assert not check()
    server.shutdown()
    server.server_close()
    assert not check()


def test_the_image_gets_what_it_needs_and_no_secrets() -> None:
    patterns = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    kept = {line[1:] for line in patterns if line.startswith("!")}
    assert "*" in patterns
    assert {"requirements/build.txt", "requirements/server.txt", "pyproject.toml", "src", "ui", "scripts"} <= kept
    assert not {name for name in kept if name.startswith((".", "deploy", "tests"))}
    assert all((ROOT / name).exists() for name in kept)


def test_caddy_takes_its_file() -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        missing("Caddy")
    command = [str(caddy), "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    adapted = subprocess.run([str(caddy), "adapt", *command[2:]], capture_output=True, text=True, check=True).stdout
    assert '"flush_interval":-1' in adapted
    assert '"dial":"127.0.0.1:4000"' in adapted
