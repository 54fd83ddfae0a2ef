"""The authorization endpoint: the ordered table of checks, and what happens after they pass."""
