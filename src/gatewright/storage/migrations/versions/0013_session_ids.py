"""Session ids are renewed while in use, up to an absolute end. Grants say where they began and when they were used."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for column in (
        sa.Column("absolute_expires_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("secret_at", sa.BigInteger(), nullable=True),
        sa.Column("next_secret", sa.LargeBinary(), nullable=True),
        sa.Column("next_secret_at", sa.BigInteger(), nullable=True),
        sa.Column("previous_secret_hash", sa.Text(), nullable=True),
        sa.Column("previous_until", sa.BigInteger(), nullable=True),
    ):
        op.add_column("sessions", column)
    op.execute("UPDATE sessions SET absolute_expires_at = expires_at, secret_at = created_at")
    op.create_index("ix_sessions_created_at", "sessions", ["created_at"], unique=False)
    for column in (
        sa.Column("granted_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
    ):
        op.add_column("refresh_tokens", column)
    op.execute("UPDATE refresh_tokens SET granted_at = created_at, last_used_at = created_at")
    op.create_index("ix_refresh_tokens_granted_at", "refresh_tokens", ["granted_at"], unique=False)
    op.create_index("ix_keys_kind_created_at", "keys", ["kind", "created_at"], unique=False)
