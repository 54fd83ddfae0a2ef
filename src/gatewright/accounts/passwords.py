"""Passwords: Argon2id, off the event loop, a few at a time because each takes 64 MB and most of a core."""

import asyncio
from collections.abc import Container

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gatewright.domain.errors import BadInput

SHORTEST = 10
LONGEST = 1024
AT_ONCE = 2


class Passwords:
    """Hashes and checks passwords. A check without a stored hash costs the same, so that time tells nothing.

    New ones have at least `shortest` characters and are not among `breached`. `hasher` says what a hash costs; without
    it, what RFC 9106 section 4 recommends where memory is limited.
    """

    def __init__(
        self, shortest: int = SHORTEST, breached: Container[str] = (), hasher: PasswordHasher | None = None
    ) -> None:
        self.shortest = shortest
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

    def _check(self, password: str, stored: str | None) -> bool:
        try:
            return self._hasher.verify(stored or self._dummy or "", password)
        except (VerificationError, InvalidHashError):
            return False
