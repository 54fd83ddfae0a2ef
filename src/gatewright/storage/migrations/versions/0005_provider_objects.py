"""What the embedded provider can be told: access, entitlements, consents, blueprints, and more of each object."""

import uuid

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """New columns are empty or have a default, so that no table is written anew."""
    blueprints()
    consents()
    group_parents()
    entitlements()
    bindings()
    columns()
    parents()
    uuids()


def blueprints() -> None:
    op.create_table(
        "blueprints",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("context", JSON, nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("report", JSON, nullable=False),
        sa.Column("applied_hash", sa.Text(), nullable=True),
        sa.Column("applied_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blueprints"),
        sa.UniqueConstraint("name", name="uq_blueprints_name"),
        sa.UniqueConstraint("uuid", name="uq_blueprints_uuid"),
    )


def consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("user_pk", ID, nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["oauth_providers.id"], name="fk_consents_provider_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_consents_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.UniqueConstraint("user_pk", "provider_id", name="uq_consents_user_pk_provider_id"),
        sa.UniqueConstraint("uuid", name="uq_consents_uuid"),
    )


def group_parents() -> None:
    op.create_table(
        "group_parents",
        sa.Column("group_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_group_parents_group_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["parent_id"], ["groups.id"], name="fk_group_parents_parent_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "parent_id", name="pk_group_parents"),
    )
    op.create_index("ix_group_parents_parent_id", "group_parents", ["parent_id"], unique=False)


def entitlements() -> None:
    op.create_table(
        "entitlements",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_entitlements_application_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_entitlements"),
        sa.UniqueConstraint("application_id", "name", name="uq_entitlements_application_id_name"),
        sa.UniqueConstraint("uuid", name="uq_entitlements_uuid"),
    )


def bindings() -> None:
    op.create_table(
        "bindings",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("application_id", ID, nullable=True),
        sa.Column("entitlement_id", ID, nullable=True),
        sa.Column("group_id", ID, nullable=True),
        sa.Column("user_pk", ID, nullable=True),
        sa.Column("negate", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_bindings_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["entitlements.id"], name="fk_bindings_entitlement_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_bindings_group_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_pk"], ["users.id"], name="fk_bindings_user_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_bindings"),
        sa.UniqueConstraint("uuid", name="uq_bindings_uuid"),
    )
    op.create_index("ix_bindings_application_id", "bindings", ["application_id"], unique=False)
    op.create_index("ix_bindings_entitlement_id", "bindings", ["entitlement_id"], unique=False)


def columns() -> None:
    op.add_column("applications", sa.Column("uuid", sa.Text(), nullable=True))
    op.add_column("applications", sa.Column("open_in_new_tab", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("applications", sa.Column("section", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("icon", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("description", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("publisher", sa.Text(), server_default="", nullable=False))
    op.add_column("applications", sa.Column("is_hidden", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("applications", sa.Column("binding_mode", sa.Text(), server_default="any", nullable=False))
    op.create_index("ix_applications_uuid", "applications", ["uuid"], unique=True)
    op.create_index("ix_audit_log_action_at", "audit_log", ["action", "at"], unique=False)
    op.add_column("authorization_codes", sa.Column("resource", JSON, nullable=True))
    op.add_column("groups", sa.Column("requires_mfa", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "oauth_providers",
        sa.Column("refresh_token_absolute_validity", sa.BigInteger(), server_default="7776000000", nullable=False),
    )
    op.add_column(
        "oauth_providers", sa.Column("refresh_token_threshold", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("oauth_providers", sa.Column("signing_algorithm", sa.Text(), server_default="RS256", nullable=False))
    op.add_column("oauth_providers", sa.Column("logout_uri", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "oauth_providers", sa.Column("logout_method", sa.Text(), server_default="backchannel", nullable=False)
    )
    op.add_column("oauth_providers", sa.Column("jwks", JSON, nullable=True))
    op.add_column(
        "oauth_providers", sa.Column("consent_validity", sa.BigInteger(), server_default="2419200000", nullable=True)
    )
    op.add_column("oauth_providers", sa.Column("registration_token_hash", sa.Text(), nullable=True))
    op.add_column("one_time_links", sa.Column("data", JSON, nullable=True))
    op.add_column("scope_mappings", sa.Column("required", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("signing_keys", sa.Column("active_from", sa.BigInteger(), nullable=True))
    op.add_column("signing_keys", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("password_changed_at", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("kind", sa.Text(), server_default="internal", nullable=False))
    op.add_column("users", sa.Column("path", sa.Text(), server_default="users", nullable=False))


def parents() -> None:
    """A group may have several parents now."""
    op.execute("INSERT INTO group_parents SELECT id, parent_id FROM groups WHERE parent_id IS NOT NULL")


def uuids() -> None:
    """Authentik's key of an application."""
    connection = op.get_bind()
    applications = sa.table("applications", sa.column("id", ID), sa.column("uuid", sa.Text()))
    for row in connection.execute(sa.select(applications.c.id)).all():
        update = sa.update(applications).where(applications.c.id == row.id).values(uuid=str(uuid.uuid4()))
        connection.execute(update)
