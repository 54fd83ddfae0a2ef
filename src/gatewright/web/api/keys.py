"""`/api/v1/keys`: virtual keys, made and revoked."""

import msgspec
from starlette.responses import Response

from gatewright.accounts.keys import Keys, NewKey
from gatewright.accounts.users import Users
from gatewright.domain.clock import Clock, Millis, iso, iso_or_none
from gatewright.domain.errors import Conflict, Forbidden, NotFound
from gatewright.domain.money import Nanos, dollars
from gatewright.gateway.deployments import Deployments
from gatewright.spend.reports import Reports
from gatewright.storage.keys import KeyRow
from gatewright.storage.rows import cursor_id
from gatewright.web.api import key_rules
from gatewright.web.api.wire import answer, clean, nothing, read
from gatewright.web.call import Call, listing, page_of
from gatewright.web.routing import Access, Dialect, Route


class Owner(msgspec.Struct, frozen=True):
    """Whose key it is."""

    user_id: str
    email: str | None


class KeyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One key (docs/api.md), without its secret. `models` empty means every model; `spend` is decimal text in USD."""

    id: str
    name: str | None
    key_name: str
    models: list[str]
    owner: Owner | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    status: str
    spend: str


class CreatedKey(KeyAnswer, frozen=True, kw_only=True):
    """The answer to making a key: the only one that ever holds the secret."""

    key: str


class KeyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a new key is to be. `expires_in` is LiteLLM's duration: `30d`, `12h`."""

    name: str
    models: list[str] = []
    expires_in: str | None = None


class VirtualKeys:
    """The keys that the caller may see; new ones belong to the caller."""

    def __init__(self, keys: Keys, users: Users, deployments: Deployments, reports: Reports, clock: Clock) -> None:
        self._keys = keys
        self._users = users
        self._deployments = deployments
        self._reports = reports
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/keys", ("GET",), self.show, Access.CALLER, Dialect.PROBLEM),
            Route("/api/v1/keys", ("POST",), self.create, Access.WRITER, Dialect.PROBLEM),
            Route("/api/v1/keys/{id}", ("DELETE",), self.revoke, Access.CALLER, Dialect.PROBLEM),
        ]

    async def show(self, call: Call) -> Response:
        """Own keys, newest first; everybody's for administrators and viewers."""
        limit, cursor = page_of(call)
        after, principal = cursor_id(cursor), call.principal
        if principal.user_pk is None and not principal.sees_everything:
            # A key without an owner owns no keys; without a user the query would answer everybody's.
            return answer(listing([], None))
        owner = None if principal.sees_everything else principal.user_pk
        rows = await self._keys.page(limit + 1, after, user_pk=owner)
        more = str(rows[limit - 1].id) if len(rows) > limit else None
        spent = await self._reports.of_keys([row.id for row in rows[:limit]])
        now = self._clock()
        return answer(listing([_answer(row, spent.get(row.id, 0), now) for row in rows[:limit]], more))

    async def create(self, call: Call) -> Response:
        """201, the row and the secret. Raises BadInput for a field, Conflict when the caller's name for it is taken."""
        principal, wanted = call.principal, await read(call, KeyRequest)
        now = self._clock()
        key_rules.check_maker(principal)
        new = NewKey(
            alias=key_rules.checked_name(wanted.name, "name"),
            owner=await key_rules.owner_of(principal, self._users),
            models=key_rules.checked_models(wanted.models, principal, self._deployments),
            expires_at=key_rules.expiry(wanted.expires_in, principal, now, "expires_in"),
            team_id=principal.team_id,
        )
        try:
            secret, row = await self._keys.create(new, actor=call.actor, origin=call.origin)
        except Conflict as error:
            # Below, the field has LiteLLM's name.
            raise Conflict(error.message, param="name", code=error.error_code) from error
        shown = _answer(row, 0, now)
        return answer(CreatedKey(**msgspec.structs.asdict(shown), key=secret), 201)

    async def revoke(self, call: Call) -> Response:
        """204: revoked on every worker, or revoked already. Raises NotFound, Forbidden for a viewer."""
        key_id = clean(call.path("id"), "id")
        row = await key_rules.visible_key(self._keys, call.principal, key_id)
        if row.uuid != key_id or row.kind != "virtual":
            # Secrets and hashes do not belong into URLs; sign-ins are ended as sessions.
            raise NotFound("There is no such key.", param="id", code="key_not_found")
        if not key_rules.may_revoke(call.principal, row):
            raise Forbidden("Only its owner or an administrator can revoke this key.")
        await self._keys.revoke(row, actor=call.actor, origin=call.origin)
        return nothing()


def _answer(row: KeyRow, spent: Nanos, now: Millis) -> KeyAnswer:
    return KeyAnswer(
        id=row.uuid,
        name=row.alias,
        key_name=row.key_name,
        models=row.models,
        owner=None if row.owner_user_id is None else Owner(row.owner_user_id, row.owner_email),
        created_at=iso(row.created_at),
        expires_at=iso_or_none(row.expires_at),
        last_used_at=iso_or_none(row.last_used_at),
        status=key_rules.status_of(row, now),
        spend=dollars(spent),
    )
