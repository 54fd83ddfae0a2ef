"""SCIM Users: people whom a directory elsewhere makes, changes, switches off and deletes."""

import uuid
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Any

from gatewright.accounts.audit import Audit
from gatewright.accounts.leaving import end_everything
from gatewright.accounts.scim.person import columns_of, document_of, emails_in, kept_as_it_came, resource_of
from gatewright.accounts.scim.refusals import told
from gatewright.accounts.scim.resource import Resource, check_version
from gatewright.domain.clock import Millis
from gatewright.domain.errors import NotFound
from gatewright.domain.identity import DEFAULT_ROLE, Role, RoleReason
from gatewright.domain.people import Event, Origin, User, is_reserved
from gatewright.domain.scim.documents import Document, read
from gatewright.domain.scim.errors import ScimRefused, ScimTaken
from gatewright.domain.scim.patch import Operation, patched
from gatewright.domain.scim.schema import USERS
from gatewright.storage import audit_log, changes, login_transactions, scim, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import people as rows
from gatewright.storage.scim import Page, PersonRow
from gatewright.storage.users import NewUser

Kept = Callable[[Transaction], AbstractAsyncContextManager[None]]
"""Around a change: refuses to take the last administrator away."""

ADMINISTRATIVE = (Role.PROXY_ADMIN, Role.PROXY_ADMIN_VIEWER)


