"""Blueprints: Authentik's objects as a file (contract 3.7), and the two that are packaged.

`file` reads, `tags` resolves, `writers` put objects where they belong, `apply` does a file in one transaction.
"""
