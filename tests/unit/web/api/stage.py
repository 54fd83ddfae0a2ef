"""The management API and LiteLLM's routes as they are served, on a real database, with one caller of each kind."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.identities import Identities
from gatewright.accounts.keys import KeyRing, Keys, NewKey
from gatewright.accounts.limits import Limits
from gatewright.accounts.sessions import Sessions
from gatewright.accounts.sign_ins import SignIns
from gatewright.accounts.team_members import TeamMembers
from gatewright.accounts.teams import Teams
from gatewright.accounts.ui_flags import UiFlags
from gatewright.accounts.users import Users
from gatewright.app.follow import Follower
from gatewright.domain.clock import HOUR
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.gateway.deployments import Deployments
from gatewright.idp.factors.factors import Factors
from gatewright.settings.load import load
from gatewright.spend.reports import Reports
from gatewright.storage import users as user_rows
from gatewright.storage.database import Database
from gatewright.storage.users import NewUser
from gatewright.web.api.factors import PeopleFactors
from gatewright.web.api.keys import VirtualKeys
from gatewright.web.api.me import Me
from gatewright.web.api.models import Models
from gatewright.web.api.overview import Today
from gatewright.web.api.role_rules import Roles
from gatewright.web.api.sessions import SessionRoutes
from gatewright.web.api.ui_config import UiConfig
from gatewright.web.api.users import People
from gatewright.web.authentication import Authentication
from gatewright.web.cookies import SESSION, Cookies
from gatewright.web.guard import Guard
from gatewright.web.litellm.keys import KeyRoutes
from gatewright.web.litellm.models import ModelRoutes
from gatewright.web.litellm.teams import TeamRoutes
from gatewright.web.litellm.users import UserRoutes
from gatewright.web.render import Pages
from gatewright.web.routes import application
from gatewright.web.routing import Route

MASTER = "sk-master-of-the-tests-0123456789"
BASE = "http://localhost:4000"
# The same model twice, and one with an unknown price.
CONFIG = """
model_list:
  - model_name: chat
    litellm_params: {model: openai/gpt-x, api_base: "https://one.example/v1", api_key: sk-provider-secret,
                     input_cost_per_token: 0.0000025, output_cost_per_token: 0.00001}
    model_info: {id: chat-one}
  - model_name: chat
    litellm_params: {model: openai/gpt-x, api_base: "https://two.example/v1"}
    model_info: {id: chat/two}
  - model_name: vision
    litellm_params: {model: openai/see-x}
"""


class ManualClock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_795_219_200_000 + 12 * HOUR

    def __call__(self) -> int:
        return self.now


async def resolve(host: str, _: int) -> list[str]:
    """Every name is a public address."""
    return ["8.8.8.8"]


class Stage:
    """One worker's API. `call` is a request; changes are followed before the next one."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.clock = ManualClock()
        db.clock = self.clock
        self.db = db
        self._serial = 0
        config = folder / "config.yaml"
        config.write_text(CONFIG)
        settings = load({"--config": str(config)}, {"LITELLM_MASTER_KEY": MASTER, "GATEWRIGHT_DATA_DIR": str(folder)})
        self.ring = KeyRing(db, MASTER)
        self.sessions = Sessions(db, "gateway", 24 * HOUR)
        self.provider_sessions = Sessions(db, "idp", 24 * HOUR)
        self.users = Users(db)
        self.factors = Factors(db, Limits(db), Audit(db), BASE)
        self.teams = Teams(db)
        self.members = TeamMembers(db)
        self.keys = Keys(db)
        self.deployments = Deployments(db, settings, resolve=resolve)
        self.follower = Follower(db, [self.ring.apply, self.deployments.apply], self.deployments.refresh)
        cookies = Cookies(https=False)
        guard = Guard(settings, Authentication(self.ring, self.sessions), cookies, Pages(settings, cookies))
        roles, reports, deployments = Roles(self.users), Reports(db), self.deployments
        self.routes: list[Route] = [
            *Me(self.users, self.keys, self.sessions).routes(),
            *SessionRoutes(SignIns(db), self.users).routes(),
            *Today(reports, deployments, settings, self.clock).routes(),
            *VirtualKeys(self.keys, self.users, deployments, reports, self.clock).routes(),
            *People(self.users, roles, Identities(self.db)).routes(),
            *PeopleFactors(self.users, self.factors).routes(),
            *Models(deployments).routes(),
            *UiConfig(settings).routes(),
            *TeamRoutes(self.teams, self.members, reports, self.clock).routes(),
            *KeyRoutes(self.keys, self.users, deployments, reports, self.clock, flags=UiFlags(db)).routes(),
            *UserRoutes(self.users, roles, self.keys, self.members, reports, self.clock).routes(),
            *ModelRoutes(deployments).routes(),
        ]
        transport = httpx2.ASGITransport(application(self.routes, guard))
        self.client = httpx2.AsyncClient(transport=transport, base_url=BASE)

    async def call(
        self, method: str, path: str, key: str | None = None, body: Any = None, **headers: str
    ) -> httpx2.Response:
        """A request with a key in the usual header; `body` as JSON, or raw bytes."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        content = body if isinstance(body, bytes) else None if body is None else msgspec.json.encode(body)
        response = await self.client.request(method, path, content=content, headers=sent)
        await self.follower.catch_up()
        return response

    async def in_browser(self, method: str, path: str, token: str, body: Any = None, **headers: str) -> httpx2.Response:
        """A request with the session cookie, as the dashboard sends it."""
        return await self.call(
            method, path, None, body, cookie=f"{SESSION}={token}", x_gatewright_request="1", **headers
        )

    async def person(self, user_id: str, role: Role = Role.INTERNAL_USER) -> User:
        """A user."""
        new = NewUser(
            uuid=str(uuid4()),
            username=user_id,
            user_id=user_id,
            email=f"{user_id}@example.com",
            role=role,
            role_reason=RoleReason(rule="claim", claim="role", value=role.value),
            display_name=user_id.title(),
        )
        async with self.db.write() as tx:
            return await user_rows.add(tx, new, self.clock())

    async def key_of(
        self, owner: User | None, *, kind: str = "virtual", alias: str | None = None, models: tuple[str, ...] = ()
    ) -> str:
        """A key of that user's; its secret."""
        origin = Origin(address="192.0.2.7", user_agent="gatewright-cli")
        new = NewKey(alias=alias, owner=owner, models=models, kind=kind)
        secret, _ = await self.keys.create(new, actor="test", origin=origin)
        return secret

    async def key(self, user_id: str, role: Role = Role.INTERNAL_USER) -> str:
        """A new user's key."""
        return await self.key_of(await self.person(user_id, role))

    async def browser(self, user: User) -> str:
        """A session of that user's; the cookie's value."""
        token, _ = await self.sessions.open(user, Origin(address="192.0.2.8", user_agent="Firefox"))
        return token

    def serial(self) -> int:
        """A number that was not there before."""
        self._serial += 1
        return self._serial

    async def close(self) -> None:
        await self.client.aclose()
