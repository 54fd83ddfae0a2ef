"""What clients and people do in these tests."""

import base64
from typing import Any

import httpx2
from tests.unit.idp.conftest import BASE, Stand

from gatewright.accounts.sessions import Sessions
from gatewright.domain.clock import DAY
from gatewright.domain.people import Origin
from gatewright.grants.codes import Codes, NewCode
from gatewright.grants.tokens import Tokens
from gatewright.idp.tokens.request import DEVICE, SUPPORTED
from gatewright.oidc import jwt
from gatewright.storage import applications, bindings, groups, oauth_providers, scope_mappings, users
from gatewright.storage.oauth_providers import ProviderRow

MOUNT = "/application/o"
CALLBACK = "https://app.example/callback"
SECRET = "a-client-secret-for-these-tests-1"
OFFLINE = "openid email offline_access"
PURPOSE = "oauth_provider.client_secret"
__all__ = ["BASE", "CALLBACK", "DEVICE", "MOUNT", "OFFLINE", "SECRET", "Acts"]


class Acts:
    """One stand's clients and people. Answers are HTTP responses of the real routes."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.db = stand.db
        self.codes = Codes(stand.db, Tokens(stand.db))
        self.sessions = Sessions(stand.db, "idp", DAY)

    async def register(self, client_id: str, **changes: Any) -> ProviderRow:
        """A confidential client that may use every grant and every packaged scope."""
        columns: dict[str, Any] = {
            "name": client_id,
            "client_id": client_id,
            "client_secret": self.db.sealer.seal(SECRET, PURPOSE),
            "client_type": "confidential",
            "redirect_uris": [{"url": CALLBACK}],
            "grant_types": list(SUPPORTED),
            "authorization_flow": "default-provider-authorization-implicit-consent",
            "invalidation_flow": "default-invalidation-flow",
            "sub_mode": "user_username",
            "issuer_mode": "per_provider",
            "access_code_validity": 60_000,
            "access_token_validity": 600_000,
            "refresh_token_validity": 30 * DAY,
        }
        async with self.db.write() as tx:
            provider_id = await oauth_providers.add(tx, **{**columns, **changes})
            await applications.add(tx, slug=client_id, name=client_id.title(), provider_id=provider_id, launch_url="")
            names = ("email", "profile", "offline_access")
            found = [await scope_mappings.find(tx, scope_name=name) for name in names]
            await scope_mappings.attach(tx, provider_id, [one.id for one in found if one is not None])
            row = await oauth_providers.by_client_id(tx, client_id)
        assert row is not None
        return row

    async def change(self, client_id: str, **columns: Any) -> None:
        async with self.db.write() as tx:
            row = await oauth_providers.by_client_id(tx, client_id)
            assert row is not None
            await oauth_providers.change(tx, row.id, **columns)

    async def session(self, name: str = "alice") -> int:
        """A session of the provider's, as a sign-in opens it; its id."""
        _, session = await self.sessions.open(self.stand.people[name], Origin(), amr=("pwd",))
        return session.id

    async def code(self, client_id: str = "app", scope: str = OFFLINE, **changes: Any) -> str:
        """An authorization code of alice's, in a session of its own unless one is named."""
        async with self.db.read() as tx:
            row = await oauth_providers.by_client_id(tx, client_id)
        assert row is not None
        columns: dict[str, Any] = {
            "provider_id": row.id,
            "user_pk": self.stand.people["alice"].id,
            "session_id": changes.pop("session_id", None) or await self.session(),
            "redirect_uri": CALLBACK,
            "scope": scope,
            "nonce": "n-1",
            "code_challenge": None,
            "auth_time": self.db.clock() - 5_000,
        }
        return await self.codes.issue(NewCode(**{**columns, **changes}), 60_000)

    async def post(self, endpoint: str, form: dict[str, str], auth: tuple[str, str] | None = None) -> httpx2.Response:
        """A client's call of an endpoint below the mount."""
        async with self.stand.browser() as http:
            headers = {} if auth is None else {"authorization": basic(*auth)}
            return await http.post(f"{MOUNT}/{endpoint}/", data=form, headers=headers)

    async def token(
        self, grant: str, *, auth: tuple[str, str] | None = ("app", SECRET), **form: str
    ) -> httpx2.Response:
        return await self.post("token", {"grant_type": grant, **form}, auth)

    async def tokens(self, **code: Any) -> dict[str, Any]:
        """The members of a good answer to a code."""
        answer = await self.token("authorization_code", code=await self.code(**code), redirect_uri=CALLBACK)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def refresh(self, token: str, *, auth: tuple[str, str] = ("app", SECRET), scope: str = "") -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, "scope": scope}
        return await self.post("token", form, auth)

    async def introspect(self, token: str, auth: tuple[str, str] = ("app", SECRET)) -> dict[str, Any]:
        answer = await self.post("introspect", {"token": token}, auth)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def claims(self, token: str) -> dict[str, Any]:
        """What a token of ours says, its signature verified."""
        return dict(jwt.verify(token, (await self.stand.provider.keys.ring()).jwks))

    async def userinfo(self, token: str) -> httpx2.Response:
        async with self.stand.browser() as http:
            return await http.get(f"{MOUNT}/userinfo/", headers={"authorization": f"Bearer {token}"})

    async def deactivate(self, username: str, *, active: bool = False) -> None:
        async with self.db.write() as tx:
            user = await users.by_username(tx, username)
            assert user is not None
            await users.change(tx, user.id, self.db.clock(), is_active=active)

    async def bind(self, client_id: str, group: str) -> None:
        """From now on only members of the group may use the application."""
        async with self.db.write() as tx:
            row = await oauth_providers.by_client_id(tx, client_id)
            assert row is not None
            found = await groups.ensure(tx, group, f"uuid-of-{group}")
            await bindings.add(
                tx, uuid=f"binding-{client_id}-{group}", application_id=row.application_id, group_id=found.id
            )

    async def join(self, username: str, group: str) -> None:
        """Puts the person into the group."""
        async with self.db.write() as tx:
            found = next(one for one in await groups.everything(tx) if one.name == group)
            await groups.join(tx, found.id, self.stand.people[username].id)

    async def leave(self, username: str, group: str) -> None:
        """Takes the person out of the group."""
        async with self.db.write() as tx:
            found = next(one for one in await groups.everything(tx) if one.name == group)
            await groups.leave(tx, found.id, self.stand.people[username].id)

    async def causes(self, action: str) -> list[str]:
        """The outcomes of the audit log's events of that action, newest first."""
        return [str(event["outcome"]) for event in await self.stand.events(action)]


def basic(client_id: str, secret: str) -> str:
    """The header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def error(answer: httpx2.Response) -> tuple[int, str]:
    """The status and the protocol's error code."""
    return answer.status_code, str(answer.json()["error"])
