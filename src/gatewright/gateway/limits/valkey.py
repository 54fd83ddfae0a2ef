"""Counters in Valkey, for all workers and replicas: one script a request, which takes all or nothing.

A slot lives for SLOT_LIFE and is prolonged while its request runs, so that those of a killed worker come back. All keys
have one hash tag: in a cluster they are on one node, since a script works on one.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from gatewright.domain.clock import SECOND, Clock, Millis
from gatewright.gateway.limits.claims import PARALLEL, REQUESTS, WINDOW_S, Claim, Refused, Taken
from gatewright.outbound.valkey import Valkey, ValkeyDown

SLOT_LIFE: Millis = 30 * SECOND
KEEP_EVERY_S = 10.0
AT_ONCE = 500
"""Slots that one script prolongs: longer ones would hold up everybody."""

_HERE = Path(__file__).parent
TAKE, SETTLE, KEEP = (_HERE.joinpath(f"{name}.lua").read_text() for name in ("take", "settle", "keep"))


class ValkeyCounters:
    """`prefix` keeps installations apart that share a server. Without a `clock` the server's own counts."""

    def __init__(self, valkey: Valkey, prefix: str, clock: Clock | None = None) -> None:
        self._valkey = valkey
        self._prefix = f"{{{prefix}}}:limit:"
        self._clock = clock
        self._held: dict[str, list[str]] = {}
        self._settling: set[asyncio.Task[None]] = set()

    async def take(self, claims: Sequence[Claim], tokens: int, slot: str, /) -> Taken | Refused:
        """Takes all or nothing. Raises ValkeyDown."""
        keys, wanted = self._of(claims)
        if slots := [key for key, claim in zip(keys, claims, strict=True) if claim.kind == PARALLEL]:
            self._held[slot] = slots
        found: list[int] | None = None
        try:
            found = await self._valkey.script(TAKE, keys, [self._now(), slot, SLOT_LIFE, WINDOW_S, tokens, *wanted])
        finally:
            if found is None or not found[0]:
                self._held.pop(slot, None)
        return Taken(found[1], tokens, found[2:]) if found[0] else Refused(found[1] - 1, found[2])

    def settle(
        self, claims: Sequence[Claim], slot: str, taken: Taken, used: int | None, /
    ) -> asyncio.Task[None] | None:
        """Goes on whatever becomes of the request. When it fails, slots and tokens come back by their age."""
        self._held.pop(slot, None)
        changed = [claim for claim in claims if claim.kind != REQUESTS]
        if not changed:
            return None
        keys, wanted = self._of(changed)
        spent = "" if used is None else used
        told = [self._now(), slot, taken.second, taken.tokens, spent, WINDOW_S, *wanted]
        task = asyncio.create_task(self._run(SETTLE, keys, told))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        return task

    async def keep(self) -> None:
        """Prolongs the slots that this worker holds. Call it every KEEP_EVERY_S."""
        held = iter([(key, slot) for slot, keys in self._held.items() for key in keys])
        while some := list(islice(held, AT_ONCE)):
            keys, slots = zip(*some, strict=True)
            await self._run(KEEP, keys, [self._now(), SLOT_LIFE, *slots])

    async def stop(self) -> None:
        """Waits for what is being settled."""
        await asyncio.gather(*self._settling)

    async def _run(self, script: str, keys: Sequence[str], arguments: Sequence[str | int]) -> None:
        """A script whose answer nobody waits for. That it failed is in the log already."""
        with suppress(ValkeyDown):
            await self._valkey.script(script, keys, arguments)

    def _of(self, claims: Sequence[Claim]) -> tuple[list[str], list[Any]]:
        """The keys, and what the scripts are told of each."""
        wanted: list[Any] = []
        for claim in claims:
            wanted += (claim.kind, claim.limit)
        return [self._prefix + claim.counter for claim in claims], wanted

    def _now(self) -> int | str:
        return "" if self._clock is None else self._clock()
