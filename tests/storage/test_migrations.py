"""A database of an older version, with rows in it, brought up to date, on both databases."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from gatewright.domain.limits import NO_LIMITS
from gatewright.storage import blueprints, groups, keys, migrate, sessions, spend_log, users
from gatewright.storage.database import SCHEMA, Database, database_url
from gatewright.storage.migrations import HEAD
from gatewright.storage.sealing import Sealer
from gatewright.storage.spend_log import SpendRow

SCRIPTS = Path(migrate.__file__).parent / "migrations"
PERSON = (
    "INSERT INTO users (id, uuid, username, user_id, email, role, role_reason, attributes, metadata, created_at, "
    "updated_at) VALUES (1, 'u', 'ada', 'ada', NULL, 'internal_user', '{\"rule\": \"claim\"}', '{}', '{}', 5, 6)"
)
KEY = (
    "INSERT INTO keys (id, uuid, token_hash, kind, key_name, user_pk, models, metadata, created_at, updated_at) "
    "VALUES (1, 'k', 'hash', 'virtual', 'sk-...1234', 1, '[\"chat\"]', '{\"a\": 1}', 7, 8)"
)
REQUEST = (
    "INSERT INTO spend_log (request_id, started_at, duration_ms, user_id, model, status, outcome, stream, "
    "prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, metered, cost) "
    "VALUES ('r1', 9, 10, 'ada', 'chat', 200, 'ok', FALSE, 11, 12, 0, 0, TRUE, 13)"
)


async def upgraded(db: Database, version: str, *rows: str) -> None:
    """Brings an empty database to that version and puts rows into it."""

    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for row in rows:
            connection.execute(text(row))

    async with db.write() as tx:
        if not db.is_sqlite:
            await tx.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        await tx.run_sync(upgrade)


@pytest.fixture
async def old(empty_db_url: str | None, tmp_path: Path) -> Any:
    database = Database(database_url(empty_db_url, tmp_path), Sealer("x"), lambda: 20)
    yield database
    await database.close()


async def test_rows_of_version_2_live_on_without_limits(old: Database) -> None:
    await upgraded(old, "0002", PERSON, KEY, REQUEST)
    assert await migrate.migrate(old) == "0002"
    assert await migrate.current_version(old) == HEAD
    async with old.read() as tx:
        person, key = await users.by_id(tx, 1), await keys.by_hash(tx, "hash")
        totals = await spend_log.totals(tx, 0)
        written = (await tx.execute(text("SELECT * FROM spend_log"))).one()._mapping
    assert person is not None
    assert key is not None
    assert person.username == "ada"
    assert (person.rpm_limit, person.tpm_limit, person.max_parallel_requests) == (None, None, None)
    assert (key.models, key.metadata, key.owner_user_id) == (["chat"], {"a": 1}, "ada")
    assert (key.limits, key.owner_limits, key.team_limits, key.team_id) == (NO_LIMITS, NO_LIMITS, NO_LIMITS, None)
    assert (totals.requests, totals.prompt_tokens, totals.spend) == (1, 11, 13)
    assert (written["cache_write_tokens"], written["retries"], written["fallbacks"]) == (0, 0, 0)
    assert (bool(written["cache_hit"]), written["team_id"], written["session_id"]) == (False, None, None)


async def test_a_record_written_before_the_upgrade_counts_once_after_it(old: Database) -> None:
    await upgraded(old, "0002", PERSON, REQUEST)
    await migrate.migrate(old)
    row = SpendRow("r1", 9, 10, None, None, "ada", "chat", 200, "ok", False)
    async with old.write() as tx:
        await spend_log.insert(tx, [row])
    async with old.read() as tx:
        assert (await spend_log.totals(tx, 0)).spend == 13


async def test_groups_and_applications_of_version_4_keep_their_place(old: Database) -> None:
    group = "INSERT INTO groups (id, uuid, name, parent_id, attributes) VALUES ({}, 'g{}', '{}', {}, '{{}}')"
    app = "INSERT INTO applications (id, slug, name, launch_url) VALUES (1, 'litellm', 'LiteLLM', '')"
    await upgraded(old, "0004", group.format(1, 1, "staff", "NULL"), group.format(2, 2, "team", 1), app)
    await migrate.migrate(old)
    async with old.read() as tx:
        found = {one.name: one for one in await groups.everything(tx)}
        uuid = (await tx.execute(text("SELECT uuid FROM applications"))).scalar_one()
    assert (found["team"].parent_ids, found["staff"].parent_ids) == ((1,), ())
    assert len(uuid) == 36


async def test_what_version_7_made_for_nothing_makes_way(old: Database) -> None:
    blueprint = (
        "INSERT INTO blueprints (id, uuid, name, context, status, report, created_at) "
        "VALUES (1, 'b', 'mine', '{}', 'unknown', '[]', 5)"
    )
    link = (
        "INSERT INTO one_time_links (purpose, token_hash, created_at, expires_at, data) VALUES ('a', 'h', 5, 6, '{}')"
    )
    await upgraded(old, "0007", blueprint, link)
    assert await migrate.migrate(old) == "0007"
    async with old.read() as tx:
        assert await blueprints.by_uuid(tx, "b") is None
        assert (await tx.execute(text("SELECT token_hash FROM one_time_links"))).scalar_one() == "h"


async def test_a_session_of_version_12_keeps_its_end_and_its_cookie(old: Database) -> None:
    session = (
        "INSERT INTO sessions (id, token_hash, kind, user_pk, sid, amr, created_at, last_used_at, expires_at) "
        "VALUES (1, 'hash', 'gateway', 1, 's', '[]', 10, 15, 30)"
    )
    await upgraded(old, "0012", PERSON, session)
    assert await migrate.migrate(old) == "0012"
    async with old.read() as tx:
        row = await sessions.by_token(tx, "hash", "gateway", 20)
    assert row is not None
    assert (row.expires_at, row.absolute_expires_at, row.secret_at) == (30, 30, 10)
    assert (row.secret_hash, row.next_secret, row.previous_secret_hash) == (None, None, None)
