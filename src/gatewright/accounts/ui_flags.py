"""What an administrator switches at run time with LiteLLM's `/update/ui_settings`: what of it there is here."""

from collections.abc import Mapping
from typing import Any

from gatewright.domain.people import Event, Origin
from gatewright.storage import audit_log, facts, users
from gatewright.storage.database import Database

FACT = "ui_settings"
NO_CUSTOM_KEYS = "disable_custom_api_keys"


class UiFlags:
    """`no_custom_keys`: the operator's file says so, whatever is stored."""

    def __init__(self, db: Database, *, no_custom_keys: bool = False) -> None:
        self._db = db
        self.by_operator = no_custom_keys

    async def stored(self) -> dict[str, Any]:
        """What was set here, by name."""
        async with self._db.read() as tx:
            found = await facts.read(tx, FACT)
        return found if isinstance(found, dict) else {}

    async def set(self, flags: Mapping[str, Any], *, actor: str, origin: Origin) -> dict[str, Any]:
        """Everything that is stored, with these over it."""
        now = self._db.clock()
        async with self._db.write() as tx:
            # Two writers of a first value would both insert it.
            await users.lock_setup(tx)
            before = await facts.read(tx, FACT)
            after = {**(before if isinstance(before, dict) else {}), **flags}
            await facts.write(tx, FACT, after)
            event = Event("settings.ui", "ok", actor=actor, details=dict(flags), origin=origin)
            await audit_log.add(tx, event, now)
        return after

    async def keys_must_be_generated(self) -> bool:
        """Whether nobody may bring the secret of a new key."""
        return self.by_operator or (await self.stored()).get(NO_CUSTOM_KEYS) is True
