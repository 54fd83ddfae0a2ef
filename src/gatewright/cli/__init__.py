"""Talk to a running gateway over HTTP and keep its credential. Server commands import app, lazily.

Knows no server room.
"""
