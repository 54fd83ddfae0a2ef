"""The outermost ASGI callable: the model API before the router, everything else through it."""

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.web.model_api.routes import ModelApi


class Edge:
    """One dict look-up decides; no middleware stands on the hot path.

    `direct` and `identity` are for the door that does without ASGI (web.model_api.door).
    """

    def __init__(
        self,
        api: ModelApi,
        router: ASGIApp,
        start: Callable[[], Awaitable[None]],
        stop: Callable[[], Awaitable[None]],
    ) -> None:
        self._find = api.route
        self.direct = api.direct
        self.identity = api.identity
        self._router = router
        self._start = start
        self._stop = stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            handler = self._find(scope["method"], scope["path"])
            if handler is not None:
                await handler(scope, receive, send)
            else:
                await self._router(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})
