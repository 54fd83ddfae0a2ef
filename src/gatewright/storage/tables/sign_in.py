"""How people of the embedded provider prove who they are, and how they come to be."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, Table, Text, false, true

from gatewright.storage.columns import Id, Json, id_column, user_column
from gatewright.storage.tables.base import metadata

# kind `totp` has a sealed secret, kind `webauthn` a credential with its public key. An unconfirmed one does not count.
authenticators = Table(
    "authenticators",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    user_column(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("secret", LargeBinary),
    Column("credential_id", Text, unique=True),
    Column("public_key", LargeBinary),
    Column("sign_count", BigInteger, nullable=False, server_default="0"),
    Column("transports", Json, nullable=False),
    Column("aaguid", Text),
    Column("is_backed_up", Boolean, nullable=False, server_default=false()),
    # The last time step whose code was taken, so that no code is taken twice (RFC 6238 5.2).
    Column("last_step", BigInteger),
    Column("confirmed_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Index(None, "user_pk", "kind"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("code_hash", Text, primary_key=True),
    user_column(),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index(None, "user_pk"),
)

# A ceremony between two requests of one browser: a password was right and a factor is missing, or a passkey is asked.
ceremonies = Table(
    "ceremonies",
    metadata,
    Column("handle_hash", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    user_column(nullable=True),
    Column("amr", Json, nullable=False),
    Column("challenge", LargeBinary),
    Column("data", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index(None, "expires_at"),
)

# Authentik's tokens. intent is `api`, `app_password`, `verification` or `recovery`.
api_tokens = Table(
    "api_tokens",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("identifier", Text, nullable=False, unique=True),
    Column("intent", Text, nullable=False),
    user_column(),
    Column("description", Text, nullable=False, server_default=""),
    Column("token_hash", Text, nullable=False, unique=True),
    # Sealed until it is read once, then forgotten.
    Column("unread_key", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    Index(None, "user_pk"),
)

invitations = Table(
    "invitations",
    metadata,
    id_column(),
    Column("uuid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("fixed_data", Json, nullable=False),
    # The uuids of the groups that the newcomer joins.
    Column("groups", Json, nullable=False),
    Column("single_use", Boolean, nullable=False, server_default=true()),
    Column("created_by", Id, ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

# LiteLLM's invitations: whoever opens one first gets the row that is there already.
user_invitations = Table(
    "user_invitations",
    metadata,
    id_column(),
    Column("token_hash", Text, nullable=False, unique=True),
    user_column(),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("accepted_at", BigInteger),
    Index(None, "user_pk"),
)

# Outside providers that administrators added. `fields` are the members of `settings.sign_in.SignInProvider` that tell
# nothing secret, `secrets` the others, sealed.
sign_in_providers = Table(
    "sign_in_providers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("fields", Json, nullable=False),
    Column("secrets", LargeBinary),
    Column("is_enabled", Boolean, nullable=False, server_default=true()),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text),
    Column("updated_at", BigInteger, nullable=False),
)
