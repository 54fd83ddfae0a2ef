"""Passwords: Argon2id, off the event loop, a few at a time because each takes 64 MB and most of a core."""

import asyncio
from collections.abc import Container

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from gatewright.domain.errors import BadInput
from gatewright.domain.guess_limits import GuessLimits

SHORTEST = 10
LONGEST = 1024
AT_ONCE = 2
DJANGO = "argon2"
"""Stands before the hash in Django's, and so Authentik's, databases: `argon2$argon2id$v=19$...`."""
OWN = RFC_9106_LOW_MEMORY
# Memory times passes, as multiples of those of our own hashes.
WORK = (0.25, 4)
MOST_KIB, MOST_LANES = 2 * OWN.memory_cost, 16
LONGEST_HASH, SHORTEST_DIGEST, SHORTEST_SALT = 255, 16, 8


class Passwords:
    """Hashes and checks passwords. A check without a stored hash costs the same, so that time tells nothing.

    New ones have at least `shortest` characters and are not among `breached`. `hasher` says what a hash costs; without
    it, what RFC 9106 section 4 recommends where memory is limited. `guesses`: how often one may be guessed.
    """

    def __init__(
        self,
        shortest: int = SHORTEST,
        breached: Container[str] = (),
        hasher: PasswordHasher | None = None,
        guesses: GuessLimits | None = None,
    ) -> None:
        self.shortest = shortest
        self.guesses = guesses or GuessLimits()
        self._breached = breached
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._dummy: str | None = None

    async def hash(self, password: str) -> str:
        """Raises BadInput for one that is too short, absurdly long, or known to attackers."""
        if not self.shortest <= len(password) <= LONGEST:
            raise BadInput(
                f"The password needs {self.shortest} to {LONGEST} characters.",
                param="password",
                code="password_length",
            )
        async with self._slots:
            if await asyncio.to_thread(self._breached.__contains__, password):
                raise BadInput(
                    "This password is on a list of passwords that attackers try. Choose another one.",
                    param="password",
                    code="password_breached",
                )
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password fits the stored hash; with None the same work, and False."""
        async with self._slots:
            if self._dummy is None:
                self._dummy = await asyncio.to_thread(self._hasher.hash, "no password fits this")
            return await asyncio.to_thread(self._check, password[:LONGEST], stored) and stored is not None

    def imported(self, text: str) -> str:
        """A hash that was made elsewhere, as it is stored. Raises BadInput for one unlike our own.

        A hash of another kind, or one that is much dearer, would take another time to check than those of everybody
        else, and so tell strangers who has an account; a much cheaper one is guessed when the database leaks.
        """
        stored = text.removeprefix(DJANGO)
        try:
            found = extract_parameters(stored)
        except InvalidHashError as error:
            raise _not_imported("The hash is none of Argon2.") from error
        work = found.memory_cost * found.time_cost / (OWN.memory_cost * OWN.time_cost)
        if found.type is not Type.ID or found.version != OWN.version:
            raise _not_imported("The hash is none of Argon2id, version 19.")
        if not WORK[0] <= work <= WORK[1] or found.memory_cost > MOST_KIB or found.parallelism > MOST_LANES:
            raise _not_imported("The hash's cost is far from that of the hashes here.")
        if len(stored) > LONGEST_HASH or found.hash_len < SHORTEST_DIGEST or found.salt_len < SHORTEST_SALT:
            raise _not_imported("The hash or its salt is too short or too long.")
        return stored

    def _check(self, password: str, stored: str | None) -> bool:
        try:
            return self._hasher.verify(stored or self._dummy or "", password)
        except (VerificationError, InvalidHashError):
            return False


def _not_imported(text: str) -> BadInput:
    return BadInput(
        text,
        param="password",
        hint="It reads argon2$argon2id$v=19$m=...,t=...,p=...$salt$hash. No pbkdf2_sha256, bcrypt or scrypt is taken:"
        " send a recovery link instead.",
        code="password_hash_invalid",
    )
