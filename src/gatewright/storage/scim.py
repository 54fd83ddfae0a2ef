"""People as SCIM knows them: provisioned by a directory elsewhere, found by its ids."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, insert, literal, or_, select, text, update

from gatewright.domain.clock import Millis
from gatewright.domain.people import User
from gatewright.domain.scim.filters import AttributePath, Filter
from gatewright.domain.scim.schema import USERS, Attribute
from gatewright.storage.database import Transaction
from gatewright.storage.scim_conditions import Field, Fields, Source, condition, field_of
from gatewright.storage.tables import identities, scim_emails, scim_users, team_members, teams, users
from gatewright.storage.users import ALIVE, FIELDS

SCIM_LOCK = 4_202_620
PERSONS = ("internal", "external")
MOST_AT_ONCE = 500
"""Parameters of one statement."""


class Email(msgspec.Struct, frozen=True):
    """One address in lower case; `type` may be empty."""

    value: str
    type: str


class Team(msgspec.Struct, frozen=True):
    """A team that a person is in."""

    team_id: str
    alias: str | None


class PersonRow(msgspec.Struct, frozen=True):
    """A person; `user_name` None for one whom no SCIM client has provisioned. `emails` are for writing alone."""

    user: User
    user_name: str | None
    external_id: str | None
    attributes: dict[str, Any]
    emails: tuple[Email, ...] = ()
    teams: tuple[Team, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """Which rows: `start` from 1. `order` None is by id."""

    condition: Filter | None = None
    order: AttributePath | None = None
    descending: bool = False
    start: int = 1
    count: int = 100


_SCIM = (scim_users.c.user_name, scim_users.c.external_id, scim_users.c.attributes.label("scim_attributes"))
_JOINED = users.outerjoin(scim_users, scim_users.c.user_pk == users.c.id)
_EMAILS = select(scim_emails.c.user_pk).where(scim_emails.c.user_pk == users.c.id).correlate(users)
_TEAMS = (
    select(team_members.c.user_pk)
    .join(teams, teams.c.id == team_members.c.team_pk)
    .where(team_members.c.user_pk == users.c.id)
    .correlate(users)
)


def _stored(attributes: Sequence[Attribute], *path: str) -> dict[str, Field]:
    """The single texts among the attributes that are kept as they came, as columns."""
    found: dict[str, Field] = {}
    for one in attributes:
        place = (*path, one.name)
        if one.multi_valued:
            continue
        if one.type == "complex":
            found |= _stored([sub for sub in one.sub_attributes if not sub.is_read_only], *place)
        elif one.type in ("string", "reference"):
            # The JSON type of PostgreSQL is a variant, whose paths the plain one's comparator writes as well.
            name = ".".join(place)
            found[name.lower()] = Field(scim_users.c.attributes[place].as_string())
    return found


def _extensions() -> dict[str, Field]:
    found: dict[str, Field] = {}
    for one in USERS.extensions:
        for name, field in _stored(one.attributes, one.id).items():
            found[f"{one.id.lower()}:{name.removeprefix(one.id.lower() + '.')}"] = field
    return found


FILTERED: Fields = {
    **_stored(USERS.core.attributes),
    **_extensions(),
    "id": Field(users.c.uuid, "exact"),
    "username": Field(func.coalesce(scim_users.c.name_key, func.lower(users.c.username)), "key"),
    "externalid": Field(scim_users.c.external_id, "exact"),
    "displayname": Field(users.c.display_name),
    "active": Field(users.c.is_active, "boolean"),
    "meta.created": Field(users.c.created_at, "time"),
    "meta.lastmodified": Field(users.c.updated_at, "time"),
    "emails": (
        Source({"value": Field(scim_emails.c.value), "type": Field(scim_emails.c.type)}, _EMAILS),
        # An address that the sign-in provider told.
        Source(
            {"value": Field(users.c.email), "type": Field(literal(""))},
            also=and_(users.c.email.is_not(None), ~_EMAILS.where(scim_emails.c.value == users.c.email).exists()),
        ),
    ),
    "groups": (Source({"value": Field(teams.c.team_id, "exact"), "display": Field(teams.c.alias)}, _TEAMS),),
}


async def lock(tx: Transaction) -> None:
    """Lets one SCIM client at a time write. SQLite's write lock does that already."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SCIM_LOCK})


def visible(*, adopt: bool) -> ColumnElement[bool]:
    """Whom SCIM sees: who was provisioned and, to `adopt` them, everybody else who signs in from outside.

    Never a break-glass account, never a service account.
    """
    persons = and_(ALIVE, users.c.kind.in_(PERSONS), ~users.c.is_break_glass)
    return persons if adopt else and_(persons, scim_users.c.user_pk.is_not(None))


async def person(tx: Transaction, uuid: str, *, adopt: bool) -> PersonRow | None:
    rows = await _people(tx, _query(adopt).where(users.c.uuid == uuid))
    return rows[0] if rows else None


