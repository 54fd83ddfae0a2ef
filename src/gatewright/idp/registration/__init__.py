"""Clients that register themselves, with a token that an administrator made for them (RFC 7591, RFC 7592)."""
