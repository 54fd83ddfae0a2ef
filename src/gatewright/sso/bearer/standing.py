"""From what a token says to a caller: its user, its teams, and the row that its requests are recorded under."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from gatewright.accounts import team_members
from gatewright.accounts.keys import JWT, judge, refusal
from gatewright.domain.clock import SECOND, Millis
from gatewright.domain.errors import Forbidden, Unauthenticated
from gatewright.domain.identity import DEFAULT_ROLE, Role, RoleReason
from gatewright.domain.keys import Principal
from gatewright.domain.limits import NO_LIMITS, Holder
from gatewright.domain.people import Event, Origin, User, is_reserved
from gatewright.domain.route_groups import OF_PEOPLE
from gatewright.oidc.id_token import SKEW_SECONDS
from gatewright.settings.jwt_auth import JwtAuth
from gatewright.sso.bearer.reading import NO_MODEL, Said
from gatewright.storage import audit_log, changes, keys, login_transactions, teams, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.keys import KeyRow
from gatewright.storage.teams import TeamRow
from gatewright.storage.users import NewUser

SYNCED = "synced"
"""Member of the row's metadata: when the token was issued that the user's role and teams follow, in seconds."""

LONGEST_SHOWN = 100
NOBODY: dict[str, Any] = {
    **dict.fromkeys(("user_pk", "owner_user_id", "owner_email", "owner_role", "owner_active")),
    "owner_limits": NO_LIMITS,
}
"""What a row without an owner says of one."""


class Found(msgspec.Struct, frozen=True):
    """What the database has of a token. `deleted`: the identity was somebody's who is no longer there."""

    row: KeyRow | None
    user: User | None
    deleted: bool
    teams: tuple[TeamRow, ...]


def row_hash(issuer: str, subject: str) -> str:
    """Where the key table has an identity. No secret has that hash: those of secrets are hex digits alone."""
    return f"{JWT}:{hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()}"


