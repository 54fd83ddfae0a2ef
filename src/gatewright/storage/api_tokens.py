"""API tokens and app passwords. Only the hash of a key is stored, and the sealed key until it was read once."""

from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, matching
from gatewright.storage.rows import changed
from gatewright.storage.tables import api_tokens, users


class TokenRow(msgspec.Struct, frozen=True):
    """One row. `expires_at` None lives for ever; `unread_key` is sealed, None once somebody read it."""

    id: int
    uuid: str
    identifier: str
    intent: str
    user_pk: int
    description: str
    unread_key: bytes | None
    created_at: Millis
    created_by: str | None
    expires_at: Millis | None
    last_used_at: Millis | None

    def __repr__(self) -> str:
        return f"TokenRow({self.identifier!r}, {self.intent!r})"


FIELDS = [column for column in api_tokens.c if column.name != "token_hash"]
LISTING = Listing(
    key=api_tokens.c.id,
    columns={
        **{name: api_tokens.c[name] for name in ("identifier", "intent", "description", "created_by")},
        "expires": api_tokens.c.expires_at,
        "user": api_tokens.c.user_pk,
        "user__username": users.c.username,
    },
    searched=(api_tokens.c.identifier, api_tokens.c.description, users.c.username),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[TokenRow]]:
    """How many tokens there are that match, and one page of them."""
    query = select(*FIELDS).join(users, users.c.id == api_tokens.c.user_pk)
    count, rows = await matching(tx, query, LISTING, wish)
    return count, [msgspec.convert(row._mapping, TokenRow) for row in rows]


async def by_identifier(tx: Transaction, identifier: str) -> TokenRow | None:
    row = (await tx.execute(select(*FIELDS).where(api_tokens.c.identifier == identifier))).first()
    return None if row is None else msgspec.convert(row._mapping, TokenRow)


async def by_hash(tx: Transaction, token_hash: str, now: Millis) -> TokenRow | None:
    """The token with that key, unless it has expired."""
    query = select(*FIELDS).where(api_tokens.c.token_hash == token_hash)
    row = (await tx.execute(query)).first()
    found = None if row is None else msgspec.convert(row._mapping, TokenRow)
    return None if found is None or (found.expires_at is not None and found.expires_at <= now) else found


async def add(tx: Transaction, **columns: Any) -> None:
    await tx.execute(insert(api_tokens).values(columns))


async def change(tx: Transaction, token_id: int, **columns: Any) -> None:
    await tx.execute(update(api_tokens).where(api_tokens.c.id == token_id).values(columns))


async def take_key(tx: Transaction, token_id: int) -> bool:
    """Forgets the unread key; False when somebody else did that meanwhile."""
    query = update(api_tokens).where(api_tokens.c.id == token_id, api_tokens.c.unread_key.is_not(None))
    return changed(await tx.execute(query.values(unread_key=None))) == 1


async def remove(tx: Transaction, token_id: int) -> None:
    await tx.execute(delete(api_tokens).where(api_tokens.c.id == token_id))


async def remove_of_user(tx: Transaction, user_pk: int) -> None:
    """Takes away every token of a user."""
    await tx.execute(delete(api_tokens).where(api_tokens.c.user_pk == user_pk))
