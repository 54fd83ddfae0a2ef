"""People, their sessions, and the embedded provider's objects."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Each table after those that it refers to."""
    groups()
    oauth_providers()
    scope_mappings()
    signing_keys()
    users()
    applications()
    provider_mappings()
    group_members()
    identities()
    sessions()
    access_tokens()
    authorization_codes()


def groups() -> None:
    op.create_table(
        "groups",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("is_superuser", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["groups.id"], name="fk_groups_parent_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.UniqueConstraint("name", name="uq_groups_name"),
        sa.UniqueConstraint("uuid", name="uq_groups_uuid"),
    )


def oauth_providers() -> None:
    op.create_table(
        "oauth_providers",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.LargeBinary(), nullable=True),
        sa.Column("client_type", sa.Text(), nullable=False),
        sa.Column("redirect_uris", JSON, nullable=False),
        sa.Column("grant_types", JSON, nullable=False),
        sa.Column("authorization_flow", sa.Text(), nullable=False),
        sa.Column("invalidation_flow", sa.Text(), nullable=False),
        sa.Column("sub_mode", sa.Text(), nullable=False),
        sa.Column("issuer_mode", sa.Text(), nullable=False),
        sa.Column("require_pkce", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("include_claims_in_id_token", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("access_code_validity", sa.BigInteger(), nullable=False),
        sa.Column("access_token_validity", sa.BigInteger(), nullable=False),
        sa.Column("refresh_token_validity", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_providers"),
        sa.UniqueConstraint("client_id", name="uq_oauth_providers_client_id"),
        sa.UniqueConstraint("name", name="uq_oauth_providers_name"),
    )


def scope_mappings() -> None:
    op.create_table(
        "scope_mappings",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("managed", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scope_mappings"),
        sa.UniqueConstraint("managed", name="uq_scope_mappings_managed"),
        sa.UniqueConstraint("name", name="uq_scope_mappings_name"),
        sa.UniqueConstraint("uuid", name="uq_scope_mappings_uuid"),
    )


def signing_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_jwk", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )


def users() -> None:
    op.create_table(
        "users",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_verified", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("role_reason", JSON, nullable=False),
        sa.Column("role_locked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("is_break_glass", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("user_id", name="uq_users_user_id"),
        sa.UniqueConstraint("username", name="uq_users_username"),
        sa.UniqueConstraint("uuid", name="uq_users_uuid"),
    )


def applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider_id", ID, nullable=True),
        sa.Column("launch_url", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["oauth_providers.id"], name="fk_applications_provider_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.UniqueConstraint("provider_id", name="uq_applications_provider_id"),
        sa.UniqueConstraint("slug", name="uq_applications_slug"),
    )


def provider_mappings() -> None:
    op.create_table(
        "provider_mappings",
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("mapping_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["mapping_id"], ["scope_mappings.id"], name="fk_provider_mappings_mapping_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["oauth_providers.id"], name="fk_provider_mappings_provider_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("provider_id", "mapping_id", name="pk_provider_mappings"),
    )


def group_members() -> None:
    op.create_table(
        "group_members",
        sa.Column("group_id", ID, nullable=False),
        sa.Column("user_pk", ID, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_group_members_group_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_group_members_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "user_pk", name="pk_group_members"),
    )
    op.create_index("ix_group_members_user_pk", "group_members", ["user_pk"], unique=False)


def identities() -> None:
    op.create_table(
        "identities",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_identities_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint("source", "subject", name="uq_identities_source_subject"),
    )
    op.create_index("ix_identities_user_pk", "identities", ["user_pk"], unique=False)


def sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("amr", JSON, nullable=False),
        sa.Column("id_token", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_sessions_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("sid", name="uq_sessions_sid"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_user_pk_kind", "sessions", ["user_pk", "kind"], unique=False)


def access_tokens() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("jti_hash", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("session_id", ID, nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["oauth_providers.id"], name="fk_access_tokens_provider_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_access_tokens_session_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_access_tokens_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("jti_hash", name="pk_access_tokens"),
    )
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"], unique=False)
    op.create_index("ix_access_tokens_family", "access_tokens", ["family"], unique=False)
    op.create_index("ix_access_tokens_session_id", "access_tokens", ["session_id"], unique=False)


def authorization_codes() -> None:
    op.create_table(
        "authorization_codes",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("session_id", ID, nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("code_challenge", sa.Text(), nullable=True),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["oauth_providers.id"], name="fk_authorization_codes_provider_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_authorization_codes_session_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_authorization_codes_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_authorization_codes"),
    )
    op.create_index("ix_authorization_codes_expires_at", "authorization_codes", ["expires_at"], unique=False)
