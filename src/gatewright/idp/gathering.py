"""Gather what scope mappings get to know of a person: one transaction, and no more than their expressions mention."""

from collections.abc import Mapping, Sequence

from gatewright.domain.clock import Millis
from gatewright.domain.people import Origin, User
from gatewright.idp.access import held
from gatewright.idp.clients import Client
from gatewright.idp.expressions.facts import (
    EntitlementFacts,
    ExpressionProvider,
    ExpressionUser,
    Facts,
    GroupFacts,
)
from gatewright.idp.expressions.program import Program, program
from gatewright.idp.people import INSTALLATION, hashed_id
from gatewright.storage import authenticators, bindings, facts, groups
from gatewright.storage.database import Transaction
from gatewright.storage.groups import Membership

NO_CLIENT = ExpressionProvider("", "", "", "")
# Authentik calls recovery codes static tokens.
DEVICE_TYPES = {"recovery": "static"}
INDIRECT = frozenset({"getattr", "format", "format_map", "ak_user_by"})
"""Words by which an attribute can be read without being mentioned."""


class Needs:
    """What some expressions mention."""

    def __init__(self, expressions: Sequence[str]) -> None:
        made = [one for one in map(program, expressions) if isinstance(one, Program)]
        self._sources = [one.source for one in made if one.constant is None]
        self._everything = any(not INDIRECT.isdisjoint(one.words) for one in made)

    @property
    def anything(self) -> bool:
        """Whether one of them is run at all."""
        return bool(self._sources)

    def mention(self, word: str) -> bool:
        """Looks at the programs, where every name is spelled in one way."""
        return self._everything or any(word in source for source in self._sources)


class Gathering:
    """Reads people afresh, so that a change of group counts at once."""

    def __init__(self) -> None:
        self._installation: str | None = None

    async def facts(
        self, tx: Transaction, client: Client | None, user: User, scopes: Sequence[str], expressions: Sequence[str]
    ) -> Facts:
        """The facts for these expressions. Without a client they see one whose names are empty."""
        needs = Needs(expressions)
        provider = NO_CLIENT if client is None else client.for_expressions
        if not needs.anything:
            return Facts(_person(user, "", (), ()), provider, tuple(scopes))
        kinds = await authenticators.kinds(tx, user.id) if needs.mention("authenticator") else ()
        mine = await groups.memberships(tx, user.id)
        uuids = {one.group.id: one.group.uuid for one in mine}
        listed = tuple(_group(one, uuids) for one in mine)
        person = _person(user, await self._uid(tx, user), listed, tuple(DEVICE_TYPES.get(kind, kind) for kind in kinds))
        entitlements: tuple[EntitlementFacts, ...] = ()
        if client is not None and needs.mention("entitlement"):
            entitlements = await _entitlements(tx, client, user, frozenset(uuids))
        return Facts(person, provider, tuple(scopes), entitlements)

    async def _uid(self, tx: Transaction, user: User) -> str:
        """The installation's id never changes."""
        if self._installation is None:
            self._installation = str(await facts.read(tx, INSTALLATION))
        return hashed_id(user, self._installation)


def asked(found: Facts, origin: Origin | None, auth_time: Millis | None) -> Facts:
    """The facts with those of the request."""
    return Facts(found.user, found.provider, found.scopes, found.entitlements, origin, auth_time)


async def _entitlements(
    tx: Transaction, client: Client, user: User, group_ids: frozenset[int]
) -> tuple[EntitlementFacts, ...]:
    found = await bindings.of_entitlements(tx, client.application_id)
    return tuple(EntitlementFacts(one.name, one.uuid, one.attributes) for one in held(found, user.id, group_ids))


def _person(user: User, uid: str, listed: tuple[GroupFacts, ...], kinds: tuple[str, ...]) -> ExpressionUser:
    return ExpressionUser(
        pk=user.id,
        uuid=user.uuid,
        uid=uid,
        username=user.username,
        name=user.display_name or user.username,
        email=user.email or "",
        email_verified=user.email_verified,
        is_active=user.is_active,
        attributes=user.attributes,
        groups=listed,
        kind=user.kind,
        path=user.path,
        created_at=user.created_at,
        last_login_at=user.last_login_at,
        password_changed_at=user.password_changed_at,
        authenticators=kinds,
    )


def _group(one: Membership, uuids: Mapping[int, str]) -> GroupFacts:
    """`uuids` are those of all groups that the person is in: a group's parents are among them."""
    group = one.group
    return GroupFacts(
        name=group.name,
        uuid=group.uuid,
        direct=one.direct,
        is_superuser=group.is_superuser,
        attributes=group.attributes,
        parents=tuple(uuids[parent] for parent in group.parent_ids),
    )
