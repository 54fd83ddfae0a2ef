"""People and teams that a directory elsewhere provisions by SCIM."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "scim_users",
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_scim_users_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_pk", name="pk_scim_users"),
    )
    op.create_index("ix_scim_users_name_key", "scim_users", ["name_key"], unique=False)
    op.create_index("ix_scim_users_external_id", "scim_users", ["external_id"], unique=False)
    op.create_table(
        "scim_emails",
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("display", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_scim_emails_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_pk", "value", name="pk_scim_emails"),
    )
    op.create_table(
        "scim_groups",
        sa.Column("team_pk", ID, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["team_pk"], ["teams.id"], name="fk_scim_groups_team_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_pk", name="pk_scim_groups"),
    )
    op.create_index("ix_scim_groups_external_id", "scim_groups", ["external_id"], unique=False)
