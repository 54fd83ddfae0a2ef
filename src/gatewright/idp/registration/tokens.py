"""Initial access tokens: without one nobody registers (RFC 7591 3). Shown once, hashed, with an end and a count."""

import secrets
import uuid
from collections.abc import Collection, Sequence

import msgspec

from gatewright.accounts.users import ADMIN_GROUP
from gatewright.domain.clock import DAY, Millis
from gatewright.domain.errors import BadInput, NotFound
from gatewright.domain.people import Event, Group
from gatewright.grants.tokens import digest
from gatewright.idp.directory.acting import By
from gatewright.storage import audit_log, groups, oauth_providers, registration_tokens
from gatewright.storage.database import Database, Transaction
from gatewright.storage.registration_tokens import RegistrationToken

LONGEST_LIFE: Millis = 365 * DAY
MOST_USES = 1000


class Wanted(msgspec.Struct, frozen=True):
    """A token to make. Clients register at the application `slug`; `life` in milliseconds.

    Members of these groups may use what registers; without any it is the administrators.
    """

    name: str
    slug: str
    group_names: Sequence[str]
    life: Millis
    uses: int


class TokenView(msgspec.Struct, frozen=True):
    """A token and the names of its groups that are still there."""

    token: RegistrationToken
    group_names: tuple[str, ...]


class RegistrationTokens:
    """The initial access tokens of this installation."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, limit: int, before: int | None) -> list[TokenView]:
        """Newest first, those that are over too."""
        async with self._db.read() as tx:
            return await _views(tx, await registration_tokens.page(tx, limit, before))

    async def create(self, wanted: Wanted, by: By) -> tuple[TokenView, str]:
        """The token and its secret. Raises BadInput."""
        if not 0 < wanted.life <= LONGEST_LIFE:
            raise BadInput("A registration token lives a year at most.", param="expires_in")
        if not 0 < wanted.uses <= MOST_USES:
            raise BadInput(f"A registration token is good for 1 to {MOST_USES} clients.", param="uses")
        now, fresh, secret = self._db.clock(), str(uuid.uuid4()), secrets.token_urlsafe(32)
        async with self._db.write() as tx:
            columns = {
                "uuid": fresh,
                "name": wanted.name,
                "token_hash": digest(secret),
                "application_id": await _application_id(tx, wanted.slug),
                "group_uuids": await _group_uuids(tx, wanted.group_names),
                "most_uses": wanted.uses,
                "created_at": now,
                "created_by": by.actor,
                "expires_at": now + wanted.life,
            }
            await registration_tokens.add(tx, **columns)
            [view] = await _views(tx, [await _token(tx, fresh)])
            details = {"name": wanted.name, "application": wanted.slug, "groups": list(view.group_names)}
            event = Event("registration_token.create", "ok", by.actor, fresh, details, by.origin)
            await audit_log.add(tx, event, now)
        return view, secret

    async def revoke(self, key: str, by: By) -> None:
        """Nobody registers with it any more; who did stays. Raises NotFound."""
        async with self._db.write() as tx:
            found = await _token(tx, key)
            now = self._db.clock()
            if await registration_tokens.revoke(tx, found.id, now):
                details = {"name": found.name}
                event = Event("registration_token.revoke", "ok", by.actor, found.uuid, details, by.origin)
                await audit_log.add(tx, event, now)


async def standing(tx: Transaction, uuids: Collection[str]) -> list[Group]:
    """The groups with these uuids that are still there."""
    return [group for group in await groups.everything(tx) if group.uuid in uuids]


async def _token(tx: Transaction, key: str) -> RegistrationToken:
    found = await registration_tokens.by_uuid(tx, key)
    if found is None:
        raise NotFound("There is no such registration token.", param="id")
    return found


async def _application_id(tx: Transaction, slug: str) -> int:
    provider = await oauth_providers.by_slug(tx, slug)
    if provider is None:
        raise BadInput("There is no application with a provider of that slug.", param="application")
    if provider.is_registered:
        # Who registered it would decide what others get.
        raise BadInput("This client registered itself. Name an application of yours.", param="application")
    return provider.application_id


async def _group_uuids(tx: Transaction, names: Sequence[str]) -> list[str]:
    known = {group.name: group.uuid for group in await groups.everything(tx)}
    wanted = list(dict.fromkeys(names)) or [ADMIN_GROUP]
    for name in wanted:
        if name not in known:
            raise BadInput(f"There is no group {name[:100]!r}.", param="groups")
    return [known[name] for name in wanted]


async def _views(tx: Transaction, found: Sequence[RegistrationToken]) -> list[TokenView]:
    names = {group.uuid: group.name for group in await groups.everything(tx)}
    return [TokenView(one, tuple(names[key] for key in one.group_uuids if key in names)) for one in found]
