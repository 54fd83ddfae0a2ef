"""An address that a directory calls work and home stands twice."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_table("scim_emails")
    op.create_table(
        "scim_emails",
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_scim_emails_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_pk", "value", "type", name="pk_scim_emails"),
    )
