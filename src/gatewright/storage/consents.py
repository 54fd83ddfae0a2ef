"""What people let clients have: one row a person and client, whose scopes add up."""

import uuid
from collections.abc import Iterable

import msgspec
from sqlalchemy import Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import applications, consents, oauth_providers


class Consent(msgspec.Struct, frozen=True):
    """One row with its client in words. It counts until `expires_at`, None for ever."""

    id: int
    uuid: str
    user_pk: int
    provider_id: int
    scopes: tuple[str, ...]
    created_at: Millis
    updated_at: Millis
    expires_at: Millis | None
    client_id: str
    application_slug: str | None
    application_name: str | None


async def find(tx: Transaction, user_pk: int, provider_id: int, now: Millis) -> Consent | None:
    """The consent of the person for the client, None when there is none that counts."""
    query = _select().where(consents.c.user_pk == user_pk, consents.c.provider_id == provider_id)
    row = (await tx.execute(query)).first()
    found = None if row is None else msgspec.convert(row._mapping, Consent)
    return found if found is not None and (found.expires_at is None or found.expires_at > now) else None


async def of_user(tx: Transaction, user_pk: int | None) -> list[Consent]:
    """The person's consents, or everybody's, expired ones included; the last given first."""
    query = _select() if user_pk is None else _select().where(consents.c.user_pk == user_pk)
    rows = await tx.execute(query.order_by(consents.c.updated_at.desc(), consents.c.id))
    return [msgspec.convert(row._mapping, Consent) for row in rows]


async def add_scopes(
    tx: Transaction, user_pk: int, provider_id: int, scopes: Iterable[str], at: Millis, expires_at: Millis | None
) -> None:
    """Adds the scopes to those of a consent that still counts; in place of those of one that expired.

    Two at once both stand: the row is made first, then held.
    """
    insert = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    pair = (consents.c.user_pk == user_pk, consents.c.provider_id == provider_id)
    fresh = {
        "uuid": str(uuid.uuid4()),
        "user_pk": user_pk,
        "provider_id": provider_id,
        "scopes": [],
        "created_at": at,
        "updated_at": at,
        "expires_at": expires_at,
    }
    await tx.execute(insert(consents).values(fresh).on_conflict_do_nothing(index_elements=["user_pk", "provider_id"]))
    row = (await tx.execute(select(consents.c.scopes, consents.c.expires_at).where(*pair).with_for_update())).one()
    counts = row.expires_at is None or row.expires_at > at
    merged = list(dict.fromkeys([*(row.scopes if counts else []), *scopes]))
    await tx.execute(update(consents).where(*pair).values(scopes=merged, updated_at=at, expires_at=expires_at))


async def remove(tx: Transaction, consent_uuid: str, user_pk: int | None) -> tuple[int, int] | None:
    """Forgets the consent; its person and provider, None when there is none (of that person, when one is given)."""
    query = delete(consents).where(consents.c.uuid == consent_uuid)
    if user_pk is not None:
        query = query.where(consents.c.user_pk == user_pk)
    row = (await tx.execute(query.returning(consents.c.user_pk, consents.c.provider_id))).first()
    return None if row is None else (row.user_pk, row.provider_id)


def _select() -> Select[*tuple[object, ...]]:
    return (
        select(
            consents,
            oauth_providers.c.client_id,
            applications.c.slug.label("application_slug"),
            applications.c.name.label("application_name"),
        )
        .join(oauth_providers, oauth_providers.c.id == consents.c.provider_id)
        .outerjoin(applications, applications.c.provider_id == oauth_providers.c.id)
    )
