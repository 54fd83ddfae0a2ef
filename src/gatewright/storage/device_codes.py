"""Device codes and the user codes that people type, by their SHA-256 (RFC 8628)."""

from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import builtins, changed
from gatewright.storage.tables import device_codes


class DeviceCode(msgspec.Struct, frozen=True):
    """One row. `user_pk` and `session_id` say who approved, in which session. `interval_s` is seconds."""

    device_code_hash: str
    user_code_hash: str
    provider_id: int
    scope: str
    resource: tuple[str, ...] | None
    address: str | None
    user_agent: str | None
    interval_s: int
    created_at: Millis
    expires_at: Millis
    user_pk: int | None = None
    session_id: int | None = None
    approved_at: Millis | None = None
    denied_at: Millis | None = None
    redeemed_at: Millis | None = None
    polled_at: Millis | None = None


async def add(tx: Transaction, row: DeviceCode) -> bool:
    """False when the user code is another device's."""
    insert = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    return changed(await tx.execute(insert(device_codes).values(builtins(row)).on_conflict_do_nothing())) == 1


async def find(tx: Transaction, device_code_hash: str) -> DeviceCode | None:
    """The device's row whatever its state."""
    row = (await tx.execute(select(device_codes).where(device_codes.c.device_code_hash == device_code_hash))).first()
    return None if row is None else msgspec.convert(row._mapping, DeviceCode)


async def waiting(tx: Transaction, user_code_hash: str, now: Millis) -> DeviceCode | None:
    """The device that waits for an answer to that user code."""
    query = select(device_codes).where(device_codes.c.user_code_hash == user_code_hash, *_undecided(now))
    row = (await tx.execute(query)).first()
    return None if row is None else msgspec.convert(row._mapping, DeviceCode)


async def decide(tx: Transaction, user_code_hash: str, now: Millis, **columns: Any) -> DeviceCode | None:
    """Sets the columns of an answer; None unless this call was the one that answered, in time."""
    query = update(device_codes).where(device_codes.c.user_code_hash == user_code_hash, *_undecided(now))
    row = (await tx.execute(query.values(columns).returning(device_codes))).first()
    return None if row is None else msgspec.convert(row._mapping, DeviceCode)


async def polled(tx: Transaction, device_code_hash: str, at: Millis, interval_s: int) -> None:
    """Notes a poll, and how long the device has to wait for the next one."""
    query = update(device_codes).where(device_codes.c.device_code_hash == device_code_hash)
    await tx.execute(query.values(polled_at=at, interval_s=interval_s))


async def redeem(tx: Transaction, device_code_hash: str, at: Millis) -> bool:
    """Uses an approved code up; False unless this call was the one that did."""
    query = update(device_codes).where(
        device_codes.c.device_code_hash == device_code_hash,
        device_codes.c.approved_at.is_not(None),
        device_codes.c.denied_at.is_(None),
        device_codes.c.redeemed_at.is_(None),
    )
    return changed(await tx.execute(query.values(redeemed_at=at))) == 1


def _undecided(now: Millis) -> tuple[Any, ...]:
    return (
        device_codes.c.approved_at.is_(None),
        device_codes.c.denied_at.is_(None),
        device_codes.c.expires_at > now,
    )
