"""SCIM Groups: teams that a directory elsewhere names, and whom it puts into them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.scim.refusals import told
from gatewright.accounts.scim.resource import Resource, check_version, version_of
from gatewright.accounts.teams import NewTeam, TeamChange, Teams
from gatewright.domain.clock import Millis
from gatewright.domain.errors import NotFound
from gatewright.domain.people import Event, Origin
from gatewright.domain.scim.documents import Document, read
from gatewright.domain.scim.errors import ScimRefused, ScimTaken
from gatewright.domain.scim.members import NAME, MemberChange, ids_in, split
from gatewright.domain.scim.patch import Operation, patched
from gatewright.domain.scim.schema import TEAMS
from gatewright.storage import audit_log, changes, scim, scim_groups, teams
from gatewright.storage.database import Database, Transaction
from gatewright.storage.scim import Page
from gatewright.storage.scim_groups import SCIM, GroupRow

LONGEST = 200
MOST_NAMED = 100
"""Members whom one line of the audit log names."""


class Moved(msgspec.Struct, frozen=True):
    """Whom a change put into a team and took out of it, and the hashes of the keys that were revoked with that."""

    added: Sequence[str]
    removed: Sequence[str]
    revoked: Sequence[str]


class ScimTeams:
    """Every team is a Group. Memberships by another word than SCIM's are shown and stay."""

    def __init__(self, db: Database, audit: Audit, *, adopt: bool = False) -> None:
        self._db = db
        self._audit = audit
        self._adopt = adopt

    async def get(self, team_id: str) -> Resource:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return _resource(await self._known(tx, team_id))

    async def page(self, wish: Page, *, with_members: bool = True) -> tuple[int, list[Resource]]:
        """How many teams match, and one page of them. Raises ScimRefused."""
        async with self._db.read() as tx:
            total, found = await scim_groups.page(tx, wish, adopt=self._adopt, with_members=with_members)
        return total, [_resource(row, whole=with_members) for row in found]

    async def create(self, body: Any, *, actor: str, origin: Origin) -> Resource:
        """A team of every model and no limits, which administrators set. Raises ScimRefused, ScimTaken."""
        async with told(self._audit, "scim.group.create", "-", actor, origin):
            (document, members), now = _read(body), self._db.clock()
            async with self._db.write() as tx:
                await scim.lock(tx)
                await _check_free(tx, document, None)
                new = NewTeam(alias=document["displayName"])
                team = await Teams(self._db.joined(tx)).create(new, actor=actor, origin=origin)
                await scim_groups.put(tx, team.id, document.get("externalId"))
                await self._move(tx, await self._known(tx, team.team_id), [members], now)
                return _resource(await self._known(tx, team.team_id))

    async def replace(self, team_id: str, body: Any, *, expected: str | None, actor: str, origin: Origin) -> Resource:
        """PUT: SCIM's memberships are exactly these. Raises NotFound, VersionDiffers, ScimRefused, ScimTaken."""
        async with told(self._audit, "scim.group.update", team_id, actor, origin):
            document, members = _read(body)
            async with self._db.write() as tx:
                before = await self._locked(tx, team_id, expected)
                return await self._store(tx, before, document, [members], actor, origin)

    async def patch(
        self, team_id: str, operations: list[Operation], *, expected: str | None, actor: str, origin: Origin
    ) -> Resource:
        """PATCH. Raises NotFound, VersionDiffers, ScimRefused, ScimTaken."""
        async with told(self._audit, "scim.group.update", team_id, actor, origin):
            others, moves = split(operations)
            async with self._db.write() as tx:
                before = await self._locked(tx, team_id, expected)
                document = patched(_own(before), others, TEAMS)
                _check_name(document)
                return await self._store(tx, before, document, moves, actor, origin)

    async def delete(self, team_id: str, *, expected: str | None, actor: str, origin: Origin) -> None:
        """Deletes the team and revokes its keys, as everywhere. Raises NotFound, VersionDiffers."""
        async with told(self._audit, "scim.group.delete", team_id, actor, origin), self._db.write() as tx:
            await self._locked(tx, team_id, expected)
            await Teams(self._db.joined(tx)).delete([team_id], actor=actor, origin=origin)

    async def _locked(self, tx: Transaction, team_id: str, expected: str | None) -> GroupRow:
        await scim.lock(tx)
        found = await self._known(tx, team_id)
        check_version(expected, _resource(found).version)
        return found

    async def _known(self, tx: Transaction, team_id: str) -> GroupRow:
        found = await scim_groups.group(tx, team_id, adopt=self._adopt)
        if found is None:
            raise NotFound(f"There is no Group {team_id[:60]!r}.")
        return found

    async def _store(
        self,
        tx: Transaction,
        before: GroupRow,
        document: Document,
        moves: Sequence[MemberChange],
        actor: str,
        origin: Origin,
    ) -> Resource:
        now = self._db.clock()
        await _check_free(tx, document, before)
        if document["displayName"] != (before.alias or before.team_id):
            change = TeamChange(alias=document["displayName"])
            await Teams(self._db.joined(tx)).change(before.team_id, change, actor=actor, origin=origin)
        if document.get("externalId") != before.external_id:
            await scim_groups.put(tx, before.team_pk, document.get("externalId"))
        moved = await self._move(tx, before, moves, now)
        await teams.change(tx, before.team_id, now)
        details = {
            "added": list(moved.added[:MOST_NAMED]),
            "removed": list(moved.removed[:MOST_NAMED]),
            "counts": [len(moved.added), len(moved.removed)],
        }
        await audit_log.add(tx, Event("scim.group.update", "ok", actor, before.team_id, details, origin), now)
        await changes.announce(tx, "team", before.team_id, now)
        for hashed in moved.revoked:
            await changes.announce(tx, "key", hashed, now)
        return _resource(await self._known(tx, before.team_id))

    async def _move(self, tx: Transaction, before: GroupRow, moves: Sequence[MemberChange], now: Millis) -> Moved:
        """Makes the memberships what the changes say, announcing nothing. Raises ScimRefused for who is no User."""
        present = {one.uuid: one for one in before.members}
        wanted = set(present)
        for one in moves:
            ids = set(present if one.ids is None else one.ids)
            wanted = {"add": wanted | ids, "remove": wanted - ids, "replace": ids}[one.op]
        added = sorted(wanted - present.keys())
        removed = [one for one in before.members if one.uuid not in wanted and one.origin == SCIM]
        known = await scim.known_pks(tx, added, adopt=self._adopt)
        if unknown := [one for one in added if one not in known]:
            raise ScimRefused("invalidValue", f"There is no User {unknown[0][:60]!r}.", param="members")
        revoked = await scim_groups.leave(tx, before, [one.user_pk for one in removed], now)
        await scim_groups.join(tx, before.team_pk, [known[one] for one in added], now)
        return Moved(added, [one.uuid for one in removed], revoked)


