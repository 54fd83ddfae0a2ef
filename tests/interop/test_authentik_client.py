"""Authentik's own API client, an old release and a current one, makes the seed's set-up; somebody signs in with it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests.interop.environments import PINS, client_environment, python_client
from tests.interop.person import Person
from tests.servers import Gatewright, gatewright

pytestmark = pytest.mark.interop
NAME, PASSWORD = "root@example.com", "correct horse battery"
SECRET = "a-secret-for-the-team-7f3a91c2"
RUN_S = 300
BRAND = "Line 4, authentik_core.brand: the model authentik_core.brand is not supported."


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Gatewright]:
    """A gateway of two workers with one administrator."""
    with gatewright(
        tmp_path / "data", GATEWRIGHT_ADMIN_EMAIL=NAME, GATEWRIGHT_ADMIN_PASSWORD=PASSWORD, PROXY_ADMIN_ID=None
    ) as found:
        yield found


def api_token(server: Gatewright) -> str:
    """An API token of the administrator's."""
    with server.admin() as client:
        found = client.get("/api/v3/core/users/", params={"username": NAME}).json()["results"]
        body = {"identifier": "automation", "user": found[0]["pk"]}
        assert client.post("/api/v3/core/tokens/", json=body).status_code == 201
        key: str = client.get("/api/v3/core/tokens/automation/view_key/").json()["key"]
    return key


def set_up(client: str, server: Gatewright, back: str, home: Path) -> Any:
    """What the client said that it made and read."""
    program = str(PINS / "authentik_client_setup.py")
    command = [str(python_client(client) / "python"), program, server.url, api_token(server), SECRET, back, PASSWORD]
    environment = client_environment(home, PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("client", ["authentik-2025", "authentik-2026"])
def test_the_set_up_by_automation_signs_somebody_in(client: str, empty: Gatewright, tmp_path: Path) -> None:
    back = f"{empty.url}/elsewhere/callback"
    found = set_up(client, empty, back, tmp_path / "home")
    read = found["read"]
    one = ("users", "groups", "applications", "providers", "mappings", "brands", "tokens")
    assert {name: read["counts"][name] for name in one} == dict.fromkeys(one, 1)
    assert (found["made"]["secret"], read["secret"]) == (SECRET, "")
    assert (read["access"], read["used_by"], read["me"], read["mappings"]) == (True, ["Team"], NAME, 4)
    assert found["people"] == {
        "account": "robot",
        "token": 60,
        "invitation": "default-enrollment-flow",
        "refusal": "400 {'name': ['Group with this name already exists.']}",
        "active": True,
    }
    assert found["blueprints"] == {
        "status": ["successful", "successful", "successful", True],
        "content": True,
        "models": ["authentik_core.group"],
        "found": ["teams"],
        "refusal": ["Failed to validate blueprint", "- " + BRAND],
        # The older release has no import.
        "imported": [True, False, 1] if client == "authentik-2026" else None,
        "available": [],
        "groups": ["by-blueprint", "by-import", "by-patch"]
        if client == "authentik-2026"
        else ["by-blueprint", "by-patch"],
    }
    asked = {"client_id": "team", "redirect_uri": back, "response_type": "code", "state": "s", "nonce": "n"}
    url = f"{empty.url}/application/o/authorize/?{urlencode({**asked, 'scope': 'openid email litellm_role'})}"
    with Person("grace", PASSWORD) as grace:
        returned = grace.sign_in(url, until=back)
    code = parse_qs(urlsplit(returned.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
    base = f"{empty.url}/application/o"
    tokens = httpx2.post(f"{base}/token/", data=form, auth=("team", SECRET)).json()
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    claims = httpx2.get(f"{base}/userinfo/", headers=headers).json()
    assert claims == {
        "sub": "grace",
        "email": "grace@example.com",
        "email_verified": False,
        "litellm_role": "proxy_admin",
    }
    # Only the group may use the application.
    with Person(NAME, PASSWORD) as root:
        refused = root.sign_in(url, until=back)
    assert "code=" not in refused.headers.get("location", "")
