"""What is looked for in the cache, and what is kept there."""

from collections.abc import Awaitable, Callable

import msgspec

from gatewright.domain.clock import SECOND, Clock, Millis
from gatewright.domain.keys import Principal
from gatewright.gateway.cache.controls import read_controls
from gatewright.gateway.cache.entry import Entry, Store
from gatewright.gateway.cache.keying import key_of, scope_of
from gatewright.gateway.cache.recorder import Recorder
from gatewright.gateway.exchange import Exchange, Facts, Sink
from gatewright.gateway.meter import Meter
from gatewright.gateway.wishes import Wishes
from gatewright.settings.caching import Caching
from gatewright.upstreams.body import Prepared
from gatewright.upstreams.call import Opening
from gatewright.upstreams.dispatch import Body
from gatewright.upstreams.endpoints import CHAT, COMPLETIONS, EMBEDDINGS, MESSAGES, RERANK, RESPONSES, TRANSCRIPTIONS

CALL_TYPES = {
    CHAT.path: "completion",
    COMPLETIONS.path: "text_completion",
    EMBEDDINGS.path: "embedding",
    RERANK.path: "rerank",
    RESPONSES.path: "responses",
    MESSAGES.path: "anthropic_messages",
    TRANSCRIPTIONS.path: "transcription",
}
"""LiteLLM's names."""

# A request that is to leave something at the provider is not made by answering it from here.
LASTING = ("store", "background", "conversation")
NOT_ASKED = (b"false", b"null")


class Use(msgspec.Struct, frozen=True):
    """How one request uses the cache. Times are milliseconds; `oldest` None takes an answer of any age."""

    key: str
    read: bool
    write: bool
    life: Millis
    oldest: Millis | None


class Cache:
    """One for a worker. Made only when caching is on."""

    def __init__(self, store: Store, caching: Caching, clock: Clock) -> None:
        self._store = store
        self._caching = caching
        self._clock = clock
        self._paths = frozenset(path for path, name in CALL_TYPES.items() if name in caching.call_types)

    def use(self, caller: Principal, asked: Body, opening: Opening, wishes: Wishes) -> Use | None:
        """How the request uses the cache, None when it does not. Raises BadInput for controls that are wrong."""
        if opening.endpoint.path not in self._paths:
            return None
        controls = read_controls(wishes.cache)
        wanted = self._caching.default_on if controls.use_cache is None else controls.use_cache
        life = int(self._caching.ttl_s * SECOND) if controls.life is None else controls.life
        read, write = not controls.no_cache, not controls.no_store and life > 0
        if not wanted or not (read or write) or _is_lasting(asked):
            return None
        scope = "everybody" if self._caching.across_teams else scope_of(caller)
        key = key_of(asked, opening.endpoint.path, scope, controls.namespace or "", wishes.tags, opening.forwarded)
        return Use(key, read, write, life, controls.oldest)

    async def serve(self, use: Use, exchange: Exchange, meter: Meter, ask: Callable[[Sink], Awaitable[None]]) -> None:
        """Answers from the cache, else by `ask`, and keeps what it says. Raises what `ask` raises, and ClientGone."""
        entry = await self._find(use)
        if entry is not None:
            meter.hit(use.key)
            meter.settle()
            if meter.admission is not None:
                await meter.admission.settled()
            await _replay(exchange, entry, meter.facts())
            return
        if not use.write:
            await ask(exchange)
            return
        recorder = Recorder(exchange, self._caching.max_entry_bytes)
        await ask(recorder)
        # Another model's answer, which stood in for the one that was asked, is not its answer.
        if meter.went_well and not meter.fallbacks and (found := recorder.entry(self._clock())) is not None:
            self._store.put(use.key, found, use.life)

    async def _find(self, use: Use) -> Entry | None:
        entry = await self._store.get(use.key) if use.read else None
        if entry is None or (use.oldest is not None and self._clock() - entry.stored_at > use.oldest):
            return None
        return entry


async def _replay(sink: Sink, entry: Entry, facts: Facts) -> None:
    headers = [(b"content-type", entry.content_type.encode())]
    if not entry.streamed:
        await sink.reply(200, headers, entry.body, facts)
        return
    await sink.begin(200, headers, facts)
    await sink.send(entry.body)
    await sink.end()


def _is_lasting(asked: Body) -> bool:
    if not isinstance(asked, Prepared):
        return False
    return any(bytes(asked.members[name]) not in NOT_ASKED for name in LASTING if name in asked.members)
