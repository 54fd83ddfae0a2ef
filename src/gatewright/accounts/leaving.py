"""What ends when somebody may no longer come in."""

from gatewright.domain.clock import Millis
from gatewright.storage import changes, keys, session_ends
from gatewright.storage.database import Transaction
from gatewright.storage.directory import people


async def end_everything(tx: Transaction, user_pk: int, now: Millis) -> None:
    """Ends somebody's sessions, command-line sign-ins and tokens on every worker.

    Their virtual keys are refused as long as they are inactive, and work again afterwards. Call it last: it announces
    the change.
    """
    await people.revoke_grants(tx, user_pk, now)
    hashes = [await keys.revoke(tx, row.id, now) for row in await keys.living_cli(tx, user_pk)]
    await session_ends.end_user(tx, user_pk, now)
    for hashed in hashes:
        if hashed is not None:
            await changes.announce(tx, "key", hashed, now)
    await changes.announce(tx, "user", str(user_pk), now)
