"""A program with a signed token of an outside issuer: the OpenAI SDK, `api_key` the token, a server of two workers."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import openai
import pytest
from openai import OpenAI
from tests.servers import Gatewright, Upstream, eventually, gatewright
from tests.unit.web.bearer.issuer import EC, public, token


class Published(BaseHTTPRequestHandler):
    """An issuer's two documents, as GitHub and Kubernetes publish them."""

    def do_GET(self) -> None:
        origin = f"http://{self.headers['host']}"
        keys = {"keys": [public(EC, "k1")]}
        found = keys if self.path == "/keys" else {"issuer": origin, "jwks_uri": f"{origin}/keys"}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not to stderr."""


@pytest.fixture
def issuer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Published)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server(issuer: str, upstream: Upstream, tmp_path: Path) -> Iterator[Gatewright]:
    config = tmp_path / "config.yaml"
    config.write_text(f"""
model_list:
  - model_name: house
    litellm_params: {{model: openai/real-model, api_base: "{upstream.base}", api_key: k}}
    model_info: {{input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
  - model_name: other
    litellm_params: {{model: openai/other-model, api_base: "{upstream.base}", api_key: k}}
general_settings:
  enable_jwt_auth: true
  litellm_jwtauth: {{user_id_jwt_field: preferred_username, user_id_upsert: true, team_id_jwt_field: team}}
""")
    with gatewright(tmp_path / "data", config=config, JWT_ISSUER=issuer, JWT_AUDIENCE="gateway") as found:
        yield found


def test_a_token_is_an_api_key(server: Gatewright, issuer: str, upstream: Upstream) -> None:
    now = int(time.time())
    claims = {"iss": issuer, "aud": "gateway", "sub": "u-1", "iat": now, "exp": now + 600}
    ada = token({**claims, "preferred_username": "ada", "team": "ours"}, EC)
    with server.admin() as http:
        assert http.post("/team/new", json={"team_id": "ours", "models": ["house"]}).status_code == 200

    client = OpenAI(base_url=f"{server.url}/v1", api_key=ada, max_retries=0)
    assert [model.id for model in client.models.list()] == ["house"]
    for _ in range(3):
        # A connection of its own each time, so that both workers get some.
        fresh = OpenAI(base_url=f"{server.url}/v1", api_key=ada, max_retries=0)
        plain = fresh.chat.completions.create(model="house", messages=[{"role": "user", "content": "Hi"}])
        assert plain.choices[0].message.content == "Hello"
        fresh.close()
    stream = client.chat.completions.create(model="house", messages=[{"role": "user", "content": "Hi"}], stream=True)
    assert "".join(event.choices[0].delta.content or "" for event in stream) == "Hello"
    with pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(model="other", messages=[{"role": "user", "content": "Hi"}])
    client.close()
    assert ada not in json.dumps(upstream.headers)

    stranger = OpenAI(base_url=f"{server.url}/v1", api_key=token({**claims, "aud": "another"}, EC), max_retries=0)
    with pytest.raises(openai.AuthenticationError) as refused:
        stranger.models.list()
    assert refused.value.code == "jwt_audience"
    stranger.close()

    with httpx2.Client(base_url=server.url, headers={"authorization": f"Bearer {ada}"}) as http:
        eventually(lambda: http.get("/key/info").json()["info"]["spend"] > 0.00007, "four requests under one row")
        info = http.get("/key/info").json()["info"]
        assert (info["user_id"], info["key_name"], info["metadata"]["subject"]) == ("ada", "u-1", "u-1")
