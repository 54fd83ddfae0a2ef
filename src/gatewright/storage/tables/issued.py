"""What the embedded provider issued, or waits to issue: every secret is a hash, every row is used once."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from gatewright.storage.columns import Id, Json, id_column, user_column
from gatewright.storage.tables.base import metadata

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
    # Where the access token may be used (RFC 8707); NULL is the client itself.
    Column("resource", Json),
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

# A family begins with a code, a device code or nothing else; the reuse of a rotated token revokes all of it.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("family", Text, nullable=False),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), nullable=False),
    user_column(),
    # A refresh token outlives the session that it came from, unless that one is ended by hand.
    Column("session_id", Id, ForeignKey("sessions.id", ondelete="SET NULL")),
    Column("sid", Text),
    Column("amr", Json, nullable=False),
    Column("auth_time", BigInteger, nullable=False),
    Column("scope", Text, nullable=False),
    Column("resource", Json),
    Column("created_at", BigInteger, nullable=False),
    Column("idle_expires_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("rotated_at", BigInteger),
    Column("revoked_at", BigInteger),
    # When the family began, when it was last used, and from where.
    Column("granted_at", BigInteger, nullable=False, server_default="0"),
    Column("last_used_at", BigInteger, nullable=False, server_default="0"),
    Column("address", Text),
    Column("user_agent", Text),
    Index(None, "family"),
    Index(None, "session_id"),
    Index(None, "user_pk"),
    Index(None, "granted_at"),
    Index(None, "expires_at"),
)

device_codes = Table(
    "device_codes",
    metadata,
    Column("device_code_hash", Text, primary_key=True),
    Column("user_code_hash", Text, nullable=False, unique=True),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("resource", Json),
    # Who approved, in which session.
    user_column(nullable=True),
    Column("session_id", Id, ForeignKey("sessions.id", ondelete="CASCADE")),
    Column("approved_at", BigInteger),
    Column("denied_at", BigInteger),
    Column("redeemed_at", BigInteger),
    Column("polled_at", BigInteger),
    Column("interval_s", Integer, nullable=False),
    Column("address", Text),
    Column("user_agent", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)

pushed_requests = Table(
    "pushed_requests",
    metadata,
    Column("request_uri_hash", Text, primary_key=True),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), nullable=False),
    Column("parameters", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index(None, "expires_at"),
)

# The `jti` of each client assertion that was taken, until it would have expired (RFC 7523 3).
used_assertions = Table(
    "used_assertions",
    metadata,
    Column("jti_hash", Text, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)

# Which clients a provider session signed in to: whom its end is told to.
session_clients = Table(
    "session_clients",
    metadata,
    id_column(),
    Column("session_id", Id, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("session_id", "provider_id"),
)

# Back-channel logout notices on their way (Back-Channel Logout 1.0).
logout_notices = Table(
    "logout_notices",
    metadata,
    id_column(),
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), nullable=False),
    Column("sid", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("problem", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Index(None, "next_attempt_at"),
)

# Messages of e-mail on their way, sealed: they hold links that open accounts.
emails = Table(
    "emails",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    user_column(nullable=True),
    Column("content", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("problem", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "next_attempt_at"),
    # Whoever is slow to forget a message must not hit a newer one that got its number.
    sqlite_autoincrement=True,
)
