"""What a deployment is called with beside its address and its key."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("deployments", sa.Column("sealed_params", sa.LargeBinary(), nullable=True))