class Standings:
    """Finds users by (issuer, subject) alone, and makes what a token needs the first time that it is seen."""

    def __init__(self, db: Database, auth: JwtAuth, proxy_admin_id: str | None) -> None:
        self._db = db
        self._auth = auth
        self._proxy_admin_id = proxy_admin_id or None

    async def of(self, said: Said, origin: Origin) -> tuple[Principal, int | None]:
        """The caller, and whose row of the key table it stands under. Raises Unauthenticated for nobody who is known
        here, Forbidden for a team that is not.
        """
        async with self._db.read() as tx:
            found = await self._look(tx, said)
        if found.row is None or self._is_due(found, said):
            async with self._db.write() as tx:
                await login_transactions.lock_newcomers(tx)
                found = await self._settled(tx, await self._look(tx, said), said, origin)
        return self._principal(found, said), None if found.row is None else found.row.user_pk

    async def _look(self, tx: Transaction, said: Said) -> Found:
        """Raises Unauthenticated and Forbidden before anything is written."""
        user, deleted = None, False
        if said.names_user:
            user = await _person(tx, said)
            deleted = user is None and await users.is_linked(tx, said.issuer, said.subject)
        if deleted:
            raise Unauthenticated("The user of this token was deleted.", code="user_deleted")
        if said.names_user and user is None and (said.user_pk or not self._auth.user_upsert) and not said.is_admin:
            raise Unauthenticated(
                "The user of this token is not known here.",
                hint="Sign in once on the dashboard through the same issuer, or let the operator set user_id_upsert.",
                code="jwt_user_unknown",
            )
        there = await self._teams(tx, said)
        if said.names_team and not there and not said.is_admin:
            raise Forbidden("None of the teams that the token names is known here.", code="jwt_team_unknown")
        row = await keys.by_hash(tx, row_hash(said.issuer, said.subject))
        return Found(row, user, deleted, there)

    async def _teams(self, tx: Transaction, said: Said) -> tuple[TeamRow, ...]:
        if said.team_alias is not None and not said.teams:
            found = await teams.by_alias(tx, said.team_alias)
            return () if found is None else (found,)
        by_id = {row.team_id: row for row in await teams.of_ids(tx, said.teams)} if said.teams else {}
        return tuple(by_id[team_id] for team_id in said.teams if team_id in by_id)

    def _is_due(self, found: Found, said: Said) -> bool:
        """Whether something of the token is to be stored."""
        if found.user is None:
            return said.names_user and not said.is_admin
        assert found.row is not None  # noqa: S101 (asked first)
        return found.row.user_pk != found.user.id or self._leads(found.row, said)

    def _leads(self, row: KeyRow, said: Said) -> bool:
        """Whether role and teams follow this token: an older one, that somebody kept, brings no rights back."""
        return self._auth.sync and said.issued_at > int(row.metadata.get(SYNCED, -1))

    async def _settled(self, tx: Transaction, found: Found, said: Said, origin: Origin) -> Found:
        now, user = self._db.clock(), found.user
        if user is None and said.names_user and not said.is_admin:
            user = await self._welcome(tx, said, origin, now)
        row = found.row or await self._recorded(tx, said, user, origin, now)
        columns: dict[str, Any] = {}
        if user is not None and row.user_pk != user.id:
            columns["user_pk"] = user.id
        if user is not None and user.is_active and self._leads(row, said):
            await self._follow(tx, user, found.teams, said, origin, now)
            columns["metadata"] = {**row.metadata, SYNCED: said.issued_at}
        if columns:
            await keys.change(tx, row.id, now, **columns)
            await changes.announce(tx, "key", row.token_hash, now)
        return Found(await keys.by_hash(tx, row.token_hash), user, found.deleted, found.teams)

    async def _welcome(self, tx: Transaction, said: Said, origin: Origin, now: Millis) -> User:
        """A user for an identity that nobody has. What the token wishes is theirs when it is free."""
        fresh = str(uuid.uuid4())
        wish = said.user_id
        if wish is None or is_reserved(wish) or (wish == self._proxy_admin_id and wish != said.subject):
            wish = fresh
        role, reason = self._role(said) if self._auth.sync else (DEFAULT_ROLE, RoleReason(rule="default"))
        new = NewUser(
            uuid=fresh,
            username=fresh if await users.resembles(tx, "username", wish) else wish,
            user_id=fresh if await users.resembles(tx, "user_id", wish) else wish,
            email=said.email,
            role=role,
            role_reason=reason,
        )
        user = await users.add(tx, new, now)
        await users.link(tx, user.id, said.issuer, said.subject, now)
        details = {"source": said.issuer, "role": role, "rule": reason.rule, "by": JWT}
        event = Event("user.create", "ok", actor=user.user_id, target=user.user_id, details=details, origin=origin)
        await audit_log.add(tx, event, now)
        await changes.announce(tx, "user", str(user.id), now)
        return user

    async def _recorded(self, tx: Transaction, said: Said, user: User | None, origin: Origin, now: Millis) -> KeyRow:
        """The row that stands for the identity among the keys. It has no secret."""
        token_hash = row_hash(said.issuer, said.subject)
        key_id = await keys.add(
            tx,
            uuid=str(uuid.uuid4()),
            token_hash=token_hash,
            kind=JWT,
            key_name=said.subject[:LONGEST_SHOWN],
            alias=None,
            user_pk=None if user is None else user.id,
            models=[],
            metadata={"issuer": said.issuer, "subject": said.subject},
            blocked=False,
            address=origin.address,
            user_agent=None,
            created_at=now,
            created_by=JWT,
            updated_at=now,
        )
        details = {"issuer": said.issuer, "subject": said.subject}
        actor = JWT if user is None else user.user_id
        await audit_log.add(tx, Event("key.create.jwt", "ok", actor, str(key_id), details, origin), now)
        row = await keys.by_hash(tx, token_hash)
        assert row is not None  # noqa: S101 (inserted above, in the same transaction)
        return row

    async def _follow(
        self, tx: Transaction, user: User, there: Sequence[TeamRow], said: Said, origin: Origin, now: Millis
    ) -> None:
        """The user's role and teams as the token says them. Memberships by another word than a token's stay."""
        role, reason = self._role(said)
        stands = user.is_break_glass or user.role_locked or self._is_proxy_admin(user, said) or not self._auth.role_map
        if not stands and (role, reason) != (user.role, user.role_reason):
            await users.change(tx, user.id, now, role=role, role_reason=reason)
            details = {"from": user.role, "to": role, "rule": reason.rule, "source": said.issuer}
            if role is not user.role:
                await audit_log.add(tx, Event("user.role", "ok", JWT, user.user_id, details, origin), now)
            await changes.announce(tx, "user", str(user.id), now)
        claimed = () if said.team_is_default else [row.team_id for row in there]
        await team_members.follow(tx, user, claimed, word=JWT, now=now, origin=origin)

    def _role(self, said: Said) -> tuple[Role, RoleReason]:
        claim = self._auth.roles_field
        if said.role is None:
            return DEFAULT_ROLE, RoleReason(rule="default", claim=claim)
        return said.role, RoleReason(rule="claim", claim=claim, value=said.role_shown)

    def _is_proxy_admin(self, user: User, said: Said) -> bool:
        return self._proxy_admin_id is not None and self._proxy_admin_id in (said.subject, user.user_id)

    def _principal(self, found: Found, said: Said) -> Principal:
        assert found.row is not None  # noqa: S101 (settled)
        now = self._db.clock()
        judged = judge(found.row, now)
        if found.user is None and not isinstance(judged, str):
            # Another token of the subject named somebody; this one does not speak for them.
            judged = judge(msgspec.structs.replace(found.row, **NOBODY), now)
        if isinstance(judged, str):
            raise refusal(judged)
        models = judged.models & said.models or NO_MODEL if judged.models and said.models else said.models
        base = msgspec.structs.replace(
            judged,
            role=Role.PROXY_ADMIN if said.is_admin else judged.role,
            models=models or judged.models,
            expires_at=said.ends_at + SKEW_SECONDS * SECOND,
            routes=said.routes,
        )
        if said.is_admin or not found.teams:
            return base
        # Whoever has a role of their own here has their rights of it too, beside what they do for a team.
        reach = (*self._auth.team_routes, *(OF_PEOPLE if found.user is not None else ()))
        routes = (*said.routes, reach)
        acting = tuple(_for_team(base, team, routes) for team in found.teams)
        return msgspec.structs.replace(base if found.user is not None else acting[0], teams=acting)


async def _person(tx: Transaction, said: Said) -> User | None:
    if said.user_pk is not None:
        return await users.by_id(tx, said.user_pk)
    return await users.by_identity(tx, said.issuer, said.subject)


def _for_team(caller: Principal, team: TeamRow, routes: tuple[tuple[str, ...], ...]) -> Principal:
    """The caller as a key of that team would be."""
    holder = Holder("team", team.team_id, team.limits)
    return msgspec.structs.replace(
        caller,
        team_id=team.team_id,
        team_models=frozenset(team.models),
        holders=(*caller.holders, *((holder,) if team.limits else ())),
        routes=routes,
    )
