"""The directory: people, groups, applications, providers and the rest of Authentik's objects, as they are managed.

Use cases without HTTP and SQL. Every change is one transaction with its audit event; objects are validated whole.
"""
