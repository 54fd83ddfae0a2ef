"""HTTP edges: parse, call one use case, render.

routes.py is the one table of every URL, its handler and its access rule.

Holds no SQL and no policy.
"""
