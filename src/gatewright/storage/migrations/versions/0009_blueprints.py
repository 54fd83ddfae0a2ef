"""Blueprints that are kept, and what came of them. The table before this one was never written to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.drop_table("blueprints")
    op.create_table(
        "blueprints",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("context", sa.LargeBinary(), nullable=True),
        sa.Column("shown_content", sa.Text(), server_default="", nullable=False),
        sa.Column("shown_context", JSON, nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("report", JSON, nullable=False),
        sa.Column("labels", JSON, nullable=False),
        sa.Column("models", JSON, nullable=False),
        sa.Column("applied_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blueprints"),
        sa.UniqueConstraint("name", name="uq_blueprints_name"),
        sa.UniqueConstraint("uuid", name="uq_blueprints_uuid"),
    )
