"""Clients that register themselves, and client secrets that overlap while they are rotated."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("oauth_providers", sa.Column("previous_secret", sa.LargeBinary(), nullable=True))
    op.add_column("oauth_providers", sa.Column("previous_secret_expires_at", sa.BigInteger(), nullable=True))
    op.drop_column("oauth_providers", "registration_token_hash")
    registration_tokens()
    registered_clients()


def registration_tokens() -> None:
    op.create_table(
        "registration_tokens",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("group_uuids", JSON, nullable=False),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("most_uses", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_registration_tokens_application_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_registration_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_registration_tokens_token_hash"),
        sa.UniqueConstraint("uuid", name="uq_registration_tokens_uuid"),
    )
    op.create_index("ix_registration_tokens_application_id", "registration_tokens", ["application_id"], unique=False)


def registered_clients() -> None:
    op.create_table(
        "registered_clients",
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("template_id", ID, nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("auth_method", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["oauth_providers.id"], name="fk_registered_clients_provider_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["oauth_providers.id"], name="fk_registered_clients_template_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("provider_id", name="pk_registered_clients"),
        sa.UniqueConstraint("token_hash", name="uq_registered_clients_token_hash"),
    )
    op.create_index("ix_registered_clients_template_id", "registered_clients", ["template_id"], unique=False)