class ScimPeople:
    """`adopt`: people who signed in by themselves are the client's to take over too. `claimed`: user_ids that nobody
    gets, since they mean an administrator.
    """

    def __init__(
        self, db: Database, audit: Audit, kept: Kept, *, adopt: bool = False, claimed: Collection[str] = ()
    ) -> None:
        self._db = db
        self._audit = audit
        self._kept = kept
        self._adopt = adopt
        self._claimed = frozenset(name.lower() for name in claimed)

    async def get(self, scim_id: str) -> Resource:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return resource_of(await self._known(tx, scim_id))

    async def page(self, wish: Page) -> tuple[int, list[Resource]]:
        """How many people match, and one page of them. Raises ScimRefused."""
        async with self._db.read() as tx:
            total, found = await scim.people(tx, wish, adopt=self._adopt)
        return total, [resource_of(row) for row in found]

    async def create(self, body: Any, *, actor: str, origin: Origin) -> Resource:
        """A person who has no role but the default one and no way to sign in until an identity is linked.

        Raises ScimRefused, ScimTaken.
        """
        async with told(self._audit, "scim.user.create", "-", actor, origin):
            document, now = read(body, USERS), self._db.clock()
            async with self._db.write() as tx:
                await self._lock(tx)
                await self._check_free(tx, document, None)
                user = await self._insert(tx, document, now)
                await self._put(tx, user, document, now)
                details = {"fields": sorted(document), "active": user.is_active}
                await _record(tx, "scim.user.create", user, actor, origin, now, details)
                await changes.announce(tx, "user", str(user.id), now)
                return resource_of(await self._known(tx, user.uuid))

    async def replace(self, scim_id: str, body: Any, *, expected: str | None, actor: str, origin: Origin) -> Resource:
        """PUT; without `active` that stays as it is. Raises NotFound, VersionDiffers, ScimRefused, Conflict."""
        async with told(self._audit, "scim.user.update", scim_id, actor, origin):
            document = read(body, USERS)
            return await self._change(scim_id, lambda _: document, expected, actor, origin)

    async def patch(
        self, scim_id: str, operations: list[Operation], *, expected: str | None, actor: str, origin: Origin
    ) -> Resource:
        """PATCH. Raises NotFound, VersionDiffers, ScimRefused, Conflict."""
        async with told(self._audit, "scim.user.update", scim_id, actor, origin):
            return await self._change(scim_id, lambda old: patched(old, operations, USERS), expected, actor, origin)

    async def delete(self, scim_id: str, *, expected: str | None, actor: str, origin: Origin) -> None:
        """The row stays, so that the username is never somebody else's. Raises NotFound, VersionDiffers, Conflict."""
        now = self._db.clock()
        async with told(self._audit, "scim.user.delete", scim_id, actor, origin), self._db.write() as tx:
            await self._lock(tx)
            async with self._kept(tx):
                row = await self._known(tx, scim_id)
                check_version(expected, resource_of(row).version)
                hashes = await rows.revoke_keys(tx, row.user.id, now)
                await rows.bury(tx, row.user.id, now)
                await scim.forget(tx, row.user.id)
                await _record(tx, "scim.user.delete", row.user, actor, origin, now, {})
                await end_everything(tx, row.user.id, now)
                for hashed in hashes:
                    await changes.announce(tx, "key", hashed, now)

    async def _change(
        self, scim_id: str, make: Callable[[Document], Document], expected: str | None, actor: str, origin: Origin
    ) -> Resource:
        now = self._db.clock()
        async with self._db.write() as tx:
            await self._lock(tx)
            async with self._kept(tx):
                before = await self._known(tx, scim_id)
                check_version(expected, resource_of(before).version)
                document = make(document_of(before))
                document.setdefault("active", before.user.is_active)
                await self._check_free(tx, document, before)
                await self._check_external_id(tx, document, before)
                columns = columns_of(document, before)
                after = await users.change(tx, before.user.id, now, **columns) or before.user
                await self._put(tx, after, document, now)
                details = {"fields": sorted(columns), "active": after.is_active, "adopted": before.user_name is None}
                await _record(tx, "scim.user.update", after, actor, origin, now, details)
                if before.user.is_active and not after.is_active:
                    await end_everything(tx, after.id, now)
                await changes.announce(tx, "user", str(after.id), now)
            return resource_of(await self._known(tx, scim_id))

    async def _lock(self, tx: Transaction) -> None:
        await scim.lock(tx)
        await login_transactions.lock_newcomers(tx)

    async def _known(self, tx: Transaction, scim_id: str) -> PersonRow:
        found = await scim.person(tx, scim_id, adopt=self._adopt)
        if found is None:
            raise NotFound(f"There is no User {scim_id[:60]!r}.")
        return found

    async def _insert(self, tx: Transaction, document: Document, now: Millis) -> User:
        fresh = str(uuid.uuid4())
        columns = columns_of(document, None)
        name = await self._account_name(tx, document["userName"], fresh)
        new = NewUser(
            uuid=fresh,
            username=name,
            user_id=name,
            email=columns["email"],
            display_name=columns["display_name"],
            role=DEFAULT_ROLE,
            role_reason=RoleReason(rule="default"),
        )
        user = await users.add(tx, new, now)
        if columns["is_active"]:
            return user
        return await users.change(tx, user.id, now, is_active=False) or user

    async def _account_name(self, tx: Transaction, wish: str, fresh: str) -> str:
        """The userName where it never was another's name here, else the account's own id."""
        if is_reserved(wish) or wish.lower() in self._claimed or await rows.name_taken(tx, wish):
            return fresh
        return wish

    async def _put(self, tx: Transaction, user: User, document: Document, now: Millis) -> None:
        row = PersonRow(
            user,
            document["userName"],
            document.get("externalId"),
            kept_as_it_came(document),
            emails_in(document),
        )
        await scim.put(tx, row, now)

    async def _check_free(self, tx: Transaction, document: Document, before: PersonRow | None) -> None:
        """Raises ScimTaken for a userName or externalId that is somebody else's."""
        name, external_id = document["userName"], document.get("externalId")
        but = None if before is None else before.user.id
        changed = before is None or name != before.user_name
        if changed and await scim.name_is_taken(tx, name, but=but):
            raise ScimTaken(
                "There is a User or an account with this userName.",
                param="userName",
                hint="Somebody who signed in before they were provisioned is taken over as docs/scim.md says.",
            )
        if external_id and await scim.external_id_is_taken(tx, external_id, but=but):
            raise ScimTaken("There is a User with this externalId.", param="externalId")

    async def _check_external_id(self, tx: Transaction, document: Document, before: PersonRow) -> None:
        """Whoever signs in with that id becomes the person: no client gives an administrator's account away so."""
        if before.user.role not in ADMINISTRATIVE or document.get("externalId") == before.external_id:
            return
        if not await scim.is_linked(tx, before.user.id):
            raise ScimRefused(
                "mutability", "The externalId of an administrator who never signed in is fixed.", param="externalId"
            )


async def _record(
    tx: Transaction, action: str, user: User, actor: str, origin: Origin, now: Millis, details: dict[str, Any]
) -> None:
    await audit_log.add(tx, Event(action, "ok", actor, user.user_id, details, origin), now)
