"""Providers as their administrators see them: those without an application too, and never the secret."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, matching
from gatewright.storage.tables import applications, oauth_providers, provider_mappings, registered_clients


class StoredProvider(msgspec.Struct, frozen=True):
    """One row without the secrets. `slug` and `application_name` are its application's, None without one.

    `issuer_slug` is that of the application at which the client registered itself.
    """

    id: int
    name: str
    client_id: str
    client_type: str
    redirect_uris: list[dict[str, str]]
    grant_types: list[str]
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
    previous_secret_expires_at: Millis | None
    has_secret: bool
    application_id: int | None
    slug: str | None
    application_name: str | None
    issuer_slug: str | None
    is_registered: bool


ISSUERS = applications.alias("issuers")
COLUMNS = [
    *(column for column in oauth_providers.c if column.name not in ("client_secret", "previous_secret")),
    oauth_providers.c.client_secret.is_not(None).label("has_secret"),
    applications.c.id.label("application_id"),
    applications.c.slug,
    applications.c.name.label("application_name"),
    ISSUERS.c.slug.label("issuer_slug"),
    registered_clients.c.provider_id.is_not(None).label("is_registered"),
]
LISTING = Listing(
    key=oauth_providers.c.id,
    columns={
        **{name: oauth_providers.c[name] for name in ("name", "client_id", "client_type", "sub_mode", "issuer_mode")},
        **{
            name: oauth_providers.c[name]
            for name in ("authorization_flow", "invalidation_flow", "include_claims_in_id_token", "signing_algorithm")
        },
        "pk": oauth_providers.c.id,
        "application": applications.c.uuid,
        "application_name": applications.c.name,
    },
    searched=(oauth_providers.c.name, oauth_providers.c.client_id, applications.c.name),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[StoredProvider]]:
    """How many providers there are that match, and one page of them."""
    count, rows = await matching(tx, _query(), LISTING, wish)
    return count, [_provider(row) for row in rows]


async def by_id(tx: Transaction, provider_id: int) -> StoredProvider | None:
    row = (await tx.execute(_query().where(oauth_providers.c.id == provider_id))).first()
    return None if row is None else _provider(row)


async def by_ids(tx: Transaction, provider_ids: Sequence[int]) -> dict[int, StoredProvider]:
    rows = await tx.execute(_query().where(oauth_providers.c.id.in_(provider_ids)))
    return {row.id: _provider(row) for row in rows}


async def mapping_ids(tx: Transaction, provider_ids: Sequence[int]) -> dict[int, list[int]]:
    """The ids of the scope mappings of each provider."""
    query = select(provider_mappings).where(provider_mappings.c.provider_id.in_(provider_ids))
    found: dict[int, list[int]] = {provider_id: [] for provider_id in provider_ids}
    for row in await tx.execute(query.order_by(provider_mappings.c.mapping_id)):
        found[row.provider_id].append(row.mapping_id)
    return found


async def of_mapping(tx: Transaction, mapping_id: int) -> list[StoredProvider]:
    """The providers that a scope mapping is attached to."""
    ids = select(provider_mappings.c.provider_id).where(provider_mappings.c.mapping_id == mapping_id)
    return [_provider(row) for row in await tx.execute(_query().where(oauth_providers.c.id.in_(ids)))]


async def remove(tx: Transaction, provider_id: int) -> None:
    """Takes the provider away, and with it every code, token and consent of its client."""
    await tx.execute(delete(oauth_providers).where(oauth_providers.c.id == provider_id))


def _query() -> Any:
    joined = (
        oauth_providers.outerjoin(applications, applications.c.provider_id == oauth_providers.c.id)
        .outerjoin(registered_clients, registered_clients.c.provider_id == oauth_providers.c.id)
        .outerjoin(ISSUERS, ISSUERS.c.provider_id == registered_clients.c.template_id)
    )
    return select(*COLUMNS).select_from(joined)


def _provider(row: Any) -> StoredProvider:
    return msgspec.convert(row._mapping, StoredProvider, strict=False)