def _read(body: Any) -> tuple[Document, MemberChange]:
    """The team's own attributes, and who is to be in it. What a client calls its members is passed over."""
    given = body.items() if isinstance(body, Mapping) else ()
    members = [value for key, value in given if key.lower() == NAME]
    document = read({key: value for key, value in given if key.lower() != NAME} if given else body, TEAMS)
    _check_name(document)
    return document, MemberChange("replace", ids_in(members[0] if members else None))


def _check_name(document: Document) -> None:
    name = document["displayName"]
    if len(name) > LONGEST or not name.isprintable():
        raise ScimRefused("invalidValue", f"displayName is longer than {LONGEST} characters or not printable.")


async def _check_free(tx: Transaction, document: Document, before: GroupRow | None) -> None:
    external_id, but = document.get("externalId"), None if before is None else before.team_pk
    if external_id and await scim_groups.external_id_is_taken(tx, external_id, but=but):
        raise ScimTaken("There is a Group with this externalId.", param="externalId")


def _own(row: GroupRow) -> Document:
    """The team's attributes without its members."""
    document = {"displayName": row.alias or row.team_id}
    return document if row.external_id is None else {**document, "externalId": row.external_id}


def _resource(row: GroupRow, *, whole: bool = True) -> Resource:
    document = _own(row)
    if row.members:
        document["members"] = [{"value": one.uuid, "type": "User"} for one in row.members]
    version = version_of(row.team_id, document, row.updated_at) if whole else None
    return Resource(row.team_id, document, row.created_at, row.updated_at, version)
