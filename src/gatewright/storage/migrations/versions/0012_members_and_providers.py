"""Who is in which team and by whose word, and providers of sign-in that administrators add at run time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "team_members",
        sa.Column("team_pk", ID, nullable=False),
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("role", sa.Text(), server_default="user", nullable=False),
        sa.Column("origin", sa.Text(), server_default="manual", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["team_pk"], ["teams.id"], name="fk_team_members_team_pk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_team_members_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_pk", "user_pk", name="pk_team_members"),
    )
    op.create_index("ix_team_members_user_pk", "team_members", ["user_pk"], unique=False)
    op.create_table(
        "sign_in_providers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_providers"),
    )
