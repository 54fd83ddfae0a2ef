"""Virtual keys: make, revoke, and the key ring that answers on the hot path from memory."""

import asyncio
import hmac
import uuid
from collections.abc import Sequence
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from gatewright.domain.clock import SECOND, Millis
from gatewright.domain.errors import Conflict, NotFound, Unauthenticated
from gatewright.domain.identity import Role
from gatewright.domain.keys import Principal, key_hash, key_name, new_key
from gatewright.domain.limits import NO_LIMITS, Holder, Limits
from gatewright.domain.people import Event, Origin, User
from gatewright.oidc.bearer import looks_like_one
from gatewright.storage import audit_log, changes, keys, teams
from gatewright.storage.changes import Change
from gatewright.storage.database import Database, Transaction
from gatewright.storage.keys import KeyRow
from gatewright.storage.rows import limit_values

# Bounds on memory: keys in use, and guesses remembered as wrong.
MOST_CACHED = 100_000
MOST_UNKNOWN = 20_000
UNKNOWN_FOR: Millis = 30 * SECOND

# The kind of row that stands for an identity of outside, whose tokens are the credentials.
JWT = "jwt"
KINDS = {"virtual": "key"}

CHANGED = ("alias", "models", "expires_at", "metadata", "team_id")


class NewKey(msgspec.Struct, frozen=True):
    """What a key is made of. `kind` is `virtual` or `cli`; `models` empty means every model."""

    alias: str | None
    owner: User | None
    models: Sequence[str] = ()
    expires_at: Millis | None = None
    kind: str = "virtual"
    metadata: dict[str, object] = {}
    secret: str | None = None
    limits: Limits = NO_LIMITS
    team_id: str | None = None


class KeyChange(msgspec.Struct, frozen=True):
    """What of a key is to be another; UNSET stays as it is."""

    alias: str | UnsetType | None = UNSET
    models: Sequence[str] | UnsetType = UNSET
    expires_at: Millis | UnsetType | None = UNSET
    metadata: dict[str, object] | UnsetType = UNSET
    limits: Limits | UnsetType = UNSET
    team_id: str | UnsetType | None = UNSET


