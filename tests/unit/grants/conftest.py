"""A database of each kind, empty and migrated, and a clock that tests move."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatewright.domain.identity import Role, RoleReason
from gatewright.grants.tokens import Tokens
from gatewright.storage import applications, oauth_providers, sessions, users
from gatewright.storage.access_tokens import AccessToken
from gatewright.storage.database import Database, database_url
from gatewright.storage.migrate import migrate
from gatewright.storage.sealing import Sealer


class ManualClock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


async def living(db: Database, jti: str) -> AccessToken | None:
    """The living access token with that id."""
    async with db.read() as tx:
        return await Tokens(db).living(tx, jti)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def db(db_url: str | None, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Database]:
    opened = Database(database_url(db_url, tmp_path), Sealer("a-salt-key-for-tests"), clock)
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def rows(db: Database, clock: ManualClock) -> dict[str, int]:
    """Two clients, one person, one session of theirs."""
    async with db.write() as tx:
        providers = []
        for name in ("litellm", "other"):
            provider_id = await oauth_providers.add(
                tx,
                name=name,
                client_id=name,
                client_secret=None,
                client_type="public",
                redirect_uris=[{"url": "{base_url}/cb"}],
                grant_types=["authorization_code"],
                authorization_flow="implicit",
                invalidation_flow="default",
                sub_mode="user_uuid",
                issuer_mode="per_provider",
                access_code_validity=60_000,
                access_token_validity=600_000,
                refresh_token_validity=1,
            )
            await applications.add(tx, slug=name, name=name, provider_id=provider_id, launch_url="")
            providers.append(provider_id)
        user = await users.add(
            tx,
            users.NewUser(
                uuid="u-1",
                username="alice",
                user_id="alice",
                email=None,
                role=Role.INTERNAL_USER,
                role_reason=RoleReason(rule="default"),
            ),
            clock(),
        )
        session = await sessions.add(
            tx,
            token_hash="t",
            kind="idp",
            user_pk=user.id,
            sid="s-1",
            amr=["pwd"],
            created_at=clock(),
            last_used_at=clock(),
            expires_at=clock() + 86_400_000,
        )
    return {"provider": providers[0], "other": providers[1], "user": user.id, "session": session.id}
