"""Authorization requests that clients pushed, by the SHA-256 of their request URI (RFC 9126)."""

from sqlalchemy import insert, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import pushed_requests


async def add(
    tx: Transaction, *, request_uri_hash: str, provider_id: int, parameters: str, created_at: Millis, expires_at: Millis
) -> None:
    """`parameters` are form-encoded."""
    await tx.execute(
        insert(pushed_requests).values(
            request_uri_hash=request_uri_hash,
            provider_id=provider_id,
            parameters=parameters,
            created_at=created_at,
            expires_at=expires_at,
        )
    )


async def take(tx: Transaction, request_uri_hash: str, provider_id: int, at: Millis) -> str | None:
    """Uses the request up and returns its parameters; None unless this call was the one that did, in time."""
    query = (
        update(pushed_requests)
        .where(
            pushed_requests.c.request_uri_hash == request_uri_hash,
            pushed_requests.c.provider_id == provider_id,
            pushed_requests.c.used_at.is_(None),
            pushed_requests.c.expires_at > at,
        )
        .values(used_at=at)
        .returning(pushed_requests.c.parameters)
    )
    found: str | None = (await tx.execute(query)).scalar()
    return found