class Keys:
    """The stored keys."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, new: NewKey, *, actor: str, origin: Origin) -> tuple[str, KeyRow]:
        """Makes a key; its secret, shown this once, and the row.

        Raises Conflict when the alias is in use, NotFound for a team that is not there.
        """
        secret, now = new.secret or new_key(), self._db.clock()
        async with self._db.write() as tx:
            await keys.lock_new(tx)
            if new.alias and new.kind == "virtual":
                await _check_alias(tx, new.alias)
            await _check_team(tx, new.team_id)
            if await keys.by_hash(tx, key_hash(secret)) is not None:
                raise Conflict("This key exists already.", param="key", code="key_exists")
            key_id = await keys.add(
                tx,
                uuid=str(uuid.uuid4()),
                token_hash=key_hash(secret),
                kind=new.kind,
                key_name=key_name(secret),
                alias=new.alias,
                user_pk=None if new.owner is None else new.owner.id,
                models=list(new.models),
                metadata=new.metadata,
                blocked=False,
                address=origin.address,
                user_agent=(origin.user_agent or "")[:300] or None,
                created_at=now,
                created_by=actor,
                updated_at=now,
                expires_at=new.expires_at,
                team_id=new.team_id,
                **limit_values(new.limits),
            )
            event = Event(f"key.create.{new.kind}", "ok", actor=actor, target=str(key_id), origin=origin)
            await audit_log.add(tx, event, now)
            # A guess may have put this hash among the unknown ones.
            await changes.announce(tx, "key", key_hash(secret), now)
            row = await keys.by_hash(tx, key_hash(secret))
        assert row is not None  # noqa: S101 (inserted above, in the same transaction)
        return secret, row

    async def change(self, row: KeyRow, change: KeyChange, *, actor: str, origin: Origin) -> KeyRow:
        """The key as it is afterwards, so on every worker. Raises Conflict for an alias in use, NotFound for a team."""
        now = self._db.clock()
        columns = {name: value for name in CHANGED if (value := getattr(change, name)) is not UNSET}
        async with self._db.write() as tx:
            await keys.lock_new(tx)
            if isinstance(change.alias, str) and change.alias != row.alias:
                await _check_alias(tx, change.alias)
            if isinstance(change.team_id, str):
                await _check_team(tx, change.team_id)
            limits = {} if isinstance(change.limits, UnsetType) else limit_values(change.limits)
            await keys.change(tx, row.id, now, **columns, **limits)
            details = {"fields": sorted({*columns, *limits})}
            event = Event("key.update", "ok", actor=actor, target=str(row.id), details=details, origin=origin)
            await audit_log.add(tx, event, now)
            await changes.announce(tx, "key", row.token_hash, now)
            after = await keys.by_hash(tx, row.token_hash)
        assert after is not None  # noqa: S101 (keys are never deleted)
        return after

    async def find(self, text: str) -> KeyRow:
        """The key that a secret, a stored hash or a stable id names. Raises NotFound."""
        async with self._db.read() as tx:
            if text.startswith("sk-"):
                row = await keys.by_hash(tx, key_hash(text))
            else:
                row = await keys.by_hash(tx, text) or await keys.by_uuid(tx, text)
        if row is None:
            raise NotFound("There is no such key.", param="key", code="key_not_found")
        return row

    async def of_identity(self, caller: Principal) -> KeyRow:
        """The row that stands for the identity behind a token. Raises NotFound."""
        async with self._db.read() as tx:
            row = await keys.by_id(tx, caller.credential_id)
        if row is None or row.kind != JWT:
            raise NotFound("There is no such key.", param="key", code="key_not_found")
        return row

    async def by_alias(self, alias: str) -> KeyRow:
        """The living key with that alias. Raises NotFound."""
        async with self._db.read() as tx:
            row = await keys.by_alias(tx, alias)
        if row is None:
            raise NotFound(f"There is no key with the alias {alias!r}.", param="key_alias", code="key_not_found")
        return row

    async def page(self, limit: int, after: int | None, *, user_pk: int | None = None) -> list[KeyRow]:
        """Virtual keys, newest first; of one user when given."""
        async with self._db.read() as tx:
            return await keys.page(tx, "virtual", limit, after, user_pk=user_pk)

    async def cli_logins(self, user_pk: int) -> list[KeyRow]:
        """The user's living command-line sign-ins, newest first."""
        now = self._db.clock()
        async with self._db.read() as tx:
            rows = await keys.page(tx, "cli", 200, None, user_pk=user_pk, revoked=False)
        return [row for row in rows if row.expires_at is None or row.expires_at > now]

    async def revoke(self, row: KeyRow, *, actor: str, origin: Origin) -> bool:
        """Revokes the key on every worker; False when it was revoked already."""
        now = self._db.clock()
        async with self._db.write() as tx:
            token_hash = await keys.revoke(tx, row.id, now)
            if token_hash is not None:
                event = Event(f"key.revoke.{row.kind}", "ok", actor=actor, target=str(row.id), origin=origin)
                await audit_log.add(tx, event, now)
                await changes.announce(tx, "key", token_hash, now)
        return token_hash is not None


async def _check_alias(tx: Transaction, alias: str) -> None:
    if await keys.by_alias(tx, alias) is not None:
        raise Conflict(f"There is a key with the name {alias!r} already.", param="key_alias", code="key_alias_taken")


async def _check_team(tx: Transaction, team_id: str | None) -> None:
    """Under `lock_new`, which deleting a team takes too, so that no key comes into a team that is gone."""
    if team_id is not None and await teams.by_id(tx, team_id) is None:
        raise NotFound(f"There is no team {team_id!r}.", param="team_id", code="team_not_found")


class BearerTokens(Protocol):
    """Who a signed token of an outside issuer speaks for."""

    async def authenticate(self, token: str, origin: Origin) -> Principal: ...
    def apply(self, change: Change) -> None: ...


