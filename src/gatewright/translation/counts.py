"""Token counts of providers, which may be missing, negative or nonsense."""

MOST = 1_000_000_000
"""Tokens. No request uses more: a larger count is a mistake or an attack, and must fit into a sum and a database."""


def bounded(count: int | None, most: int = MOST) -> int:
    """From 0 to `most`: a provider that reports a negative number must not be able to give money back."""
    if not count or count < 0:
        return 0
    return min(most, count)
