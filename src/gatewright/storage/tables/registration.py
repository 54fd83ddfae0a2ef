"""Clients that register themselves (RFC 7591, RFC 7592): who may, and what they keep for it. Every token is a hash."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from gatewright.storage.columns import Id, Json, id_column
from gatewright.storage.tables.base import metadata

# Initial access tokens. A client registers at one application: its issuer, scopes and lives are that one's.
registration_tokens = Table(
    "registration_tokens",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("application_id", Id, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    # The uuids of the groups that are let into the applications that it makes.
    Column("group_uuids", Json, nullable=False),
    Column("uses", Integer, nullable=False, server_default="0"),
    Column("most_uses", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
    Index(None, "application_id"),
)

registered_clients = Table(
    "registered_clients",
    metadata,
    Column("provider_id", Id, ForeignKey("oauth_providers.id", ondelete="CASCADE"), primary_key=True),
    # At whose issuer it registered.
    Column("template_id", Id, ForeignKey("oauth_providers.id", ondelete="SET NULL")),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("auth_method", Text, nullable=False),
    # The digest of what it was given last: it tells an administrator's later change apart.
    Column("written", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "template_id"),
)
