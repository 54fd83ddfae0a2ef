"""Limits on attempts that hold across workers: failed sign-ins by account and by address."""

import hashlib
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from gatewright.domain.clock import DAY, HOUR, MINUTE, Millis
from gatewright.domain.errors import TooManyRequests
from gatewright.domain.guess_limits import GuessLimits
from gatewright.domain.people import User
from gatewright.storage import attempts
from gatewright.storage.database import Database, Transaction

WINDOW: Millis = 5 * MINUTE
# Guesses of a second factor by somebody who has the password already: 44 in the first month, while three of a million
# codes are good at any time. Whoever mistyped waits a minute.
FREE_GUESSES = 5
FIRST_PAUSE: Millis = MINUTE
LONGEST_PAUSE: Millis = DAY
GUESSES_REMEMBERED: Millis = 30 * DAY


class Limits:
    """Counts in the database, before the work, so that parallel attempts cannot slip past."""

    def __init__(self, db: Database, guess_limits: GuessLimits | None = None) -> None:
        self._db = db
        self._guess_limits = guess_limits or GuessLimits()

    async def count(self, bucket: str, most: int, window: Millis = WINDOW) -> None:
        """Counts one attempt. Raises TooManyRequests when there were more than `most` in the window."""
        now = self._db.clock()
        async with self._db.write() as tx:
            found, resets_at = await attempts.count(tx, bucket, now, window)
        if found > most:
            raise _too_many(resets_at - now)

    async def refuse_above(self, bucket: str, most: int) -> None:
        """Counts nothing. Raises TooManyRequests when more than `most` are counted in the bucket's window now."""
        now = self._db.clock()
        async with self._db.read() as tx:
            found, resets_at = await attempts.standing(tx, bucket, now)
        if found > most:
            raise _too_many(resets_at - now)

    async def count_sign_in(self, accounts: Sequence[str], address: str | None) -> None:
        """Counts one sign-in with a password, by address and by `accounts_of`, before the password is looked at.

        By address first: whoever is stopped there neither locks others out nor makes a row for each made-up name.
        """
        now, rules = self._db.clock(), self._guess_limits
        async with self._db.write() as tx:
            over = [await self._over(tx, _address(address), rules.by_address, now)]
            if over == [None]:
                over += [await self._over(tx, _account(one), rules.by_account, now) for one in accounts]
        until = [one for one in over if one is not None]
        if until:
            raise _too_many(max(until) - now)

    async def _over(self, tx: Transaction, bucket: str, most: int, now: Millis) -> Millis | None:
        """Counts one sign-in; until when the bucket is over its limit, None when it is not."""
        found, resets_at = await attempts.count(tx, bucket, now, self._guess_limits.window)
        if found <= most:
            return None
        block = self._guess_limits.block
        if block is not None and found == most + 1:
            # The attempts that come meanwhile do not make it longer.
            resets_at = now + block
            await attempts.hold(tx, bucket, resets_at)
        return resets_at

    async def forgive(self, accounts: Sequence[str], address: str | None) -> None:
        """A good sign-in empties the buckets of the account, and does not count for the address.

        Those that failed at the address go on counting: one good account buys nobody more guesses.
        """
        async with self._db.write() as tx:
            await attempts.clear(tx, [_account(one) for one in accounts])
            await attempts.give_back(tx, _address(address))

    async def count_guess(self, user_pk: int) -> None:
        """Counts one guess of a second factor, before the code is looked at; the pause after each doubles.

        Raises TooManyRequests within a pause. What is refused then does not count, so that a pause ends.
        """
        guesses, pause = _guesses(user_pk)
        now = self._db.clock()
        async with self._db.write() as tx:
            # The row's lock lets parallel guesses in one after the other.
            found, _ = await attempts.count(tx, guesses, now, GUESSES_REMEMBERED)
            paused, until = await attempts.standing(tx, pause, now)
            if paused:
                raise _too_many(until - now)
            if found >= FREE_GUESSES:
                await attempts.count(tx, pause, now, pause_after(found))

    async def forgive_guesses(self, user_pk: int) -> None:
        """A good code, or an administrator, ends the pauses."""
        async with self._db.write() as tx:
            await attempts.clear(tx, _guesses(user_pk))


def pause_after(guesses: int) -> Millis:
    """How long nothing may be guessed after so many wrong codes in a row."""
    doublings = guesses - FREE_GUESSES
    return 0 if doublings < 0 else min(FIRST_PAUSE << min(doublings, 32), LONGEST_PAUSE)


def _guesses(user_pk: int) -> tuple[str, str]:
    """The buckets of a person's guesses, and of their pause."""
    return f"factor:guesses:{user_pk}", f"factor:pause:{user_pk}"


def _too_many(wait: Millis) -> TooManyRequests:
    return TooManyRequests(
        f"Too many attempts. Wait {_in_words(wait)} and try again.", retry_after=max(1, wait // 1000)
    )


def _in_words(wait: Millis) -> str:
    if wait <= MINUTE:
        return "a minute"
    return f"{-(-wait // MINUTE)} minutes" if wait <= 2 * HOUR else f"{-(-wait // HOUR)} hours"


def accounts_of(user: User | None, typed: str) -> tuple[str, ...]:
    """What a sign-in counts for: the person's account whatever they typed, name or e-mail address, on whichever page.

    Changing between them wins nothing (contract 8.35). What was typed counts as well, whoever has it, so that the pause
    comes at the same guess for a name that is nobody's.
    """
    name = f"name:{hashlib.sha256(typed.lower().encode()).hexdigest()}"
    return (name,) if user is None else (name, f"user:{user.id}")


def _account(account: str) -> str:
    return f"sign-in:account:{account}"


def _address(address: str | None) -> str:
    return f"sign-in:address:{network_of(address or '')}"


def network_of(address: str) -> str:
    """What one caller can be expected to hold: an IPv4 address, or the 64 bits of an IPv6 network."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    mapped = ip.ipv4_mapped if ip.version == 6 else None
    if ip.version == 4 or mapped is not None:
        return str(mapped or ip)
    return str(ip_network((ip, 64), strict=False))
