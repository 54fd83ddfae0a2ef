"""A PostgreSQL database put back to how it was: its rows and its counters, with its tables left where they are."""

from io import BytesIO
from typing import Any, NamedTuple

# Every statement that changes a table, a column, a rule or a function writes a row of one of these anew.
CATALOGS = (
    "pg_attrdef",
    "pg_attribute",
    "pg_class",
    "pg_constraint",
    "pg_extension",
    "pg_index",
    "pg_namespace",
    "pg_proc",
    "pg_trigger",
    "pg_type",
)
SHAPE = " UNION ALL ".join(f"SELECT count(*), sum(xmin::text::bigint) FROM {name}" for name in CATALOGS)
OURS = "relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')"
TABLES = f"""
    SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'r' AND {OURS}
"""
SEQUENCES = f"SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND {OURS}"
EMPTY = f"""
    DO $$ DECLARE name regclass; has_rows bool; BEGIN
        FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND {OURS} LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO has_rows;
            IF has_rows THEN EXECUTE format('DELETE FROM %s', name); END IF;
        END LOOP;
    END $$
"""


class Contents(NamedTuple):
    """`rows` are those of each table that has any, by its schema and name, as COPY writes them."""

    shape: list[tuple[int, int]]
    rows: dict[tuple[str, str], bytes]
    counters: str


async def contents_of(connection: Any) -> Contents:
    """What the database holds now."""
    rows = {}
    for schema, table in await connection.fetch(TABLES):
        if await connection.fetchval(f'SELECT EXISTS (SELECT FROM "{schema}"."{table}")'):
            copied = BytesIO()
            await connection.copy_from_table(table, schema_name=schema, output=copied, format="binary")
            rows[schema, table] = copied.getvalue()
    counters = []
    for (name,) in await connection.fetch(SEQUENCES):
        last, is_called = await connection.fetchrow(f"SELECT last_value, is_called FROM {name}")
        counters.append(f"setval('{name}', {last}, {is_called})")
    return Contents(await shape_of(connection), rows, f"SELECT {', '.join(counters)}")


async def restore(connection: Any, contents: Contents) -> bool:
    """Puts everything back; False, and nothing, when somebody changed more than rows."""
    if await shape_of(connection) != contents.shape:
        return False
    async with connection.transaction():
        # Without triggers: rows may go and come in any order, whatever refers to them.
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(EMPTY)
        for (schema, table), rows in contents.rows.items():
            await connection.copy_to_table(table, schema_name=schema, source=BytesIO(rows), format="binary")
        await connection.execute(contents.counters)
    return True


async def shape_of(connection: Any) -> list[tuple[int, int]]:
    """Differs after every change of the schema."""
    return [tuple(row) for row in await connection.fetch(SHAPE)]
