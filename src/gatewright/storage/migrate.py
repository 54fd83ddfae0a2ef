"""Bring the schema up to date: once, in the parent process, under a lock, all or nothing."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from gatewright.domain.errors import SettingInvalid
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
        return await tx.run_sync(_upgrade)


async def current_version(db: Database) -> str | None:
    """The schema's version, None when there is no schema yet."""
    async with db.read() as tx:
        return await tx.run_sync(_version)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _upgrade(connection: Connection) -> str | None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    before = _version(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        raise SettingInvalid(
            "DATABASE_URL",
            source="database",
            problem=f"the schema has version {before}, which this Gatewright does not know (it knows up to {HEAD})",
            fix="A newer Gatewright wrote it: start that version, or restore the backup from before the upgrade",
        )
    command.upgrade(config, "head")
    return before
