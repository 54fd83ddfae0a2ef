"""A sign-in can be a trial: it shows an administrator what it came to, and signs nobody in."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("login_transactions", sa.Column("is_trial", sa.Boolean(), server_default=sa.false(), nullable=False))
