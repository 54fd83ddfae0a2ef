"""LiteLLM's own command line against the gateway: sign in, ask, make keys, chat, be signed out."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.interop.conftest import NAME, PASSWORD
from tests.interop.environments import client_environment, python_client
from tests.interop.person import Person
from tests.servers import Gatewright, Upstream, eventually

pytestmark = pytest.mark.interop
COMMAND_S = 120
CODE = re.compile(r"Verification code: ([A-Z2-9]{4}-[A-Z2-9]{4})")
RECORD = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"


class Terminal:
    """LiteLLM's programs with a home folder of their own and a browser that only notes what it should open."""

    def __init__(self, home: Path, server: Gatewright) -> None:
        self._programs = python_client("litellm")
        self.home = home
        self.opened = home / "opened"
        home.mkdir()
        (home / "record.py").write_text(RECORD)
        self._environment = client_environment(
            home,
            LITELLM_PROXY_URL=server.url,
            LITELLM_CLI_DISABLE_KEYRING="true",
            BROWSER=f"{sys.executable} {home / 'record.py'} {self.opened} %s",
            COLUMNS="200",
        )

    def start(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command and leaves it running."""
        command, pipe = [str(self._programs / program), *arguments], subprocess.PIPE
        return subprocess.Popen(command, env=self._environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a command of `lite` to its end."""
        return subprocess.run(
            [str(self._programs / "lite"), *arguments],
            env=self._environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """The JSON that a command prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    @property
    def key(self) -> str:
        """The credential that the sign-in left."""
        stored = json.loads((self.home / ".litellm" / "token.json").read_text())
        key: str = stored["key"]
        return key


def sign_in(terminal: Terminal, program: str) -> str:
    """Signs the terminal in, mistyping the code at first, and answers what the program wrote."""
    with terminal.start(program, "login") as login:
        try:
            text, code = shown_code(login)
            eventually(lambda: terminal.opened.exists() and terminal.opened.read_text() != "", "the browser", 30)
            confirm(terminal.opened.read_text(), code)
            rest, _ = login.communicate(timeout=COMMAND_S)
        finally:
            login.kill()
    assert login.returncode == 0, text + rest
    return text + rest


def shown_code(login: subprocess.Popen[str]) -> tuple[str, str]:
    """What the program wrote up to the code, and the code."""
    assert login.stdout is not None
    text = ""
    while (found := CODE.search(text)) is None:
        line = login.stdout.readline()
        assert line, text
        text += line
    return text, found[1]


def confirm(url: str, code: str) -> None:
    """What the person does in the browser."""
    with Person(NAME, PASSWORD) as person:
        page = person.sign_in(url)
        assert "Confirm the command line" in page.text
        wrong = person.submit(page, user_code="ZZZZ-ZZZZ")
        assert wrong.status_code == 400
        done = person.submit(wrong, user_code=code.lower().replace("-", " "))
        assert "The terminal is signed in" in done.text


@pytest.fixture(scope="module")
def terminal(server: Gatewright, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal that is signed in with the older program, which the guides name."""
    found = Terminal(tmp_path_factory.mktemp("cli") / "home", server)
    assert "Login successful!" in sign_in(found, "litellm-proxy")
    assert found.opened.read_text().startswith(f"{server.url}/sso/key/generate?source=litellm-cli&key=cli-")
    return found


def test_whoami_and_the_token_for_scripts(terminal: Terminal) -> None:
    who = terminal.run("whoami")
    assert who.returncode == 0
    assert "Authenticated" in who.stdout
    assert f"User ID: {NAME}" in who.stdout
    token = terminal.run("auth", "print-token")
    assert token.stdout.strip() == terminal.key


def test_the_models_are_listed_with_their_costs(terminal: Terminal) -> None:
    assert [row["id"] for row in terminal.json("models", "list", "--format", "json")] == ["house", "other"]
    house, _ = terminal.json("models", "info", "--format", "json")
    assert house["litellm_params"]["model"] == "openai/real-model"
    assert house["model_info"]["input_cost_per_token"] == 0.000001


def test_a_key_is_made_used_and_deleted(terminal: Terminal, server: Gatewright, upstream: Upstream) -> None:
    made = terminal.json("keys", "generate", "--models", "house", "--key-alias", "from lite", "--duration", "1h")
    assert (made["key_alias"], made["models"], made["user_id"]) == ("from lite", ["house"], NAME)
    with server.client(headers={"Authorization": f"Bearer {made['key']}"}) as http:
        body = {"model": "house", "messages": [{"role": "user", "content": "Hi"}]}
        assert http.post("/v1/chat/completions", json=body).status_code == 200
        mine = terminal.json("users", "get", "--id", NAME)
        assert "from lite" in [key["key_alias"] for key in mine["keys"]]
        assert terminal.json("keys", "delete", "--key-aliases", "from lite") == {"deleted_keys": ["from lite"]}
        eventually(lambda: all(http.get("/v1/models").status_code == 401 for _ in range(8)), "the end of the key")


def test_chat_streams_the_answer(terminal: Terminal, upstream: Upstream) -> None:
    done = terminal.run("chat", "house", typed="Hi\n/quit\n")
    assert done.returncode == 0, done.stderr
    assert "Hello" in done.stdout
    [sent] = upstream.requests
    assert (sent["model"], sent["stream"]) == ("real-model", True)


def test_a_model_is_added_used_and_deleted(terminal: Terminal, server: Gatewright, upstream: Upstream) -> None:
    options = ("--param", "model=openai/spare-model", "--param", f"api_base={upstream.base}", "--param", "rpm=60")
    made = json.loads(terminal.run("models", "add", "spare", *options, "--info", "mode=chat").stdout)
    assert (made["model_name"], made["model_info"]["mode"]) == ("spare", "chat")
    with server.client(headers={"Authorization": f"Bearer {terminal.key}"}) as http:
        body = {"model": "spare", "messages": [{"role": "user", "content": "Hi"}]}
        assert http.post("/v1/chat/completions", json=body).status_code == 200
    assert upstream.requests[-1]["model"] == "spare-model"
    done = terminal.run("models", "delete", made["model_id"])
    assert "deleted successfully" in done.stdout
    assert "spare" not in [row["id"] for row in terminal.json("models", "list", "--format", "json")]


def test_teams_are_listed_and_the_sign_in_is_put_into_one(terminal: Terminal, server: Gatewright) -> None:
    assert "No teams found" in terminal.run("teams", "list").stdout
    with server.admin() as http:
        team = http.post("/team/new", json={"team_alias": "Reds", "models": ["house"], "rpm_limit": 600}).json()[
            "team_id"
        ]
        listed = terminal.run("teams", "list")
        assert (listed.returncode, "Reds" in listed.stdout, "house" in listed.stdout) == (0, True, True)
        assigned = terminal.run("teams", "assign-key", "--team-id", team)
        assert f"Successfully assigned key to team: {team}" in assigned.stdout, assigned.stderr
        assert "You can now access models: house" in assigned.stdout
        eventually(
            lambda: {row["id"] for row in terminal.json("models", "list", "--format", "json")} == {"house"}, "it"
        )
        info = http.get("/key/info", params={"key": terminal.key}).json()
        assert info["info"]["team_id"] == team
        http.post("/key/update", json={"key": terminal.key, "team_id": None}).raise_for_status()


def test_what_is_absent_is_said_to_be_not_found(terminal: Terminal) -> None:
    done = terminal.run("http", "request", "GET", "/organization/list")
    assert done.returncode == 1
    assert "HTTP 404" in done.stderr
    assert "docs/api.md" in done.stdout


def test_a_sign_in_that_is_ended_on_the_server_is_over(server: Gatewright, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "home", server)
    assert "Login successful!" in sign_in(terminal, "lite")
    with server.client(headers={"Authorization": f"Bearer {terminal.key}"}) as http:
        me = http.get("/api/v1/me").json()
        assert (me["kind"], me["user_id"], me["role"]) == ("cli", NAME, "proxy_admin")
        assert http.post("/api/v1/me/logout").status_code == 204
        eventually(lambda: all(http.get("/v1/models").status_code == 401 for _ in range(8)), "the end of the sign-in")
    done = terminal.run("http", "request", "GET", "/v1/models")
    assert done.returncode == 1
    assert "HTTP 401" in done.stderr
