"""A gateway without its dashboard, and ways to call its model API: as an ASGI callable, or over a real socket."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast

import msgspec
import uvicorn
from tests.unit.upstreams.server import Talk
from tests.unit.web.model_api import direct

from gatewright.accounts.keys import KeyRing, Keys, NewKey
from gatewright.app import clock
from gatewright.domain.money import Price
from gatewright.domain.people import Origin
from gatewright.gateway.attempts import World
from gatewright.gateway.cache.cache import Cache
from gatewright.gateway.cache.memory import MemoryStore
from gatewright.gateway.chat import Chat, Gates
from gatewright.gateway.deployments import Deployments
from gatewright.gateway.limits.limiter import Limiter
from gatewright.gateway.limits.memory import MemoryCounters
from gatewright.settings.load import load
from gatewright.settings.schema import ModelEntry, Settings
from gatewright.spend.ledger import Ledger
from gatewright.storage.database import Database
from gatewright.storage.tables import spend_log
from gatewright.upstreams.client import Client
from gatewright.web.bounded import BoundedProtocol
from gatewright.web.connections import USUAL, Bounds, Watch
from gatewright.web.model_api.door import DirectProtocol
from gatewright.web.model_api.routes import ModelApi

MASTER = "sk-master-of-these-tests"
PRICE = Price(input=2_000_000_000, output=8_000_000_000)
ASK = {"model": "chat", "messages": [{"role": "user", "content": "Hello"}]}
USAGE = b'{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}'
ANSWER = b'{"id":"c1",  "object":"chat.completion","model":"gpt-x","choices":[],"x":1.0,"usage":' + USAGE + b"}"
FIRST = b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"Hel"}}],"usage":null}\n\n'
SECOND = b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}],"usage":null}\n\n'
USED = b'data: {"id":"c1","choices":[],"usage":' + USAGE + b"}\n\n"
DONE = b"data: [DONE]\n\n"


def model(port: int, name: str = "chat", **changes: Any) -> ModelEntry:
    """An entry of the config file whose provider listens on that port."""
    entry = ModelEntry(
        name=name,
        provider="openai",
        upstream_model="gpt-x",
        api_base=f"http://127.0.0.1:{port}/v1",
        api_key="sk-provider-secret",
        id=f"{name}-{port}",
        price=PRICE,
    )
    return msgspec.structs.replace(entry, **changes)


def settings(tmp_path: Path, models: Sequence[ModelEntry] = (), **changes: Any) -> Settings:
    loaded = load({}, {"GATEWRIGHT_DATA_DIR": str(tmp_path), "LITELLM_MASTER_KEY": MASTER})
    return msgspec.structs.replace(loaded, models=tuple(models), **changes)


class Got:
    """An answer. `pieces` are the body's messages as they were sent; `gone` makes the client hang up."""

    def __init__(self) -> None:
        self.status = 0
        self.raw_headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.ended = False
        self.gone = asyncio.Event()
        self.began = asyncio.Event()

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.raw_headers}

    @property
    def error(self) -> dict[str, Any]:
        """The error object, which has OpenAI's four members and no other."""
        found: dict[str, Any] = json.loads(self.body)["error"]
        assert set(found) == {"message", "type", "param", "code"}
        return found


