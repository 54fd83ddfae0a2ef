"""Limits of keys, users and teams, and what more is known of a request."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """New columns are empty or have a default, so that no table is written anew."""
    teams()
    for table in ("keys", "users"):
        for column in limits():
            op.add_column(table, column)
    op.add_column("keys", sa.Column("model_limits", JSON, server_default="{}", nullable=False))
    op.add_column("keys", sa.Column("team_id", sa.Text(), nullable=True))
    op.create_index("ix_keys_team_id", "keys", ["team_id"], unique=False)
    for name in ("cache_write_tokens", "cache_write_1h_tokens", "audio_prompt_tokens", "audio_completion_tokens"):
        op.add_column("spend_log", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    for name in ("retries", "fallbacks"):
        op.add_column("spend_log", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("spend_log", sa.Column("cache_hit", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("spend_log", sa.Column("team_id", sa.Text(), nullable=True))
    op.add_column("spend_log", sa.Column("session_id", sa.Text(), nullable=True))


def teams() -> None:
    op.create_table(
        "teams",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("models", JSON, nullable=False),
        sa.Column("metadata", JSON, nullable=False),
        *limits(),
        sa.Column("model_limits", JSON, server_default="{}", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        sa.UniqueConstraint("team_id", name="uq_teams_team_id"),
    )


def limits() -> tuple[sa.Column[int], ...]:
    """The same three wherever there are limits."""
    return tuple(
        sa.Column(name, sa.BigInteger(), nullable=True) for name in ("rpm_limit", "tpm_limit", "max_parallel_requests")
    )
