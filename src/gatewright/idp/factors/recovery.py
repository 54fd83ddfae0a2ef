"""Recovery codes: ten of them, each good for one sign-in without the other factors. Stored as hashes."""

import hashlib
import secrets

HOW_MANY = 10
# Without 0, 1, i, l and o. Ten letters of 31 are 49 bits; guesses are counted by account.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
HALF = 5


def new_codes() -> tuple[str, ...]:
    """Fresh codes, `xxxxx-xxxxx`."""
    return tuple(f"{_letters()}-{_letters()}" for _ in range(HOW_MANY))


def stored(code: str, user_pk: int) -> str:
    """How a code is stored. Capitals, spaces and the dash do not matter; the same code of two people differs."""
    plain = "".join(char for char in code.lower() if char.isalnum())
    return hashlib.sha256(f"{user_pk}:{plain}".encode()).hexdigest()


def looks_like_one(text: str) -> bool:
    """Whether somebody may have typed a recovery code, and not six digits."""
    return sum(char.isalnum() for char in text) == 2 * HALF


def _letters() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(HALF))
