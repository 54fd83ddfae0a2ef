"""Passwords whose hashes cost as little as possible, for tests that are not about the price of a guess."""

from argon2 import PasswordHasher

from gatewright.accounts.passwords import Passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def quick_passwords() -> Passwords:
    """Argon2 as cheap as it gets."""
    return Passwords(hasher=QUICK)
