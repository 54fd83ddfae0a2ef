"""What SCIM says of people and teams beyond their own columns."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from gatewright.storage.columns import Id, Json
from gatewright.storage.tables.base import metadata

# A person with a row here is provisioned. `user_name` may change, `users.username` never does.
scim_users = Table(
    "scim_users",
    metadata,
    Column("user_pk", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("user_name", Text, nullable=False),
    # `user_name` with its case folded, for looking it up.
    Column("name_key", Text, nullable=False, index=True),
    # The client's own id. Unique among the living: the newcomers' lock sees to it.
    Column("external_id", Text, index=True),
    # The attributes that mean nothing here, as the client wrote them.
    Column("attributes", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

# Every address that the client knows, in lower case, to find people by; `users.email` is the primary one.
scim_emails = Table(
    "scim_emails",
    metadata,
    Column("user_pk", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("type", Text, primary_key=True),
)

scim_groups = Table(
    "scim_groups",
    metadata,
    Column("team_pk", Id, ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("external_id", Text, index=True),
)
