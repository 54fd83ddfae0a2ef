"""What the embedded provider keeps: its objects, and what it issued."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, Table, Text, false, true

from gatewright.storage.columns import Id, Json, id_column, user_column
from gatewright.storage.tables.base import metadata

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
