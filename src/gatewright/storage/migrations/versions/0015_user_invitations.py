"""Invitations to a row that is there already, and the sign-in that such an invitation started."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "user_invitations",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_user_invitations_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_user_invitations"),
        sa.UniqueConstraint("token_hash", name="uq_user_invitations_token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_user_invitations_user_pk", "user_invitations", ["user_pk"], unique=False)
    op.add_column("login_transactions", sa.Column("invitation", sa.Text(), nullable=True))
