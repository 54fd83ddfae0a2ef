"""Limits on the path of a request: what one key, user or team, one model of theirs, and everybody together may ask for.

A limit a minute is a window of 60 whole seconds that slides by the second: in no minute is more let through than the
limit. `memory` counts in one worker, `valkey` for all workers and replicas; `limiter` chooses and speaks.
"""
