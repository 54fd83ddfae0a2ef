"""The session at an outside provider that a browser's session came from, for its logout tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("outside_sid", sa.Text(), nullable=True))
    op.create_index("ix_sessions_outside_sid", "sessions", ["outside_sid"], unique=False)
