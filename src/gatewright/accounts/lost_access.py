"""What ends when somebody may not sign in any more the way they did: refused at a sign-in, or unlinked from it."""

from gatewright.domain.clock import Millis
from gatewright.storage import changes, keys, session_ends, sessions
from gatewright.storage.database import Transaction


async def end_sign_ins(tx: Transaction, user_pk: int, now: Millis, *, command_lines: bool) -> None:
    """Ends somebody's sessions at the dashboard, and their command-line sign-ins, on every worker.

    Their sessions at the embedded provider and their virtual keys stay: an administrator switches people off. Call it
    last: it announces the change.
    """
    living = await keys.living_cli(tx, user_pk) if command_lines else []
    hashes = [await keys.revoke(tx, row.id, now) for row in living]
    for row in await sessions.of_user(tx, user_pk, session_ends.DASHBOARD, now):
        await session_ends.end(tx, row.id, now)
    for hashed in hashes:
        if hashed is not None:
            await changes.announce(tx, "key", hashed, now)
