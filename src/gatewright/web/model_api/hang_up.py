"""Notices that the client hung up while its answer is still being made."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any

from gatewright.gateway.exchange import ClientGone

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

GRACE = 0.02
"""Seconds after which we begin to look: a task for every request costs 3 us, a timer that is cancelled nothing."""


class UntilHangUp:
    """A block that is cancelled when the client hangs up; it raises ClientGone then.

    A cancellation that comes from elsewhere stays one: the task's count of cancellations tells (as asyncio.timeout).
    """

    __slots__ = ("_before", "_gone", "_receive", "_task", "_timer", "_watcher")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (an ASGI server runs applications in tasks)
        self._task = task
        self._before = task.cancelling()
        self._timer = asyncio.get_running_loop().call_later(GRACE, self._begin)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._gone and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise ClientGone from error

    def _begin(self) -> None:
        self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._task.cancel()
