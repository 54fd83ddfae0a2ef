"""Limits on attempts that hold across workers: failed sign-ins by account and by address."""

from gatewright.domain.clock import MINUTE, Millis
from gatewright.domain.errors import TooManyRequests
from gatewright.storage import attempts
from gatewright.storage.database import Database

# By account low enough that guessing is hopeless, by address high enough for an office behind one address.
FAILURES_BY_ACCOUNT = 8
FAILURES_BY_ADDRESS = 40
WINDOW: Millis = 5 * MINUTE


class Limits:
    """Counts in the database, before the work, so that parallel attempts cannot slip past."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def count(self, bucket: str, most: int, window: Millis = WINDOW) -> None:
        """Counts one attempt. Raises TooManyRequests when there were more than `most` in the window."""
        now = self._db.clock()
        async with self._db.write() as tx:
            found, resets_at = await attempts.count(tx, bucket, now, window)
        if found > most:
            raise TooManyRequests(
                "Too many attempts. Wait a few minutes and try again.", retry_after=max(1, (resets_at - now) // 1000)
            )

    async def count_sign_in(self, account: str, address: str | None) -> None:
        """Counts one sign-in with a password, by account and by address, before the password is looked at."""
        await self.count(f"sign-in:account:{account}", FAILURES_BY_ACCOUNT)
        if address:
            await self.count(f"sign-in:address:{address}", FAILURES_BY_ADDRESS)

    async def forgive(self, account: str) -> None:
        """A good sign-in empties the account's bucket."""
        async with self._db.write() as tx:
            await attempts.clear(tx, f"sign-in:account:{account}")
