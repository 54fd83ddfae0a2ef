"""Clients that registered themselves: what they are managed with (RFC 7592)."""

from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import applications, oauth_providers, registered_clients


class RegisteredClient(msgspec.Struct, frozen=True):
    """One row. `template_id` is the provider at whose issuer it registered, None when that one is gone.

    `written` is the digest of what the registration wrote last. `slug` is that of its own application.
    """

    provider_id: int
    template_id: int | None
    auth_method: str
    written: str
    created_at: Millis
    client_id: str
    client_secret: bytes | None
    slug: str | None

    def __repr__(self) -> str:
        return f"RegisteredClient({self.client_id!r})"


async def find(tx: Transaction, client_id: str, token_hash: str) -> RegisteredClient | None:
    """The client, when the registration access token is its own."""
    table = registered_clients
    joined = table.join(oauth_providers, oauth_providers.c.id == table.c.provider_id).outerjoin(
        applications, applications.c.provider_id == table.c.provider_id
    )
    own = [column for column in table.c if column.name != "token_hash"]
    named = (oauth_providers.c.client_id, oauth_providers.c.client_secret, applications.c.slug)
    query = select(*own, *named).select_from(joined)
    query = query.where(oauth_providers.c.client_id == client_id, table.c.token_hash == token_hash)
    row = (await tx.execute(query)).first()
    return None if row is None else msgspec.convert(row._mapping, RegisteredClient)


async def is_registered(tx: Transaction, provider_id: int) -> bool:
    query = select(registered_clients.c.provider_id).where(registered_clients.c.provider_id == provider_id)
    return (await tx.execute(query)).first() is not None


async def add(tx: Transaction, **columns: Any) -> None:
    await tx.execute(insert(registered_clients).values(columns))


async def change(tx: Transaction, provider_id: int, **columns: Any) -> None:
    await tx.execute(update(registered_clients).where(registered_clients.c.provider_id == provider_id).values(columns))
