"""Every table. Times are milliseconds since the epoch, money is nano-dollars, secrets are sealed or hashed."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from gatewright.storage.columns import Id, Json, id_column, limit_columns, user_column

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

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
    Column("parent_id", Id, ForeignKey("groups.id", ondelete="SET NULL")),
    Column("is_superuser", Boolean, nullable=False, server_default=false()),
    Column("attributes", Json, nullable=False),
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_pk", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "user_pk"),
)

teams = Table(
    "teams",
    metadata,
    id_column(),
    Column("team_id", Text, nullable=False, unique=True),
    Column("alias", Text),
    Column("models", Json, nullable=False),
    Column("metadata", Json, nullable=False),
    *limit_columns(),
    Column("model_limits", Json, nullable=False, server_default="{}"),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text),
    Column("updated_at", BigInteger, nullable=False),
)

# Browser sessions. kind `gateway` is the dashboard's, kind `idp` the embedded provider's.
sessions = Table(
    "sessions",
    metadata,
    id_column(),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    user_column(),
    Column("source", Text),
    Column("sid", Text, nullable=False, unique=True),
    Column("amr", Json, nullable=False),
    Column("id_token", LargeBinary),
    Column("address", Text),
    Column("user_agent", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "user_pk", "kind"),
)

# Virtual keys (kind `virtual`) and the command line's and agents' credentials (kind `cli`): one look-up path.
keys = Table(
    "keys",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("key_name", Text, nullable=False),
    Column("alias", Text),
    user_column(nullable=True),
    Column("models", Json, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("blocked", Boolean, nullable=False, server_default=false()),
    Column("address", Text),
    Column("user_agent", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text),
    Column("updated_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    *limit_columns(),
    # {public model name: {"rpm": ..., "tpm": ...}}
    Column("model_limits", Json, nullable=False, server_default="{}"),
    # No foreign key: a revoked key remembers the team that it was in, and a living one without its team is refused.
    Column("team_id", Text),
    Index(None, "user_pk", "kind"),
    Index(None, "team_id"),
)

deployments = Table(
    "deployments",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("model_name", Text, nullable=False),
    Column("params", Json, nullable=False),
    Column("api_key", LargeBinary),
    Column("model_info", Json, nullable=False),
    Column("sealed_params", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text),
    Index(None, "model_name"),
)

spend_log = Table(
    "spend_log",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("first_byte_ms", Integer),
    Column("key_id", Id),
    Column("user_pk", Id),
    Column("user_id", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("upstream_model", Text),
    Column("deployment", Text),
    Column("provider", Text),
    Column("status", Integer, nullable=False),
    Column("error_code", Text),
    Column("outcome", Text, nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("metered", Boolean, nullable=False),
    Column("cost", BigInteger),
    Column("address", Text),
    Column("cache_write_tokens", BigInteger, nullable=False, server_default="0"),
    Column("cache_write_1h_tokens", BigInteger, nullable=False, server_default="0"),
    Column("audio_prompt_tokens", BigInteger, nullable=False, server_default="0"),
    Column("audio_completion_tokens", BigInteger, nullable=False, server_default="0"),
    Column("retries", Integer, nullable=False, server_default="0"),
    Column("fallbacks", Integer, nullable=False, server_default="0"),
    Column("cache_hit", Boolean, nullable=False, server_default=false()),
    Column("team_id", Text),
    Column("session_id", Text),
    Index(None, "started_at"),
    Index(None, "user_pk", "started_at"),
    Index(None, "key_id", "started_at"),
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
    Index(None, "expires_at"),
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

scope_mappings = Table(
    "scope_mappings",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("managed", Text, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("scope_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("expression", Text, nullable=False),
)

oauth_providers = Table(
    "oauth_providers",
    metadata,
    id_column(),
    Column("name", Text, nullable=False, unique=True),
    Column("client_id", Text, nullable=False, unique=True),
    Column("client_secret", LargeBinary),
    Column("client_type", Text, nullable=False),
    # Redirect URIs may hold {base_url}, which is computed from PROXY_BASE_URL at each use and never frozen here.
    Column("redirect_uris", Json, nullable=False),
    Column("grant_types", Json, nullable=False),
    Column("authorization_flow", Text, nullable=False),
    Column("invalidation_flow", Text, nullable=False),
    Column("sub_mode", Text, nullable=False),
    Column("issuer_mode", Text, nullable=False),
    Column("require_pkce", Boolean, nullable=False, server_default=false()),
    Column("include_claims_in_id_token", Boolean, nullable=False, server_default=true()),
    Column("access_code_validity", BigInteger, nullable=False),
    Column("access_token_validity", BigInteger, nullable=False),
    Column("refresh_token_validity", BigInteger, nullable=False),
)

provider_mappings = Table(
    "provider_mappings",
    metadata,
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), primary_key=True),
    Column("mapping_id", Id, ForeignKey("scope_mappings.id", ondelete="CASCADE"), primary_key=True),
)

applications = Table(
    "applications",
    metadata,
    id_column(),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="SET NULL"), unique=True),
    Column("launch_url", Text, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("algorithm", Text, nullable=False),
    Column("private_key", LargeBinary, nullable=False),
    Column("public_jwk", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
)

authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("code_hash", Text, primary_key=True),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), nullable=False),
    user_column(),
    Column("session_id", Id, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("nonce", Text),
    Column("code_challenge", Text),
    Column("auth_time", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("redeemed_at", BigInteger),
    Index(None, "expires_at"),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("jti_hash", Text, primary_key=True),
    Column("family", Text, nullable=False),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), nullable=False),
    user_column(),
    Column("session_id", Id, ForeignKey("sessions.id", ondelete="CASCADE")),
    Column("scope", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index(None, "family"),
    Index(None, "session_id"),
    Index(None, "expires_at"),
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

audit_log = Table(
    "audit_log",
    metadata,
    id_column(),
    Column("at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("actor", Text),
    Column("target", Text),
    Column("address", Text),
    Column("reference", Text),
    Column("details", Json, nullable=False),
    Index(None, "at"),
)

# What other workers must forget or read again. Polled by id, so rows must become visible in the order of their ids.
changes = Table(
    "changes",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Json, nullable=False),
)