class KeyRing:
    """Who a key belongs to, from memory. `apply` keeps it fresh with the changes of every worker.

    An unknown key costs one query, shared by all who ask at the same time, and is then remembered as unknown.
    """

    def __init__(self, db: Database, master_key: str) -> None:
        self._db = db
        self._master = key_hash(master_key)
        self._known: dict[str, Principal] = {}
        self._unknown: dict[str, tuple[Millis, str]] = {}
        self._pending: dict[str, asyncio.Task[Principal | str]] = {}
        self._epoch = 0
        self.last_used: dict[int, Millis] = {}
        self.bearer: BearerTokens | None = None
        self._master_principal = Principal(
            kind="master", role=Role.PROXY_ADMIN, user_pk=None, user_id="default_user_id", credential_id=0
        )

    def cached(self, secret: str) -> Principal | None:
        """The caller when memory knows the key and it is good now; None means: ask `authenticate`."""
        found = self._known.get(key_hash(secret))
        now = self._db.clock()
        if found is None or (found.expires_at is not None and found.expires_at <= now):
            return None
        self.last_used[found.credential_id] = now
        return found

    async def authenticate(self, secret: str) -> Principal:
        """The caller behind the key. Raises Unauthenticated saying whether it is unknown, expired or revoked."""
        hashed, now = key_hash(secret), self._db.clock()
        if hmac.compare_digest(hashed, self._master):
            return self._master_principal
        if (found := self.cached(secret)) is not None:
            return found
        refused = self._unknown.get(hashed)
        if refused is not None and refused[0] > now:
            raise refusal(refused[1])
        answer = await self._ask_once(hashed)
        if isinstance(answer, str):
            raise refusal(answer)
        self.last_used[answer.credential_id] = now
        return answer

    async def caller(self, secret: str, address: str | None, reference: str | None) -> Principal:
        """The caller behind a key or, where they are credentials, a signed token. Raises Unauthenticated, Forbidden."""
        if self.bearer is None or not looks_like_one(secret):
            return await self.authenticate(secret)
        found = await self.bearer.authenticate(secret, Origin(address=address, reference=reference))
        self.last_used[found.credential_id] = self._db.clock()
        return found

    def apply(self, change: Change) -> None:
        """Forgets what the change touched."""
        self._epoch += 1
        if self.bearer is not None:
            self.bearer.apply(change)
        if change.kind == "key":
            self._known.pop(change.ref, None)
            self._unknown.pop(change.ref, None)
        elif change.kind == "user":
            user_pk = int(change.ref)
            self._forget([h for h, principal in self._known.items() if principal.user_pk == user_pk])
        elif change.kind == "team":
            self._forget([h for h, principal in self._known.items() if principal.team_id == change.ref])

    def _forget(self, hashes: Sequence[str]) -> None:
        for hashed in hashes:
            del self._known[hashed]

    async def _ask_once(self, hashed: str) -> Principal | str:
        task = self._pending.get(hashed)
        if task is None:
            task = self._pending[hashed] = asyncio.create_task(self._ask(hashed))
            task.add_done_callback(lambda _: self._pending.pop(hashed, None))
        return await asyncio.shield(task)

    async def _ask(self, hashed: str) -> Principal | str:
        epoch = self._epoch
        async with self._db.read() as tx:
            row = await keys.by_hash(tx, hashed)
        answer = judge(row, self._db.clock())
        # A change that arrived meanwhile may be about this key: answer once, remember nothing.
        if epoch != self._epoch:
            return answer
        if isinstance(answer, str):
            if len(self._unknown) >= MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[hashed] = (self._db.clock() + UNKNOWN_FOR, answer)
        else:
            if len(self._known) >= MOST_CACHED:
                self._known.pop(next(iter(self._known)))
            self._known[hashed] = answer
        return answer


REFUSALS = {
    "unknown": ("invalid_api_key", "This API key is not known."),
    "revoked": ("key_revoked", "This API key was revoked."),
    "expired": ("expired_key", "This API key has expired."),
    "blocked": ("key_blocked", "This API key is blocked."),
    "inactive": ("user_inactive", "The owner of this API key is not active."),
    "team_deleted": ("team_deleted", "The team of this API key was deleted."),
}


def refusal(cause: str) -> Unauthenticated:
    code, message = REFUSALS[cause]
    return Unauthenticated(message, code=code, hint="Create a key on the dashboard's Keys page, or sign in again.")


def judge(row: KeyRow | None, now: Millis) -> Principal | str:
    """The caller that the row stands for, or the cause of refusal."""
    if row is None:
        return "unknown"
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    if row.blocked:
        return "blocked"
    if row.user_pk is not None and not row.owner_active:
        return "inactive"
    if row.team_id is not None and not row.team_exists:
        return "team_deleted"
    # A virtual key without an owner calls models and nothing else.
    role = row.owner_role or Role.INTERNAL_USER_VIEWER
    return Principal(
        kind=KINDS.get(row.kind, row.kind),
        role=role,
        user_pk=row.user_pk,
        user_id=row.owner_user_id or "",
        credential_id=row.id,
        models=frozenset(row.models),
        expires_at=row.expires_at,
        email=row.owner_email,
        key_alias=row.alias,
        team_id=row.team_id,
        team_models=frozenset(row.team_models or ()),
        holders=_holders(row),
    )


def _holders(row: KeyRow) -> tuple[Holder, ...]:
    everybody = (
        Holder("api_key", str(row.id), row.limits),
        Holder("user", str(row.user_pk), row.owner_limits),
        Holder("team", row.team_id or "", row.team_limits),
    )
    return tuple(one for one in everybody if one.limits)
