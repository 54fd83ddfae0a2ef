"""Scope-mapping expressions: Authentik's Python, unchanged, in sandboxed worker processes (Authentik contract 2).

`reading` parses; `refused`, `inspection`, `claims_read` look; `mending` offers; `program` rewrites; `preparing` makes
the text of `prelude*`, which runs beside an expression; `engine` runs. Nothing that a user typed is ever executed in
this process.
"""
