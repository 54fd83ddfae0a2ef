"""What the model gateway keeps: teams, keys, deployments and the ledger."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, false

from gatewright.storage.columns import Id, Json, id_column, limit_columns, user_column
from gatewright.storage.tables.base import metadata

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

# origin `manual`, `scim`, `jwt`, or `sso:<source>`: whoever put somebody in takes them out again.
team_members = Table(
    "team_members",
    metadata,
    Column("team_pk", Id, ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("user_pk", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, nullable=False, server_default="user"),
    Column("origin", Text, nullable=False, server_default="manual"),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "user_pk"),
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
    Index(None, "kind", "created_at"),
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
