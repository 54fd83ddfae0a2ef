"""Sign-ins of the command line: started in a terminal, finished in a browser, collected once by the terminal.

Secrets are stored as SHA-256. Every step is one conditional statement, so that it holds with several workers.
"""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import changed
from gatewright.storage.tables import cli_logins as table

MOST_WRONG_CODES = 5


class CliLogin(msgspec.Struct, frozen=True):
    """One row. `user_pk` is set once somebody signed in for it, `verified` once they typed the code."""

    login_id: str
    poll_secret_hash: str
    user_code_hash: str
    complete_token_hash: str | None
    user_pk: int | None
    verified: bool
    wrong_codes: int
    attribution: dict[str, Any]
    address: str | None
    user_agent: str | None
    created_at: Millis
    expires_at: Millis


async def add(tx: Transaction, **columns: Any) -> None:
    """Inserts a login that nobody signed in for yet."""
    await tx.execute(insert(table).values(attribution={}, verified=False, wrong_codes=0, **columns))


async def find(tx: Transaction, login_id: str, now: Millis) -> CliLogin | None:
    """The living login: not expired, not killed by wrong codes."""
    row = (await tx.execute(select(table).where(*_living(login_id, now)))).first()
    return None if row is None else msgspec.convert(row._mapping, CliLogin, strict=False)


async def attach(
    tx: Transaction, login_id: str, user_pk: int, complete_token_hash: str, attribution: dict[str, Any], now: Millis
) -> bool:
    """Notes who signed in, what their claims say for attribution, and the token of the form that asks for the code.

    A later sign-in takes the place of an earlier one as long as no code was accepted. False when the login is over.
    """
    query = update(table).where(*_living(login_id, now), table.c.verified.is_(False))
    columns = {"user_pk": user_pk, "complete_token_hash": complete_token_hash, "attribution": attribution}
    result = await tx.execute(query.values(columns))
    return changed(result) == 1


async def verify(tx: Transaction, login_id: str, complete_token_hash: str, user_code_hash: str, now: Millis) -> bool:
    """Accepts the code when form token and code fit; once."""
    query = update(table).where(
        *_living(login_id, now),
        table.c.user_pk.is_not(None),
        table.c.verified.is_(False),
        table.c.complete_token_hash == complete_token_hash,
        table.c.user_code_hash == user_code_hash,
    )
    return changed(await tx.execute(query.values(verified=True))) == 1


async def count_wrong_code(tx: Transaction, login_id: str, complete_token_hash: str, now: Millis) -> int | None:
    """Counts a wrong code that came with a good form; how many there were, None when the form does not fit."""
    query = update(table).where(
        *_living(login_id, now), table.c.verified.is_(False), table.c.complete_token_hash == complete_token_hash
    )
    row = (await tx.execute(query.values(wrong_codes=table.c.wrong_codes + 1).returning(table.c.wrong_codes))).first()
    return None if row is None else int(row[0])


async def collect(tx: Transaction, login_id: str, poll_secret_hash: str, now: Millis) -> CliLogin | None:
    """Removes and returns a login that is complete; of several polls at the same time one gets it."""
    query = delete(table).where(
        *_living(login_id, now),
        table.c.verified.is_(True),
        table.c.user_pk.is_not(None),
        table.c.poll_secret_hash == poll_secret_hash,
    )
    row = (await tx.execute(query.returning(*table.c))).first()
    return None if row is None else msgspec.convert(row._mapping, CliLogin, strict=False)


def _living(login_id: str, now: Millis) -> tuple[ColumnElement[bool], ...]:
    return (table.c.login_id == login_id, table.c.expires_at > now, table.c.wrong_codes < MOST_WRONG_CODES)
