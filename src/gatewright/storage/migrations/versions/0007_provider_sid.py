"""Which session of our own provider a dashboard's session came from."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("provider_sid", sa.Text(), nullable=True))
    op.create_index("ix_sessions_provider_sid", "sessions", ["provider_sid"], unique=False)
