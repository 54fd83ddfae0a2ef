"""Who exists: users, groups, identities, virtual keys, sessions, the audit log.

Knows no money and no HTTP.
"""