class Gateway:
    """The parts of one worker's model API. `door` is the one that calls go through, `asgi` or `direct`.

    `later` is how far its steady clock is ahead; a pause before a retry is noted in `slept` and puts it forward.
    """

    door = "asgi"

    def __init__(self, db: Database, configured: Settings) -> None:
        self.db = db
        self.settings = configured
        self.ring = KeyRing(db, MASTER)
        self.deployments = Deployments(db, configured)
        self.ledger = Ledger(db, configured.data_dir / "journal")
        self.client = Client()
        self.slept: list[float] = []
        self.later = 0.0
        self.sleep: Callable[[float], Awaitable[None]] = self._sleep
        world = World(lambda s: self.sleep(s), Random(7).random, lambda: time.monotonic() + self.later)
        self.limiter = Limiter(MemoryCounters(clock.ticks), clock.now, overall=configured.max_parallel_requests)
        caching = configured.caching
        self.store = MemoryStore(clock.now, caching.max_entries)
        self.cache = Cache(self.store, caching, clock.now) if caching.enabled else None
        gates = Gates(self.limiter, self.cache)
        chat = Chat(self.ring, self.deployments, self.client, self.ledger, clock.now, world, gates=gates)
        self.api = ModelApi(chat, self.ring, self.deployments, max_request_bytes=configured.max_request_bytes)
        self.key = MASTER

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.later += seconds

    async def new_key(self, **changes: Any) -> str:
        new = NewKey(**{"alias": None, "owner": None, **changes})
        secret, _ = await Keys(self.db).create(new, actor="tests", origin=Origin())
        return secret

    async def chat(self, ask: Any = ASK, *, got: Got | None = None, **options: Any) -> Got:
        """A chat completion; `ask` is the body, as bytes or as what becomes JSON."""
        body = ask if isinstance(ask, bytes) else json.dumps(ask).encode()
        return await self.call("POST", "/v1/chat/completions", body, got=got, **options)

    async def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: dict[str, str] | None = None,
        got: Got | None = None,
        parts: int = 1,
        take: Callable[[], Awaitable[object]] | None = None,
    ) -> Got:
        """One request; with the master key unless `headers` are given. The body comes in so many `parts`.

        `take` is awaited before a piece of the answer counts as sent.
        """
        got = got or Got()
        sent = {"authorization": f"Bearer {self.key}"} if headers is None else headers
        if Gateway.door == "direct" and take is None:
            head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
            request = f"{method} {path} HTTP/1.1\r\nhost: gateway\r\n{head}".encode("latin-1")
            await direct.call(self.api, got, request, body, parts=parts)
            return got
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 5555),
        }
        size = max(1, -(-len(body) // parts))
        pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        messages = iter(
            {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
            for number, piece in enumerate(pieces, 1)
        )

        async def receive() -> dict[str, Any]:
            if (message := next(messages, None)) is not None:
                return message
            await got.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                assert not got.status
                got.status, got.raw_headers = message["status"], message["headers"]
                return
            assert got.status
            assert not got.ended
            if take is not None:
                await take()
            if message["body"]:
                got.pieces.append(message["body"])
                got.began.set()
            got.ended = not message["more_body"]

        handler = self.api.route(method, path)
        assert handler is not None
        await handler(scope, receive, send)
        return got

    async def records(self) -> list[dict[str, Any]]:
        """The spend log, oldest first."""
        await self.ledger.flush()
        async with self.db.read() as tx:
            rows = await tx.execute(spend_log.select().order_by(spend_log.c.request_id))
            return [dict(row._mapping) for row in rows]

    async def record(self) -> dict[str, Any]:
        """The one record."""
        (found,) = await self.records()
        return found

    @asynccontextmanager
    async def served(self, bounds: Bounds = USUAL) -> AsyncIterator[str]:
        """The base URL of the model API behind a real uvicorn on loopback."""
        kind = BoundedProtocol if Gateway.door == "asgi" else DirectProtocol
        server = uvicorn.Server(
            uvicorn.Config(
                self._app if Gateway.door == "asgi" else direct.edge(self.api),
                port=0,
                log_level="warning",
                lifespan="off",
                http=cast("type[asyncio.Protocol]", partial(kind, watch=Watch(bounds))),
                interface="asgi3",
                proxy_headers=False,
                timeout_graceful_shutdown=2,
            )
        )
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup()
        ticking = asyncio.create_task(server.main_loop())
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.should_exit = True
            await ticking
            await server.shutdown()

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        handler = self.api.route(scope["method"], scope["path"])
        assert handler is not None
        await handler(scope, receive, send)


@asynccontextmanager
async def gateway(db: Database, tmp_path: Path, *models: ModelEntry, **changes: Any) -> AsyncIterator[Gateway]:
    """A gateway with these models in its config file."""
    made = Gateway(db, settings(tmp_path, models, **changes))
    await made.deployments.refresh()
    try:
        yield made
    finally:
        await made.client.aclose()
        await made.ledger.stop()


class Provider:
    """A script for `upstreams.server.Upstream`: records requests, answers each with the next of `answers`."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []

    async def __call__(self, talk: Talk) -> None:
        while True:
            head, _, body = (await talk.request()).partition(b"\r\n\r\n")
            self.heads.append(head)
            self.bodies.append(body)
            await talk.say(self.answers[min(len(self.bodies), len(self.answers)) - 1])


def answer(
    body: bytes = ANSWER, status: str = "200 OK", headers: str = "", content_type: str = "application/json"
) -> bytes:
    """A complete answer of a provider."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(*events: bytes) -> bytes:
    """One chunk of a stream's transfer coding."""
    data = b"".join(events)
    return b"%x\r\n%b\r\n" % (len(data), data)


STREAM = STREAM_HEAD + chunk(FIRST) + chunk(SECOND) + chunk(USED, DONE) + b"0\r\n\r\n"
