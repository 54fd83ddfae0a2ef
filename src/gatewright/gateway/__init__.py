"""Serve one model request: check the key, find a deployment, call the upstream, meter the answer.

Knows no wire format and no SQL.
"""
