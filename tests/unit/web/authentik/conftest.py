"""One whole worker's `/api/v3`, called as administrators, people, programs and strangers do."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from tests.unit.web.conftest import BASE, Worker

from gatewright.accounts.keys import NewKey
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.storage import audit_log, users
from gatewright.web.cookies import SESSION

API = f"{BASE}/api/v3"
PASSWORD = "correct horse battery"


class Desk:
    """`call` answers whatever comes; `ok` insists on success and answers the body. The default caller: master key."""

    def __init__(self, worker: Worker) -> None:
        self.worker, self.program, self.db = worker, worker.program, worker.program.db

    async def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        client = self.worker.admin if headers is None else self.worker.client
        options = {} if body is None else {"json": body}
        response = await client.request(method, f"{API}{path}", headers=headers, **options)
        await self.program.follower.catch_up()
        return response

    async def ok(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Any:
        response = await self.call(method, path, body, headers=headers)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def listed(self, path: str, *, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """The results of a list."""
        found: list[dict[str, Any]] = (await self.ok("GET", path, headers=headers))["results"]
        return found

    async def user(self, name: str, **more: Any) -> Any:
        return await self.ok("POST", "/core/users/", {"username": name, "name": name.title(), **more})

    async def group(self, name: str) -> Any:
        return (await self.listed(f"/core/groups/?name={name}"))[0]

    async def person(self, name: str, role: Role) -> User:
        """Somebody with that role, as a sign-in through an outside provider leaves them."""
        new = users.NewUser(str(uuid4()), name, name, f"{name}@example.com", role, RoleReason(rule="default"))
        async with self.db.write() as tx:
            return await users.add(tx, new, self.db.clock())

    async def row(self, user_pk: int) -> User:
        async with self.db.read() as tx:
            found = await users.by_id(tx, user_pk)
        assert found is not None
        return found

    async def browser(self, user: User) -> dict[str, str]:
        """The headers of the dashboard's requests in a session of that person."""
        token, _ = await self.program.sessions.open(user, Origin(address="192.0.2.8", user_agent="Firefox"))
        return {"cookie": f"{SESSION}={token}", "x-gatewright-request": "1"}

    async def virtual_key(self, user: User) -> dict[str, str]:
        secret, _ = await self.program.keys.create(NewKey(alias=None, owner=user), actor="test", origin=Origin())
        return bearer(secret)

    async def api_token(self, user_pk: int, **more: Any) -> dict[str, str]:
        """The header with a fresh API token of that person."""
        name = f"token-{uuid4().hex[:8]}"
        await self.ok("POST", "/core/tokens/", {"identifier": name, "user": user_pk, **more})
        return bearer((await self.ok("GET", f"/core/tokens/{name}/view_key/"))["key"])

    async def events(self, action: str) -> list[dict[str, Any]]:
        async with self.db.read() as tx:
            return [event for event in await audit_log.newest(tx, 200) if event["action"] == action]

    async def sign_in(self, name: str, password: str = PASSWORD) -> int:
        """What the provider's sign-in page answers."""
        async with self.worker.at("203.0.113.77") as browser:
            page = await browser.get("/if/flow/default-authentication-flow/")
            token = page.text.split('name="csrf" value="', 1)[1].split('"', 1)[0]
            fields = {"csrf": token, "name": name, "password": password, "next": ""}
            return (await browser.post("/if/flow/default-authentication-flow/", data=fields)).status_code


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture
def desk(worker: Worker) -> Desk:
    return Desk(worker)
