"""The audit log as the directory lists it, from indexes: by time, action, actor, target, address, outcome, request."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, conditions, ordered
from gatewright.storage.tables import audit_log, users

OK = "ok"
MOST_COUNTED = 10_000
"""Counting goes no further: the log of a busy installation has millions of lines."""


class LoggedEvent(msgspec.Struct, frozen=True):
    """One line of the audit log."""

    id: int
    at: Millis
    action: str
    outcome: str
    actor: str | None
    target: str | None
    address: str | None
    reference: str | None
    details: dict[str, Any]


class Kinds(msgspec.Struct, frozen=True):
    """Events of these actions, or of all but those in `but`; refused ones, others, or both (None)."""

    actions: tuple[str, ...] | None = None
    but: tuple[str, ...] = ()
    refused: bool | None = None


class Actor(msgspec.Struct, frozen=True):
    """Whoever an event's actor is, when it is somebody."""

    pk: int
    user_id: str
    username: str
    email: str | None


LISTING = Listing(
    key=audit_log.c.id.desc(),
    columns={
        **{name: audit_log.c[name] for name in ("action", "outcome", "target", "reference")},
        "username": audit_log.c.actor,
        "client_ip": audit_log.c.address,
        "created": audit_log.c.at,
        "pk": audit_log.c.id,
    },
    searched=(
        *(audit_log.c.action, audit_log.c.outcome, audit_log.c.actor, audit_log.c.target, audit_log.c.reference),
        *(audit_log.c.address, audit_log.c.details),
    ),
)


async def page(tx: Transaction, wish: Wish, kinds: Sequence[Kinds] = ()) -> tuple[int, list[LoggedEvent]]:
    """How many events match, `MOST_COUNTED` at most, and one page of them. `kinds`: of one of them, where there are."""
    found = query(wish, kinds)
    counted = found.with_only_columns(audit_log.c.id).limit(MOST_COUNTED).subquery()
    count = (await tx.execute(select(func.count()).select_from(counted))).scalar_one()
    rows = await tx.execute(ordered(found, LISTING, wish))
    return count, [msgspec.convert(row._mapping, LoggedEvent, strict=False) for row in rows]


def query(wish: Wish, kinds: Sequence[Kinds]) -> Select[Any]:
    """Every event that matches."""
    found = select(audit_log).where(*conditions(LISTING, wish))
    return found.where(or_(*map(_of_kind, kinds))) if kinds else found


async def by_id(tx: Transaction, event_id: int) -> LoggedEvent | None:
    row = (await tx.execute(select(audit_log).where(audit_log.c.id == event_id))).first()
    return None if row is None else msgspec.convert(row._mapping, LoggedEvent, strict=False)


async def actions(tx: Transaction) -> list[str]:
    """Every action that there is an event of, by hops through the index: there are a few dozen."""
    least = select(func.min(audit_log.c.action).label("action")).cte("hops", recursive=True)
    after = select(func.min(audit_log.c.action)).where(audit_log.c.action > least.c.action).scalar_subquery()
    hops = least.union_all(select(after).where(least.c.action.is_not(None)))
    rows = await tx.execute(select(hops.c.action).where(hops.c.action.is_not(None)))
    return list(rows.scalars())


async def actors(tx: Transaction, user_ids: Sequence[str]) -> dict[str, Actor]:
    """The people behind actors' names."""
    columns = (users.c.id.label("pk"), users.c.user_id, users.c.username, users.c.email)
    rows = await tx.execute(select(*columns).where(users.c.user_id.in_(sorted(set(user_ids)))))
    return {row.user_id: msgspec.convert(row._mapping, Actor) for row in rows}


async def actor_names(tx: Transaction, name: str) -> list[str]:
    """How the log may name somebody: as it is written, and by the id of whoever has it as their username."""
    rows = await tx.execute(select(users.c.user_id).where(users.c.username == name))
    return sorted({name, *rows.scalars()})


def _of_kind(kind: Kinds) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = []
    if kind.actions is not None:
        found.append(audit_log.c.action.in_(kind.actions))
    if kind.but:
        found.append(audit_log.c.action.not_in(kind.but))
    if kind.refused is False:
        found.append(audit_log.c.outcome == OK)
    elif kind.refused:
        found.append(or_(audit_log.c.outcome < OK, audit_log.c.outcome > OK))
    return and_(*found)
