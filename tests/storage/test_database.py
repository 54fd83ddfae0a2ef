"""Transactions, migrations, sealing and the change sequence, on both databases."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from gatewright.domain.errors import SettingInvalid, Unavailable
from gatewright.storage import changes
from gatewright.storage.database import Database, database_url
from gatewright.storage.migrate import current_version, migrate
from gatewright.storage.migrations import HEAD
from gatewright.storage.sealing import Sealer


async def test_a_write_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(RuntimeError):
        await write_then_fail(db)
    async with db.read() as tx:
        assert await changes.since(tx, 0) == []


async def write_then_fail(db: Database) -> None:
    async with db.write() as tx:
        await changes.announce(tx, "key", "a", 1)
        raise RuntimeError("stop")


async def test_changes_become_visible_in_the_order_of_their_ids(db: Database) -> None:
    seen: list[int] = []

    async def announce(ref: str) -> None:
        async with db.write() as tx:
            await changes.announce(tx, "key", ref, 1)

    async def follow() -> None:
        while len(seen) < 40:
            async with db.read() as tx:
                seen.extend(change.id for change in await changes.since(tx, seen[-1] if seen else 0))

    await asyncio.wait_for(asyncio.gather(follow(), *(announce(str(n)) for n in range(40))), 30)
    assert seen == sorted(set(seen))
    assert len(seen) == 40


async def test_migrating_twice_at_the_same_time_is_harmless(empty_db_url: str | None, tmp_path: Path) -> None:
    databases = [Database(database_url(empty_db_url, tmp_path), Sealer("x"), lambda: 0) for _ in range(3)]
    await asyncio.gather(*(migrate(database) for database in databases))
    assert await current_version(databases[0]) == HEAD
    for database in databases:
        await database.close()


async def test_a_newer_schema_is_refused_with_the_reason(db: Database) -> None:
    async with db.write() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingInvalid, match="version 9999, which this Gatewright does not know"):
        await migrate(db)


async def test_the_migrations_make_exactly_the_tables_of_the_code(db: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from gatewright.storage.tables import metadata

    async with db.read() as tx:
        differences = await tx.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
    assert differences == []


def test_a_sealed_secret_opens_for_its_purpose_alone() -> None:
    sealer = Sealer("sk-one-salt-key")
    sealed = sealer.seal("secret", "column.a")
    assert sealer.open(sealed, "column.a") == "secret"
    assert b"secret" not in sealed
    for opener, purpose in ((sealer, "column.b"), (Sealer("sk-other-salt"), "column.a")):
        with pytest.raises(Unavailable, match="cannot be opened"):
            opener.open(sealed, purpose)


def test_a_sqlite_path_stays_absolute(tmp_path: Path) -> None:
    assert database_url("sqlite:////srv/gatewright.db", tmp_path).database == "/srv/gatewright.db"


@pytest.mark.parametrize("url", ["postgresql://u:s3cret@host:port/d", "postgresql://[u:s3cret"])
def test_a_url_that_cannot_be_read_is_not_quoted(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        database_url(url, tmp_path)
    assert caught.value.name == "DATABASE_URL"
    assert "s3cret" not in caught.value.message
    assert caught.value.__suppress_context__
