"""People, how they are known, and their sessions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from gatewright.storage.columns import Id, Json, id_column, limit_columns, user_column
from gatewright.storage.tables.base import metadata

users = Table(
    "users",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("username", Text, nullable=False, unique=True),
    Column("user_id", Text, nullable=False, unique=True),
    Column("email", Text),
    Column("email_verified", Boolean, nullable=False, server_default=false()),
    Column("display_name", Text),
    Column("role", Text, nullable=False),
    Column("role_reason", Json, nullable=False),
    Column("role_locked", Boolean, nullable=False, server_default=false()),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    Column("is_break_glass", Boolean, nullable=False, server_default=false()),
    Column("password_hash", Text),
    Column("password_changed_at", BigInteger),
    # Authentik's user types: internal, external, service_account, internal_service_account.
    Column("kind", Text, nullable=False, server_default="internal"),
    Column("path", Text, nullable=False, server_default="users"),
    Column("attributes", Json, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("last_login_at", BigInteger),
    # A deleted user keeps the row, so that the username is never given to somebody else.
    Column("deleted_at", BigInteger),
    *limit_columns(),
)

identities = Table(
    "identities",
    metadata,
    id_column(),
    user_column(),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    UniqueConstraint("source", "subject"),
    Index(None, "user_pk"),
)

groups = Table(
    "groups",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    # Of schema 4. SQLite cannot drop a column with a foreign key; `group_parents` took its place.
    Column("parent_id", Id, ForeignKey("groups.id", ondelete="SET NULL")),
    Column("is_superuser", Boolean, nullable=False, server_default=false()),
    # Whoever is in the group, directly or through a child group, signs in with a second factor.
    Column("requires_mfa", Boolean, nullable=False, server_default=false()),
    Column("attributes", Json, nullable=False),
)

group_parents = Table(
    "group_parents",
    metadata,
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("parent_id", Id, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "parent_id"),
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_pk", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "user_pk"),
)

# Browser sessions. kind `gateway` is the dashboard's, kind `idp` the embedded provider's.
sessions = Table(
    "sessions",
    metadata,
    id_column(),
    # Of the part of the cookie that stays; the part that is renewed stands below.
    Column("token_hash", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    user_column(),
    Column("source", Text),
    Column("sid", Text, nullable=False, unique=True),
    # Of a dashboard's session: the `sid` of the session at our own provider that it came from.
    Column("provider_sid", Text, index=True),
    # Of one that came from an outside provider: the `sid` of the session there (Back-Channel Logout 1.0, 2.1).
    Column("outside_sid", Text, index=True),
    Column("amr", Json, nullable=False),
    Column("id_token", LargeBinary),
    Column("address", Text),
    Column("user_agent", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger, nullable=False),
    # Moves on with use, never past the absolute end.
    Column("expires_at", BigInteger, nullable=False),
    Column("absolute_expires_at", BigInteger, nullable=False, server_default="0"),
    Column("ended_at", BigInteger),
    # The cookie's secret, the one that was handed out to follow it (sealed) and the one before it.
    Column("secret_hash", Text),
    Column("secret_at", BigInteger),
    Column("next_secret", LargeBinary),
    Column("next_secret_at", BigInteger),
    Column("previous_secret_hash", Text),
    Column("previous_until", BigInteger),
    Index(None, "user_pk", "kind"),
    Index(None, "created_at"),
)

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    user_column(nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

# Counters for limits that must hold across workers: failed sign-ins, command-line login starts.
attempts = Table(
    "attempts",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("resets_at", BigInteger, nullable=False),
)

cli_logins = Table(
    "cli_logins",
    metadata,
    Column("login_id", Text, primary_key=True),
    Column("poll_secret_hash", Text, nullable=False),
    Column("user_code_hash", Text, nullable=False),
    Column("complete_token_hash", Text),
    user_column(nullable=True),
    Column("verified", Boolean, nullable=False, server_default=false()),
    Column("wrong_codes", Integer, nullable=False, server_default="0"),
    Column("attribution", Json, nullable=False),
    Column("address", Text),
    Column("user_agent", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)

# One row an authorization request that the relying party started; consumed once.
login_transactions = Table(
    "login_transactions",
    metadata,
    Column("state_hash", Text, primary_key=True),
    Column("browser_hash", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("code_verifier", LargeBinary, nullable=False),
    Column("return_to", Text),
    Column("cli_login", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    # The hash of the invitation whose page started it: the row of it is what this sign-in binds.
    Column("invitation", Text),
    # Shows an administrator what it came to, and signs nobody in.
    Column("is_trial", Boolean, nullable=False, server_default=false()),
    Index(None, "expires_at"),
)
