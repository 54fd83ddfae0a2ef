"""What happened, what changed, and facts of the installation."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from gatewright.storage.columns import Json, id_column
from gatewright.storage.tables.base import metadata

audit_log = Table(
    "audit_log",
    metadata,
    id_column(),
    Column("at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("actor", Text),
    Column("target", Text),
    Column("address", Text),
    Column("reference", Text),
    Column("details", Json, nullable=False),
    Index(None, "at"),
    # What administrators look for; each list is by time.
    Index(None, "action", "at"),
    Index(None, "actor", "at"),
    Index(None, "target", "at"),
    Index(None, "address", "at"),
    Index(None, "outcome", "at"),
    Index(None, "reference"),
)

# What other workers must forget or read again. Polled by id, so rows must become visible in the order of their ids.
changes = Table(
    "changes",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Json, nullable=False),
)
