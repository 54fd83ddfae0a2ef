"""Messages of e-mail wait to be sent. What they tell is in themselves, no longer in the rows of links."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_column("one_time_links", "data")
    op.create_table(
        "emails",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_pk", ID, nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_emails_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_emails"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_emails_next_attempt_at", "emails", ["next_attempt_at"], unique=False)
