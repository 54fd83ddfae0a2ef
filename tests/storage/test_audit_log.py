"""The audit log is searched through its indexes, on both databases."""

import pytest

from gatewright.domain.people import Event, Origin
from gatewright.storage import audit_log, tables
from gatewright.storage.database import Database
from gatewright.storage.directory import events
from gatewright.storage.directory.events import Kinds
from gatewright.storage.listing import Wish


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
