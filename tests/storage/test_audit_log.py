"""The audit log is searched through its indexes, on both databases."""

import re

import pytest
from sqlalchemy import text

from gatewright.domain.people import Event, Origin
from gatewright.storage import audit_log, tables
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import events
from gatewright.storage.directory.events import Kinds
from gatewright.storage.listing import Filter, Wish


async def logged(db: Database) -> None:
    """Forty events of two people: every fourth one of them refused."""
    async with db.write() as tx:
        for number in range(40):
            event = Event(
                ("idp.login", "idp.token", "key.create.virtual")[number % 3],
                "password_wrong" if number % 4 == 0 else "ok",
                ("ada", "bob")[number % 2],
                f"authentik_core.user:{number}",
                {"note": f"note {number}"},
                Origin(f"192.0.2.{number}", None, f"req-{number}"),
            )
            await audit_log.add(tx, event, 1000 + number)


async def plan(tx: Transaction, wish: Wish, kinds: Kinds | None = None) -> str:
    """How the database would find the rows."""
    query = events.query(wish, [kinds] if kinds else [])
    if tx.dialect.name == "postgresql":
        # A table of forty rows is read whole, however good the indexes are.
        await tx.execute(text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN" if tx.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    written = str(query.compile(dialect=tx.dialect, compile_kwargs={"literal_binds": True}))
    return " ".join(str(part) for row in await tx.execute(text(f"{explain} {written}")) for part in row)


@pytest.mark.parametrize(
    ("wish", "index"),
    [
        (Filter("username", "in", ["ada"]), "actor_at"),
        (Filter("target", "is", "authentik_core.user:3"), "target_at"),
        (Filter("client_ip", "is", "192.0.2.1"), "address_at"),
        (Filter("reference", "is", "req-1"), "reference"),
        (Filter("outcome", "is", "password_wrong"), "outcome_at"),
        (Filter("outcome", "other", "ok"), "outcome_at"),
        (Filter("created", "least", 1030), "at"),
        (Kinds(("idp.login",)), "action_at"),
    ],
    ids=["actor", "target", "address", "request", "cause", "refused", "time", "action"],
)
async def test_what_is_asked_often_comes_from_an_index(db: Database, wish: Filter | Kinds, index: str) -> None:
    await logged(db)
    async with db.write() as tx:
        filters = (wish,) if isinstance(wish, Filter) else ()
        found = await plan(tx, Wish(filters=filters, order=("-created",)), wish if isinstance(wish, Kinds) else None)
    assert set(re.findall(r"ix_audit_log_\w+", found)) == {f"ix_audit_log_{index}"}, found


async def test_actions_are_found_without_reading_every_event(db: Database) -> None:
    await logged(db)
    async with db.read() as tx:
        assert await events.actions(tx) == ["idp.login", "idp.token", "key.create.virtual"]
    async with db.write() as tx:
        await tx.execute(tables.audit_log.delete())
        assert await events.actions(tx) == []


async def test_kinds_add_up_and_a_search_looks_into_details(db: Database) -> None:
    await logged(db)
    async with db.read() as tx:
        logins = Kinds(("idp.login",), refused=True)
        count, found = await events.page(tx, Wish(order=("-created",)), [logins, Kinds(but=("idp.login", "idp.token"))])
        assert count == len(found) == 4 + 13
        assert {(one.action, one.outcome == "ok") for one in found} == {
            ("idp.login", False),
            ("key.create.virtual", True),
            ("key.create.virtual", False),
        }
        count, found = await events.page(tx, Wish(search="NOTE 17"))
        assert (count, found[0].reference) == (1, "req-17")


async def test_counting_stops_in_time(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_COUNTED", 25)
    await logged(db)
    async with db.read() as tx:
        count, found = await events.page(tx, Wish(page=2, size=20, order=("-created",)))
    assert (count, found[0].at) == (25, 1019)
