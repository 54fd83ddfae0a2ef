"""The provider behind the real route table, two people, and a browser that is not too clever."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from tests.passwords import quick_passwords as quick_passwords

from gatewright.accounts.audit import Audit
from gatewright.accounts.keys import KeyRing
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.sessions import Sessions
from gatewright.domain.clock import DAY
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import User
from gatewright.idp.blueprints.apply import Blueprints
from gatewright.idp.blueprints.first_start import apply_at_first_start
from gatewright.idp.provider import Provider
from gatewright.idp.signing_keys import SigningKeys
from gatewright.settings.load import load
from gatewright.storage import audit_log, groups, users
from gatewright.storage.database import Database, database_url
from gatewright.storage.migrate import migrate
from gatewright.storage.sealing import Sealer
from gatewright.web import idp
from gatewright.web.authentication import Authentication
from gatewright.web.cookies import Cookies
from gatewright.web.guard import Guard
from gatewright.web.render import Pages
from gatewright.web.routes import application

BASE = "http://localhost:4000"
PASSWORD = "correct horse battery"


class ManualClock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


class Stand:
    """Everything that a test of the provider needs."""

    def __init__(self, db: Database, clock: ManualClock, provider: Provider, app: Starlette) -> None:
        self.db, self.clock, self.provider, self.app = db, clock, provider, app
        self.people: dict[str, User] = {}

    def browser(self) -> httpx2.AsyncClient:
        """Keeps cookies, does not follow redirects."""
        headers = {"sec-fetch-site": "none", "sec-fetch-dest": "document"}
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=BASE, headers=headers)

    async def events(self, action: str) -> list[dict[str, Any]]:
        """The audit log's events of that action, newest first."""
        async with self.db.read() as tx:
            return [event for event in await audit_log.newest(tx, 200) if event["action"] == action]

    async def add_person(self, passwords: Passwords, name: str, *, admin: bool) -> None:
        async with self.db.write() as tx:
            user = await users.add(
                tx,
                users.NewUser(
                    uuid=f"00000000-0000-4000-8000-{name:0>12}"[:36],
                    username=name,
                    user_id=name,
                    email=f"{name}@example.com",
                    display_name=name.title(),
                    email_verified=True,
                    role=Role.INTERNAL_USER,
                    role_reason=RoleReason(rule="default"),
                    password_hash=await passwords.hash(PASSWORD),
                ),
                self.clock(),
            )
            if admin:
                group = next(group for group in await groups.everything(tx) if group.name == "admins")
                await groups.join(tx, group.id, user.id)
        self.people[name] = user


def open_database(folder: Path, url: str | None = None) -> Database:
    return Database(database_url(url, folder), Sealer("a-salt-key-for-tests"), ManualClock())


async def started(db: Database, environment: Mapping[str, str] | None = None) -> bool:
    """The first start's keys and objects; True when this call made the objects."""
    audit = Audit(db)
    await SigningKeys(db, audit).ensure()
    blueprints = Blueprints(db, BASE, quick_passwords(), audit, own_client="litellm")
    return await apply_at_first_start(db, blueprints, environment)


@pytest.fixture
async def db(db_url: str | None, tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(tmp_path, db_url)
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, User]]:
    """A database after the first start, with two people, made once: keys and migrations take their time."""
    folder = tmp_path_factory.mktemp("idp")
    db = open_database(folder)
    await migrate(db)
    passwords = quick_passwords()
    provider = Provider(db, BASE, Sessions(db, "idp", DAY), passwords, Audit(db))
    await provider.start()
    made = Stand(db, ManualClock(), provider, Starlette())
    await made.add_person(passwords, "alice", admin=True)
    await made.add_person(passwords, "bob", admin=False)
    await provider.close()
    await db.close()
    return folder / "gatewright.db", made.people


@asynccontextmanager
async def stand_on(db: Database, folder: Path, people: dict[str, User]) -> AsyncIterator[Stand]:
    """The stand on a database after its first start; closes both."""
    clock = db.clock
    assert isinstance(clock, ManualClock)
    settings = load({}, {"GATEWRIGHT_DATA_DIR": str(folder), "PROXY_BASE_URL": BASE})
    passwords, cookies = quick_passwords(), Cookies(https=settings.is_https)
    provider = Provider(
        db, settings.base_url, Sessions(db, "idp", settings.session_life), passwords, Audit(db), own_client="litellm"
    )
    pages = Pages(settings, cookies)
    authentication = Authentication(KeyRing(db, "sk-a-master-key-for-tests"), Sessions(db, "gateway", 1))
    guard = Guard(settings, authentication, cookies, pages)
    made = Stand(db, clock, provider, application(idp.routes(provider, pages, cookies), guard))
    made.people = dict(people)
    yield made
    await provider.close()
    await db.close()


@pytest.fixture
async def stand(template: tuple[Path, dict[str, User]], tmp_path: Path) -> AsyncIterator[Stand]:
    shutil.copy(template[0], tmp_path / "gatewright.db")
    async with stand_on(open_database(tmp_path), tmp_path, template[1]) as made:
        yield made
