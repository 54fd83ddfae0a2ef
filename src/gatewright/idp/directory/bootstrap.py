"""Authentik's bootstrap variables: the first administrator of an installation, made without anybody (contract 3.9)."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.accounts.passwords import Passwords
from gatewright.accounts.users import ADMIN_GROUP
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.keys import key_hash
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.people import insert
from gatewright.idp.directory.tokens import DirectoryTokens
from gatewright.idp.objects import people as objects
from gatewright.storage import facts, groups, oauth_providers, users
from gatewright.storage.database import Database, Transaction

FACT = "authentik_bootstrap"
USERNAME, NAME = "akadmin", "authentik Default Admin"
GROUP = "authentik Admins"
TOKEN = "authentik-bootstrap-token"
ACTOR = By("system")


class Wanted(msgspec.Struct, frozen=True):
    """What the variables say."""

    password: str | None
    token: str | None
    email: str | None

    def __repr__(self) -> str:
        return f"Wanted({self.email!r})"


class Bootstrap:
    """Works at the first start alone. `break_glass`: beside an outside provider."""

    def __init__(self, db: Database, passwords: Passwords, tokens: DirectoryTokens, *, break_glass: bool) -> None:
        self._db = db
        self._passwords = passwords
        self._tokens = tokens
        self._break_glass = break_glass

    async def run(self, wanted: Wanted) -> list[str]:
        """Makes the administrator where there is nobody yet; the names of the variables that have no effect."""
        given = {name: getattr(wanted, name) for name in ("password", "token", "email") if getattr(wanted, name)}
        if not given.keys() & {"password", "token"}:
            return sorted(given)
        hashed = None if wanted.password is None else await self._passwords.hash(wanted.password)
        async with self._db.write() as tx:
            await users.lock_setup(tx)
            # Before the locks of people and changes, as everywhere: a deadlock ends somebody's request.
            await oauth_providers.lock_first_start(tx)
            if not await users.any_exist(tx):
                await self._make(tx, wanted, hashed)
                return []
            before = await facts.read(tx, FACT)
        return await self._changed(given, before if isinstance(before, dict) else {})

    async def _make(self, tx: Transaction, wanted: Wanted, hashed: str | None) -> None:
        now = self._db.clock()
        names = {"username": USERNAME, "name": NAME, "email": wanted.email or "", "email_verified": bool(wanted.email)}
        superusers = await groups.ensure(tx, GROUP, str(uuid.uuid4()), is_superuser=True)
        admins = await groups.ensure(tx, ADMIN_GROUP, str(uuid.uuid4()))
        columns = objects.columns({**names, "groups": [superusers.id, admins.id]})
        reason = RoleReason(rule="break_glass" if self._break_glass else "first_admin")
        user = await insert(
            tx,
            columns,
            ACTOR,
            now,
            password_hash=hashed,
            role=Role.PROXY_ADMIN,
            role_reason=reason,
            is_break_glass=self._break_glass,
        )
        if wanted.token is not None:
            row = {"identifier": TOKEN, "intent": "api", "description": "", "expires_at": None}
            await self._tokens.insert(tx, user.id, ACTOR, key=wanted.token, **row)
        token = None if wanted.token is None else key_hash(wanted.token)
        await facts.write(tx, FACT, {"password": hashed, "token": token, "email": wanted.email})

    async def _changed(self, given: Mapping[str, str], before: Mapping[str, Any]) -> list[str]:
        """The variables whose values are not those of the first start."""
        same = {
            "password": lambda value: self._passwords.matches(value, before.get("password")),
            "token": lambda value: _equal(key_hash(value), before.get("token")),
            "email": lambda value: _equal(value, before.get("email")),
        }
        return [name for name, value in sorted(given.items()) if not await same[name](value)]


async def _equal(one: str, other: object) -> bool:
    return one == other
