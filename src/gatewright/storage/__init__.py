"""SQL: one module an aggregate, functions that take a transaction and return plain values.

Holds no policy and no cache. SQLite and PostgreSQL answer alike; one test suite runs on both.
"""
