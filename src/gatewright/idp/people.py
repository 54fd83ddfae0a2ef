"""The person behind a token: the subject that a client sees, and what expressions may read."""

import hashlib

from gatewright.accounts.memberships import with_parents
from gatewright.domain.people import Group, User
from gatewright.idp.blueprint import INSTALLATION
from gatewright.idp.expressions.facts import ExpressionUser, GroupFacts
from gatewright.storage import facts, groups, person_facts, users
from gatewright.storage.database import Database

# Authentik calls recovery codes static tokens.
DEVICE_TYPES = {"recovery": "static"}


class People:
    """Reads people afresh, so that a change of group or a deactivation counts at once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def active(self, user_pk: int) -> User | None:
        """The user, None when they are gone or deactivated."""
        async with self._db.read() as tx:
            user = await users.by_id(tx, user_pk)
        return user if user is not None and user.is_active else None

    async def facts(self, user: User) -> ExpressionUser:
        """What a scope mapping sees of the user."""
        async with self._db.read() as tx:
            direct = {group.id for group in await groups.of_user(tx, user.id)}
            everything = {group.id: group for group in await groups.everything(tx)}
            installation = str(await facts.read(tx, INSTALLATION))
            more = await person_facts.of_user(tx, user.id)
        kinds = () if more is None else more.authenticators
        return ExpressionUser(
            pk=user.id,
            uuid=user.uuid,
            uid=hashed_id(user, installation),
            username=user.username,
            name=user.display_name or user.username,
            email=user.email or "",
            email_verified=user.email_verified,
            is_active=user.is_active,
            attributes=user.attributes,
            groups=tuple(_facts(group, direct, everything) for group in with_parents(direct, everything)),
            kind="internal" if more is None else more.kind,
            path="users" if more is None else more.path,
            created_at=user.created_at,
            last_login_at=user.last_login_at,
            password_changed_at=None if more is None else more.password_changed_at,
            authenticators=tuple(DEVICE_TYPES.get(kind, kind) for kind in kinds),
        )

    async def subject(self, user: User, mode: str) -> str:
        """The `sub` of the client's subject mode (contract 1.5). A mode whose value is missing gives the hashed id."""
        plain = {
            "user_id": str(user.id),
            "user_uuid": user.uuid,
            "user_username": user.username,
            "user_email": user.email,
            "user_upn": user.attributes.get("upn"),
        }.get(mode)
        if isinstance(plain, str) and plain:
            return plain
        async with self._db.read() as tx:
            return hashed_id(user, str(await facts.read(tx, INSTALLATION)))


def hashed_id(user: User, installation: str) -> str:
    """Authentik's `hashed_user_id`."""
    return hashlib.sha256(f"{user.id}-{installation}".encode()).hexdigest()


def _facts(group: Group, direct: set[int], everything: dict[int, Group]) -> GroupFacts:
    parents = [everything[parent].uuid for parent in group.parent_ids if parent in everything]
    return GroupFacts(
        name=group.name,
        uuid=group.uuid,
        direct=group.id in direct,
        is_superuser=group.is_superuser,
        attributes=group.attributes,
        parents=tuple(parents),
    )
