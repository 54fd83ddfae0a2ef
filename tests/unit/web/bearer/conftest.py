"""A worker that takes the tokens of an issuer on loopback, under a clock of the test's."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.unit.web.bearer.issuer import Issuer
from tests.unit.web.conftest import BASE, MASTER, Worker

from gatewright.app import clock as wall
from gatewright.app.build import Program
from gatewright.app.keyfiles import with_keys
from gatewright.settings.load import load
from gatewright.settings.schema import Settings
from gatewright.storage import audit_log

MESSAGES = [{"role": "user", "content": "hello"}]


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = wall.now()

    def __call__(self) -> int:
        return self.now

    def pass_s(self, seconds: int) -> None:
        self.now += seconds * 1000


class Stage:
    """The worker, the issuer, and their clock."""

    def __init__(self, worker: Worker, issuer: Issuer, clock: Clock) -> None:
        self.worker, self.issuer, self.clock = worker, issuer, clock
        self.db = worker.program.db

    async def chat(self, token: str, model: str = "one", **headers: str) -> httpx2.Response:
        sent = {"authorization": f"Bearer {token}", **{name.replace("_", "-"): one for name, one in headers.items()}}
        return await self.worker.client.post(
            "/v1/chat/completions", json={"model": model, "messages": MESSAGES}, headers=sent
        )

    async def get(self, path: str, token: str) -> httpx2.Response:
        return await self.worker.client.get(path, headers={"authorization": f"Bearer {token}"})

    async def refusal(self, token: str, model: str = "one") -> tuple[int, str]:
        """Status and code of a chat completion that is refused, in OpenAI's dialect."""
        answer = await self.chat(token, model)
        error = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return answer.status_code, error["code"]

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.worker.admin.request(method, path, json=body)
        assert answer.is_success, answer.text
        await self.worker.program.follower.catch_up()
        return answer.json() if answer.content else None

    async def team(self, team_id: str, **fields: Any) -> None:
        await self.admin("POST", "/team/new", {"team_id": team_id, **fields})

    async def log(self, action: str) -> list[dict[str, Any]]:
        """The audit log's lines of that action, newest first."""
        async with self.db.read() as tx:
            return [dict(row) for row in await audit_log.newest(tx, 500) if row["action"] == action]


Open = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def issuer(clock: Clock) -> AsyncIterator[Issuer]:
    found = Issuer(clock)
    await found.start()
    yield found
    await found.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(wall, "now", found)
    return found


@pytest.fixture
async def opened(settings: Settings, tmp_path: Path, issuer: Issuer, clock: Clock) -> AsyncIterator[Open]:
    """Starts a worker with these members of `litellm_jwtauth`; its tokens are those of `/a` unless `issuers` say."""
    programs: list[Program] = []

    async def start(
        *, general: dict[str, Any] | None = None, variables: dict[str, str] | None = None, **jwt: Any
    ) -> Stage:
        config = tmp_path / "config.yaml"
        section = {"enable_jwt_auth": True, "litellm_jwtauth": jwt, **(general or {})}
        params = {"model": "openai/real", "api_base": f"{issuer.origin}/v1", "api_key": "k"}
        models = [{"model_name": name, "litellm_params": params} for name in ("one", "two")]
        config.write_text(json.dumps({"general_settings": section, "model_list": models}))
        named = {} if "issuers" in jwt else {"JWT_ISSUER": f"{issuer.origin}/a", "JWT_AUDIENCE": "gateway"}
        environ = {"LITELLM_MASTER_KEY": MASTER, "GATEWRIGHT_DATA_DIR": str(tmp_path), "PROXY_BASE_URL": BASE, **named}
        if settings.database_url is not None:
            environ["DATABASE_URL"] = settings.database_url
        program = Program(with_keys(load({"--config": str(config)}, {**environ, **(variables or {})})))
        programs.append(program)
        await program.edge._start()
        return Stage(Worker(program, ""), issuer, clock)

    yield start
    for program in programs:
        await program.edge._stop()
