"""Columns that several tables have, and the types that both databases understand."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer
from sqlalchemy.dialects.postgresql import JSONB

# SQLite numbers rows by itself only when the key column is called INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")


def id_column() -> Column[int]:
    """The primary key."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def user_column(name: str = "user_pk", *, nullable: bool = False, ondelete: str = "CASCADE") -> Column[int]:
    """Whose row it is."""
    return Column(name, Id, ForeignKey("users.id", ondelete=ondelete), nullable=nullable)


def limit_columns() -> tuple[Column[int], ...]:
    """Requests and tokens a minute, and requests at once; NULL is no limit."""
    return tuple(Column(name, BigInteger) for name in ("rpm_limit", "tpm_limit", "max_parallel_requests"))
