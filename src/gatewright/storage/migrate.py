"""Bring the schema up to date: once, in the parent process, under a lock, all or nothing."""

from importlib import import_module

from sqlalchemy import Connection, inspect, text

from gatewright.storage.database import SCHEMA, Database
from gatewright.storage.migrations import HEAD

# Any fixed number; it names our migration lock among PostgreSQL's advisory locks.
MIGRATION_LOCK = 4_202_611


async def migrate(db: Database) -> str | None:
    """Applies what is missing and returns the version that was there before, None for an empty database.

    Raises SettingInvalid when the database was written by a newer Gatewright.
    """
    if await current_version(db) == HEAD:
        return HEAD
    async with db.write() as tx:
        if not db.is_sqlite:
            await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            await tx.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        # Imported for an upgrade alone: Alembic and what it brings along are 110 modules and 9 MB.
        upgrade = import_module("gatewright.storage.upgrade").upgrade
        before = await tx.run_sync(version_of)
        await tx.run_sync(upgrade, before)
        return before


async def current_version(db: Database) -> str | None:
    """The schema's version, None when there is no schema yet."""
    async with db.read() as tx:
        return await tx.run_sync(version_of)


def version_of(connection: Connection) -> str | None:
    """The schema's version at the other end of a connection."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version
