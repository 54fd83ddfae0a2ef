"""There is always somebody who can administer the installation: no change may take the last one away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewright.accounts.memberships import with_parents
from gatewright.accounts.users import ADMIN_GROUP, EMBEDDED_SOURCE
from gatewright.domain.errors import Conflict
from gatewright.storage import groups, users
from gatewright.storage.database import Transaction
from gatewright.storage.directory import groups as directory_groups
from gatewright.storage.directory import people

PERSONS = ("internal", "external")


class Administrators:
    """`membership_decides`: the embedded provider signs people in, so whoever is in `admins` is one."""

    def __init__(self, *, membership_decides: bool) -> None:
        self._membership_decides = membership_decides

    @asynccontextmanager
    async def kept(self, tx: Transaction) -> AsyncIterator[None]:
        """Around a change. Raises Conflict (`last_admin`) when there was an administrator before and none after."""
        await users.lock_roles(tx)
        before = await self._present(tx)
        yield
        if before and not await self._present(tx):
            raise Conflict(
                "Nobody would be left who administers this installation.",
                hint="Make somebody else an administrator first.",
                code="last_admin",
            )

    async def _present(self, tx: Transaction) -> set[int]:
        """The ids of the active people who are administrators at their next sign-in too."""
        found = set()
        for user in await people.administrators(tx):
            lasting = user.role_locked or user.is_break_glass or not self._membership_decides
            if lasting or await people.is_known_elsewhere(tx, user.id, EMBEDDED_SOURCE):
                found.add(user.id)
        return found | (await self._members(tx) if self._membership_decides else set())

    async def _members(self, tx: Transaction) -> set[int]:
        """Active people in the group `admins`, directly or through a child group."""
        everything = {group.id: group for group in await groups.everything(tx)}
        inside = [
            group_id
            for group_id in everything
            if any(one.name == ADMIN_GROUP for one in with_parents([group_id], everything))
        ]
        members = await directory_groups.members(tx, inside)
        return {user.id for some in members.values() for user in some if user.is_active and user.kind in PERSONS}
