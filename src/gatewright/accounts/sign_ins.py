"""Where people are signed in, listed and ended: browsers, our own provider, command lines, devices, applications."""

import msgspec

from gatewright.domain.errors import NotFound
from gatewright.domain.keys import Principal
from gatewright.domain.people import Event, Origin
from gatewright.storage import access_tokens, audit_log, changes, keys, refresh_tokens, session_ends, sessions, sign_ins
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import people
from gatewright.storage.sign_ins import BROWSER, CLI, PROVIDER, SignIn, Wanted


class Ended(msgspec.Struct, frozen=True):
    """How many sign-ins were ended."""

    ended: int


class SignIns:
    """One view of them all. What ends is over on every worker: sessions and grants are read from the database at each
    use, and keys leave each worker's memory by the sequence of changes.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, limit: int, cursor: str | None, wanted: Wanted) -> tuple[list[SignIn], str | None]:
        """The living ones, newest first, and the cursor of the page after."""
        async with self._db.read() as tx:
            return await sign_ins.page(tx, self._db.clock(), limit, cursor, wanted)

    async def end(self, wanted: str, *, user_pk: int | None, actor: str, origin: Origin) -> None:
        """Ends one, of that person alone when given. Raises NotFound for one that is not living.

        Whoever ends a browser's session means that browser: the provider's session that it came from ends too, or it
        would sign in again by itself.
        """
        now = self._db.clock()
        async with self._db.write() as tx:
            found = await sign_ins.find(tx, wanted, now, user_pk=user_pk)
            if found is None:
                raise NotFound("There is no such session.", param="id", code="session_not_found")
            event = _event(found, actor, origin)
            if found.kind == CLI:
                hashed = await keys.revoke(tx, int(found.key), now)
                await audit_log.add(tx, event, now)
                if hashed is not None:
                    await changes.announce(tx, "key", hashed, now)
                return
            await audit_log.add(tx, event, now)
            if found.kind in (BROWSER, PROVIDER):
                origin_id = await self._origin(tx, found)
                # It takes along what came from it, this one too.
                await session_ends.end(tx, int(found.key) if origin_id is None else origin_id, now)
                return
            await refresh_tokens.lock_family(tx, str(found.key))
            await refresh_tokens.revoke_family(tx, str(found.key), now)
            await access_tokens.revoke_family(tx, str(found.key), now)

    async def end_all(self, user_pk: int, *, spare: Principal | None, actor: str, origin: Origin) -> Ended:
        """Ends every one of the person, but for the one that `spare` calls with."""
        now = self._db.clock()
        async with self._db.write() as tx:
            found = await sign_ins.everything(tx, now, user_pk)
            kept = next((one for one in found if spare is not None and is_current(one, spare)), None)
            spared = await self._sessions_of(tx, kept)
            await people.revoke_grants(tx, user_pk, now, but_of=spared)
            logins = [int(one.key) for one in found if one.kind == CLI and one is not kept]
            hashes = [await keys.revoke(tx, key, now) for key in logins]
            ended = len(found) - (kept is not None)
            details = {"ended": ended, "kept": None if kept is None else kept.id}
            await audit_log.add(tx, Event("session.end_all", "ok", actor, f"user:{user_pk}", details, origin), now)
            await session_ends.end_user(tx, user_pk, now, spared)
            for hashed in hashes:
                if hashed is not None:
                    await changes.announce(tx, "key", hashed, now)
        return Ended(ended)

    async def _sessions_of(self, tx: Transaction, kept: SignIn | None) -> tuple[int, ...]:
        """The session that goes on, and the provider's that it came from: its end would end it."""
        if kept is None or kept.kind == CLI:
            return ()
        origin = await self._origin(tx, kept)
        return (int(kept.key),) if origin is None else (int(kept.key), origin)

    async def _origin(self, tx: Transaction, found: SignIn) -> int | None:
        if found.provider_sid is None:
            return None
        return await sessions.living_with_sid(tx, found.provider_sid, self._db.clock())


def is_current(one: SignIn, caller: Principal) -> bool:
    """Whether the caller calls with this very one."""
    kinds = {"session": BROWSER, "cli": CLI}
    return kinds.get(caller.kind) == one.kind and caller.credential_id == one.key


def _event(found: SignIn, actor: str, origin: Origin) -> Event:
    if found.kind == CLI:
        return Event("key.revoke.cli", "ok", actor, str(found.key), origin=origin)
    if found.kind in (BROWSER, PROVIDER):
        kept_as = {BROWSER: "gateway", PROVIDER: "idp"}[found.kind]
        details: dict[str, object] = {"session": found.key, "kind": kept_as}
    else:
        details = {"kind": found.kind, "client": found.client}
    return Event("session.end", "ok", actor, f"user:{found.user_pk}", details, origin)
