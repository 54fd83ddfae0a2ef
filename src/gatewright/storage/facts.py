"""Single facts about this installation, by name."""

from typing import Any

from sqlalchemy import insert, select, update

from gatewright.storage.database import Transaction
from gatewright.storage.tables import facts


async def read(tx: Transaction, name: str) -> Any:
    """The value, None when it was never written."""
    return (await tx.execute(select(facts.c.value).where(facts.c.name == name))).scalar()


async def write(tx: Transaction, name: str, value: Any) -> None:
    """Writes the value, over an earlier one."""
    result = await tx.execute(update(facts).where(facts.c.name == name).values(value=value).returning(facts.c.name))
    if result.first() is None:
        await tx.execute(insert(facts).values(name=name, value=value))
