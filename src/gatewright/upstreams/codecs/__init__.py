"""Endpoints that are no conversations, at providers with a format of their own: pure functions."""
