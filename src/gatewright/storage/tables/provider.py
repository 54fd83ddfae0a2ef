"""The embedded provider's objects: what an administrator sets up, and what people consent to."""

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

from gatewright.domain.clock import DAY
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
    # Whether nobody signs in without the claims that this mapping gives.
    Column("required", Boolean, nullable=False, server_default=false()),
)

oauth_providers = Table(
    "oauth_providers",
    metadata,
    id_column(),
    Column("name", Text, nullable=False, unique=True),
    Column("client_id", Text, nullable=False, unique=True),
    Column("client_secret", LargeBinary),
    # The secret before that one, which counts for a while after a rotation.
    Column("previous_secret", LargeBinary),
    Column("previous_secret_expires_at", BigInteger),
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
    # How long a refresh token lives unused; a family of them ends at the absolute life, however often it was rotated.
    Column("refresh_token_validity", BigInteger, nullable=False),
    Column("refresh_token_absolute_validity", BigInteger, nullable=False, server_default=str(90 * DAY)),
    # A refresh token with more than this left is given back as it is; 0 rotates at every use.
    Column("refresh_token_threshold", BigInteger, nullable=False, server_default="0"),
    Column("signing_algorithm", Text, nullable=False, server_default="RS256"),
    Column("logout_uri", Text, nullable=False, server_default=""),
    Column("logout_method", Text, nullable=False, server_default="backchannel"),
    # The client's public keys, for private_key_jwt (RFC 7523).
    Column("jwks", Json),
    # How long a consent is remembered; NULL is for ever.
    Column("consent_validity", BigInteger, server_default=str(28 * DAY)),
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
    Column("uuid", Text),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="SET NULL"), unique=True),
    Column("launch_url", Text, nullable=False),
    Column("open_in_new_tab", Boolean, nullable=False, server_default=false()),
    # The heading under which people see it.
    Column("section", Text, nullable=False, server_default=""),
    Column("icon", Text, nullable=False, server_default=""),
    Column("description", Text, nullable=False, server_default=""),
    Column("publisher", Text, nullable=False, server_default=""),
    Column("is_hidden", Boolean, nullable=False, server_default=false()),
    # Whether `any` or `all` of its bindings must let a person in.
    Column("binding_mode", Text, nullable=False, server_default="any"),
    Index(None, "uuid", unique=True),
)

entitlements = Table(
    "entitlements",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("application_id", Id, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("attributes", Json, nullable=False),
    UniqueConstraint("application_id", "name"),
)

# Who may use an application, or has an entitlement: one group or one user a row. No row lets everybody in.
bindings = Table(
    "bindings",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("application_id", Id, ForeignKey("applications.id", ondelete="CASCADE")),
    Column("entitlement_id", Id, ForeignKey("entitlements.id", ondelete="CASCADE")),
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE")),
    user_column(nullable=True),
    Column("negate", Boolean, nullable=False, server_default=false()),
    Column("is_enabled", Boolean, nullable=False, server_default=true()),
    Column("position", Integer, nullable=False, server_default="0"),
    Index(None, "application_id"),
    Index(None, "entitlement_id"),
)

# What a person let a client have. One row a pair: the scopes add up.
consents = Table(
    "consents",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    user_column(),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    UniqueConstraint("user_pk", "provider_id"),
)

# Blueprints that were given by API, and those of the operator's folder, with what came of them.
blueprints = Table(
    "blueprints",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    # In the folder; empty for one whose content is here.
    Column("path", Text, nullable=False, server_default=""),
    # Sealed, since both may hold secrets.
    Column("content", LargeBinary),
    Column("context", LargeBinary),
    # Both as they are shown again, without the secrets.
    Column("shown_content", Text, nullable=False, server_default=""),
    Column("shown_context", Json, nullable=False),
    Column("is_enabled", Boolean, nullable=False, server_default=true()),
    Column("status", Text, nullable=False),
    # What could not be done, or was left out, by line.
    Column("report", Json, nullable=False),
    Column("labels", Json, nullable=False),
    Column("models", Json, nullable=False),
    Column("applied_hash", Text, nullable=False, server_default=""),
    Column("applied_at", BigInteger),
    Column("updated_at", BigInteger, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("algorithm", Text, nullable=False),
    Column("private_key", LargeBinary, nullable=False),
    Column("public_jwk", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # A key is published before it signs and after it has stopped: from creation until `expires_at`.
    Column("active_from", BigInteger),
    Column("retired_at", BigInteger),
    Column("expires_at", BigInteger),
)
