"""`/scim/v2` by itself: its rows behind the real guard, on one database."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette
from tests.unit.web.conftest import BASE, MASTER

from gatewright.accounts.api_tokens import ApiTokens
from gatewright.accounts.audit import Audit
from gatewright.accounts.keys import KeyRing
from gatewright.accounts.sessions import Sessions
from gatewright.app.first_start import open_database
from gatewright.app.scim import scim_table
from gatewright.settings.schema import Settings
from gatewright.storage.database import Database
from gatewright.web.authentication import Authentication
from gatewright.web.cookies import Cookies
from gatewright.web.guard import Guard
from gatewright.web.render import Pages
from gatewright.web.routes import application

ROOT = f"{BASE}/scim/v2"


class Scim:
    """`client` is an administrator with the master key."""

    def __init__(self, app: Starlette, db: Database, ring: KeyRing) -> None:
        self.app, self.db, self.ring = app, db, ring
        self.client = self.at({"authorization": f"Bearer {MASTER}"})

    def at(self, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app, client=("203.0.113.9", 40000))
        return httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers)

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        content = None if body is None else msgspec.json.encode(body)
        given = {"content-type": "application/scim+json", **headers}
        return await self.client.request(method, f"/scim/v2{path}", content=content, headers=given)

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.send(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str | None]:
        """Status and scimType of a refusal, which is in SCIM's shape."""
        answer = await self.send(method, path, body, **headers)
        assert answer.headers["content-type"] == "application/scim+json"
        error = answer.json()
        assert error["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert error["status"] == str(answer.status_code), error
        assert error["detail"]
        return answer.status_code, error.get("scimType")

    async def user(self, user_name: str, **more: Any) -> dict[str, Any]:
        """A User of that name."""
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name, **more}
        found: dict[str, Any] = await self.ok("POST", "/Users", body)
        return found


def assembled(settings: Settings, db: Database) -> Scim:
    ring, sessions = KeyRing(db, settings.master_key or ""), Sessions(db, "gateway", settings.session_life)
    cookies = Cookies(https=settings.is_https)
    guard = Guard(settings, Authentication(ring, sessions, ApiTokens(db)), cookies, Pages(settings, cookies))
    return Scim(application(scim_table(settings, db, Audit(db)), guard), db, ring)


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    database = open_database(settings)
    yield database
    await database.close()


@pytest.fixture
def scim(settings: Settings, db: Database) -> Scim:
    return assembled(settings, db)


@pytest.fixture
def adopting(settings: Settings, db: Database) -> Scim:
    """With GATEWRIGHT_SCIM_ADOPT_USERS."""
    return assembled(msgspec.structs.replace(settings, scim_adopt_users=True), db)
