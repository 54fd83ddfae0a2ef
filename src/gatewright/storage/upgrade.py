"""Alembic's part of an upgrade."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gatewright.domain.errors import SettingInvalid
from gatewright.storage.migrations import HEAD


def upgrade(connection: Connection, before: str | None) -> None:
    """Applies what is missing since the version `before`. Raises SettingInvalid for one that it does not know."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        raise SettingInvalid(
            "DATABASE_URL",
            source="database",
            problem=f"the schema has version {before}, which this Gatewright does not know (it knows up to {HEAD})",
            fix="A newer Gatewright wrote it: start that version, or restore the backup from before the upgrade",
        )
    command.upgrade(config, "head")
