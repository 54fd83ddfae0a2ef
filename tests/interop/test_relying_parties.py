"""Other people's relying parties at the embedded provider: fastapi-sso, LiteLLM Proxy's own code."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.interop.conftest import CLIENT_SECRET, NAME
from tests.interop.environments import PINS, client_environment, python_client
from tests.interop.person import Person
from tests.servers import Gatewright

pytestmark = pytest.mark.interop
LOGIN_S = 120


class Login:
    """A relying party's process: it says where to send the browser, and is told where the browser came back to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url: str = self._line()["url"]

    def finish(self, returned: str) -> Any:
        """What the relying party learned."""
        assert self._process.stdin is not None
        self._process.stdin.write(returned + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(self._process.communicate(timeout=LOGIN_S)[1])
        return json.loads(line)


@contextmanager
def login(client: str, program: str, *arguments: str, home: Path, **env: str) -> Iterator[Login]:
    """Starts a relying party in its own environment."""
    command = [str(python_client(client) / "python"), "-m", f"clients.{program}", *arguments]
    environment = client_environment(home, PYTHONPATH=str(PINS.parent), PYTHONDONTWRITEBYTECODE="1", **env)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield Login(process)
        finally:
            process.kill()


# LiteLLM had the older one when the guides were written; the newer one is what its current release installs.
@pytest.mark.parametrize("client", ["fastapi-sso", "litellm"])
def test_fastapi_sso_signs_somebody_in(client: str, server: Gatewright, person: Person, tmp_path: Path) -> None:
    back = f"{server.url}/sso/callback"
    document = httpx2.get(f"{server.url}/application/o/litellm/.well-known/openid-configuration").json()
    arguments = ("litellm", CLIENT_SECRET, back, json.dumps(document))
    with login(client, "fastapi_sso_login", *arguments, home=tmp_path) as party:
        asked = parse_qs(urlsplit(party.url).query)
        assert not {"nonce", "code_challenge"} & asked.keys()
        returned = person.sign_in(party.url, until=back)
        found = party.finish(returned.headers["location"])
    assert found["state"] == "st@te &1"
    tokens = [verified(found[name], document, tmp_path) for name in ("access_token", "id_token")]
    expected = {"email": NAME, "preferred_username": NAME, "litellm_role": "proxy_admin", "groups": ["admins"]}
    for claims in (found["userinfo"], *tokens):
        assert {name: claims.get(name) for name in expected} == expected
        assert claims["sub"] == NAME


@pytest.mark.parametrize("pkce", ["true", "false"])
def test_litellm_proxy_signs_somebody_in(pkce: str, server: Gatewright, person: Person, tmp_path: Path) -> None:
    back, base = f"{server.url}/sso/callback", f"{server.url}/application/o"
    seed = {
        "GENERIC_CLIENT_ID": "litellm",
        "GENERIC_CLIENT_SECRET": CLIENT_SECRET,
        "GENERIC_AUTHORIZATION_ENDPOINT": f"{base}/authorize/",
        "GENERIC_TOKEN_ENDPOINT": f"{base}/token/",
        "GENERIC_USERINFO_ENDPOINT": f"{base}/userinfo/",
        "GENERIC_SCOPE": "openid email profile litellm_role",
        "GENERIC_USER_ROLE_ATTRIBUTE": "litellm_role",
        "GENERIC_CLIENT_USE_PKCE": pkce,
    }
    with login("litellm", "litellm_login", back, home=tmp_path, **seed) as party:
        assert ("code_challenge" in party.url) is (pkce == "true")
        returned = person.sign_in(party.url, until=back)
        found = party.finish(returned.headers["location"])
    who = found["person"]
    assert (who["id"], who["email"], who["user_role"]) == (NAME, NAME, "proxy_admin")
    assert found["claims"]["litellm_role"] == "proxy_admin"
    assert found["token_claims"]["litellm_role"] == "proxy_admin"


def test_a_wrong_client_secret_is_refused(server: Gatewright, person: Person, tmp_path: Path) -> None:
    back, base = f"{server.url}/sso/callback", f"{server.url}/application/o"
    endpoints = {
        "authorization_endpoint": f"{base}/authorize/",
        "token_endpoint": f"{base}/token/",
        "userinfo_endpoint": f"{base}/userinfo/",
    }
    arguments = ("litellm", "another secret", back, json.dumps(endpoints))
    with login("fastapi-sso", "fastapi_sso_login", *arguments, home=tmp_path) as party:
        returned = person.sign_in(party.url, until=back)
        with pytest.raises(AssertionError, match="invalid_client"):
            party.finish(returned.headers["location"])


def verified(token: str, document: Any, home: Path) -> Any:
    """The claims of a JWT whose signature, issuer and audience another library has verified."""
    command = [str(python_client("litellm") / "python"), str(PINS / "pyjwt_verify.py")]
    done = subprocess.run(
        [*command, document["jwks_uri"], document["issuer"]],
        input=token,
        env=client_environment(home),
        capture_output=True,
        text=True,
        timeout=LOGIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