async def people(tx: Transaction, page: Page, *, adopt: bool) -> tuple[int, list[PersonRow]]:
    """How many people match, and those of the page. Raises ScimRefused."""
    query = _query(adopt)
    if page.condition is not None:
        query = query.where(condition(page.condition, FILTERED))
    total = (await tx.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    ordered = query.order_by(*order(page, FILTERED), users.c.id)
    return total, await _people(tx, ordered.limit(page.count).offset(page.start - 1)) if page.count else []


def order(page: Page, fields: Fields) -> list[ColumnElement[Any]]:
    """The column that the page is ordered by. An attribute without one orders nothing (RFC 7644 3.4.2.3)."""
    field = None if page.order is None else field_of(page.order, fields)
    if field is None:
        return []
    column = func.lower(field.column) if field.kind == "folded" else field.column
    return [column.desc() if page.descending else column.asc()]


async def known_pks(tx: Transaction, uuids: Collection[str], *, adopt: bool) -> dict[str, int]:
    """The users behind SCIM ids; what is nobody's is left out."""
    query = select(users.c.uuid, users.c.id).select_from(_JOINED).where(visible(adopt=adopt))
    wanted, found = list(uuids), dict[str, int]()
    for start in range(0, len(wanted), MOST_AT_ONCE):
        some = wanted[start : start + MOST_AT_ONCE]
        found |= {row.uuid: row.id for row in await tx.execute(query.where(users.c.uuid.in_(some)))}
    return found


async def name_is_taken(tx: Transaction, name: str, *, but: int | None) -> bool:
    """Whether another living person has that userName, or an account that SCIM does not manage has that name."""
    other = and_(ALIVE, users.c.id != (but or 0))
    columns = (users.c.username, users.c.user_id)
    local = or_(*(column == name for column in columns), *(func.lower(column) == name.lower() for column in columns))
    either = or_(scim_users.c.name_key == name.casefold(), and_(scim_users.c.user_pk.is_(None), local))
    return (await tx.execute(select(users.c.id).select_from(_JOINED).where(other, either).limit(1))).first() is not None


async def external_id_is_taken(tx: Transaction, external_id: str, *, but: int | None = None) -> bool:
    """Whether another living person has that external id."""
    query = select(users.c.id).select_from(_JOINED).where(ALIVE, users.c.id != (but or 0))
    return (await tx.execute(query.where(scim_users.c.external_id == external_id).limit(1))).first() is not None


async def unlinked(tx: Transaction, external_id: str) -> int | None:
    """The provisioned person with that external id whom no identity is linked to."""
    free = ~exists().where(identities.c.user_pk == users.c.id)
    query = select(users.c.id).select_from(_JOINED).where(visible(adopt=False), free)
    found = (await tx.execute(query.where(scim_users.c.external_id == external_id).limit(2))).scalars().all()
    return found[0] if len(found) == 1 else None


async def is_provisioned(tx: Transaction, user_pk: int) -> bool:
    """Whether SCIM knows the person."""
    query = select(scim_users.c.user_pk).where(scim_users.c.user_pk == user_pk)
    return (await tx.execute(query)).first() is not None


async def is_linked(tx: Transaction, user_pk: int) -> bool:
    """Whether somebody signed in as this person."""
    return (await tx.execute(select(identities.c.id).where(identities.c.user_pk == user_pk))).first() is not None


async def put(tx: Transaction, row: PersonRow, at: Millis) -> None:
    """Stores what SCIM says of a person beyond their own columns; from now on they are provisioned."""
    user_pk, name = row.user.id, row.user_name or row.user.username
    values: Mapping[str, Any] = {
        "user_name": name,
        "name_key": name.casefold(),
        "external_id": row.external_id,
        "attributes": row.attributes,
    }
    result = await tx.execute(
        update(scim_users).where(scim_users.c.user_pk == user_pk).values(values).returning(scim_users.c.user_pk)
    )
    if result.first() is None:
        await tx.execute(insert(scim_users).values({**values, "user_pk": user_pk, "created_at": at}))
    await tx.execute(delete(scim_emails).where(scim_emails.c.user_pk == user_pk))
    if row.emails:
        rows = [{"user_pk": user_pk, **msgspec.structs.asdict(one)} for one in row.emails]
        await tx.execute(insert(scim_emails).values(rows))


async def forget(tx: Transaction, user_pk: int) -> None:
    """Forgets what SCIM said of a person."""
    for table in (scim_users, scim_emails):
        await tx.execute(delete(table).where(table.c.user_pk == user_pk))


def _query(adopt: bool) -> Select[Any]:
    return select(*FIELDS, *_SCIM).select_from(_JOINED).where(visible(adopt=adopt))


async def _people(tx: Transaction, query: Select[Any]) -> list[PersonRow]:
    rows = (await tx.execute(query)).all()
    pks = [row.id for row in rows]
    joined = select(team_members.c.user_pk, teams.c.team_id, teams.c.alias).join(
        teams, teams.c.id == team_members.c.team_pk
    )
    inside: dict[int, list[Team]] = {}
    for row in await tx.execute(joined.where(team_members.c.user_pk.in_(pks)).order_by(teams.c.id)):
        inside.setdefault(row.user_pk, []).append(Team(row.team_id, row.alias))
    return [
        PersonRow(
            msgspec.convert(row._mapping, User, strict=False),
            row.user_name,
            row.external_id,
            row.scim_attributes or {},
            teams=tuple(inside.get(row.id, ())),
        )
        for row in rows
    ]
