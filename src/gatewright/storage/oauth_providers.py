"""OAuth2/OpenID providers: in Authentik's words, one registered client each."""

from typing import Any

import msgspec
from sqlalchemy import Row, Select, bindparam, insert, select, text, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import applications, oauth_providers, registered_clients

# Two workers that start together write the first objects once.
FIRST_START_LOCK = 4_202_613
ISSUERS = applications.alias("issuers")


class RedirectUri(msgspec.Struct, frozen=True):
    """`url` may start with `{base_url}`. `redirect_uri_type` is `authorization` or `logout`."""

    url: str
    matching_mode: str = "strict"
    redirect_uri_type: str = "authorization"


class ProviderRow(msgspec.Struct, frozen=True):
    """One provider with the application that makes it usable. Secrets are sealed, lives are milliseconds.

    `issuer_slug` is that of the application at which the client registered itself, None where nobody's is.
    """

    id: int
    name: str
    client_id: str
    client_secret: bytes | None
    client_type: str
    redirect_uris: tuple[RedirectUri, ...]
    grant_types: tuple[str, ...]
    authorization_flow: str
    invalidation_flow: str
    sub_mode: str
    issuer_mode: str
    require_pkce: bool
    include_claims_in_id_token: bool
    access_code_validity: Millis
    access_token_validity: Millis
    refresh_token_validity: Millis
    refresh_token_absolute_validity: Millis
    refresh_token_threshold: Millis
    signing_algorithm: str
    logout_uri: str
    logout_method: str
    jwks: dict[str, Any] | None
    consent_validity: Millis | None
    application_id: int
    binding_mode: str
    slug: str
    application_name: str
    launch_url: str
    previous_secret: bytes | None
    previous_secret_expires_at: Millis | None
    is_registered: bool
    issuer_slug: str | None

    def __repr__(self) -> str:
        return f"ProviderRow({self.client_id!r}, {self.slug!r})"


_EVERYTHING = (
    select(
        oauth_providers,
        applications.c.id.label("application_id"),
        applications.c.binding_mode,
        applications.c.slug,
        applications.c.name.label("application_name"),
        applications.c.launch_url,
        registered_clients.c.provider_id.is_not(None).label("is_registered"),
        ISSUERS.c.slug.label("issuer_slug"),
    )
    .join(applications, applications.c.provider_id == oauth_providers.c.id)
    .outerjoin(registered_clients, registered_clients.c.provider_id == oauth_providers.c.id)
    .outerjoin(ISSUERS, ISSUERS.c.provider_id == registered_clients.c.template_id)
    .order_by(oauth_providers.c.id)
)
_BY_CLIENT_ID = _EVERYTHING.where(oauth_providers.c.client_id == bindparam("sought"))
_BY_ID = _EVERYTHING.where(oauth_providers.c.id == bindparam("sought"))
_BY_SLUG = _EVERYTHING.where(applications.c.slug == bindparam("sought"))


async def by_client_id(tx: Transaction, client_id: str) -> ProviderRow | None:
    """The provider of that client, None when there is none or it has no application."""
    return await _one(tx, _BY_CLIENT_ID, client_id)


async def by_id(tx: Transaction, provider_id: int) -> ProviderRow | None:
    """The provider with that id."""
    return await _one(tx, _BY_ID, provider_id)


async def by_slug(tx: Transaction, slug: str) -> ProviderRow | None:
    """The provider of the application with that slug."""
    return await _one(tx, _BY_SLUG, slug)


async def everything(tx: Transaction) -> list[ProviderRow]:
    """Every usable provider."""
    return [_provider(row) for row in await tx.execute(_EVERYTHING)]


async def find_id(tx: Transaction, **columns: Any) -> int | None:
    """The id of the provider whose columns (`name`, `client_id`) have these values."""
    conditions = [oauth_providers.c[name] == value for name, value in columns.items()]
    return (await tx.execute(select(oauth_providers.c.id).where(*conditions))).scalar()


async def add(tx: Transaction, **columns: Any) -> int:
    """Inserts a provider and returns its id."""
    query = insert(oauth_providers).values(columns).returning(oauth_providers.c.id)
    return int((await tx.execute(query)).scalar_one())


async def change(tx: Transaction, provider_id: int, **columns: Any) -> None:
    if columns:
        await tx.execute(update(oauth_providers).where(oauth_providers.c.id == provider_id).values(columns))


async def rotate_secret(tx: Transaction, provider_id: int, secret: bytes, previous_until: Millis | None) -> None:
    """Stores a new sealed secret. The present one counts beside it until then, or no longer at all (None)."""
    kept = None if previous_until is None else oauth_providers.c.client_secret
    values = {"client_secret": secret, "previous_secret": kept, "previous_secret_expires_at": previous_until}
    await tx.execute(update(oauth_providers).where(oauth_providers.c.id == provider_id).values(values))


async def lock_first_start(tx: Transaction) -> None:
    """Lets one worker at a time look whether first objects exist and write them. SQLite locks by itself."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": FIRST_START_LOCK})


async def _one(tx: Transaction, query: Select[Any], sought: int | str) -> ProviderRow | None:
    row = (await tx.execute(query, {"sought": sought})).first()
    return None if row is None else _provider(row)


def _provider(row: Row[Any]) -> ProviderRow:
    return msgspec.convert(row._mapping, ProviderRow)
