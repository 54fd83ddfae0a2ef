"""The composition root: every part by name, put together by hand. The only file that knows all rooms."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp

from gatewright.accounts.keys import KeyRing
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.sessions import Sessions
from gatewright.accounts.setup import Setup
from gatewright.app.first_start import open_database
from gatewright.app.follow import Follower
from gatewright.settings.schema import Settings
from gatewright.web.authentication import Authentication
from gatewright.web.cookies import Cookies
from gatewright.web.edge import Edge
from gatewright.web.guard import Guard
from gatewright.web.health import Health, Standing
from gatewright.web.render import Pages
from gatewright.web.routes import application
from gatewright.web.setup import SetupPage
from gatewright.web.ui import Dashboard


def build(settings: Settings) -> ASGIApp:
    """One worker's program."""
    return Program(settings).edge


class Program:
    """The parts of one worker, and their start and stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.db = open_database(settings)
        self.stopping = False
        self.ring = KeyRing(self.db, settings.master_key or "")
        self.sessions = Sessions(self.db, "gateway", settings.session_life)
        self.follower = Follower(self.db, [self.ring.apply], self._changed)
        self.jobs: list[asyncio.Task[None]] = []
        self.edge = Edge(lambda _m, _p: None, self._router(), self._start, self._stop)

    def _router(self) -> ASGIApp:
        cookies = Cookies(https=self.settings.is_https)
        pages = Pages(self.settings, cookies)
        guard = Guard(self.settings, Authentication(self.ring, self.sessions), cookies, pages)
        setup = Setup(self.db, Passwords(), break_glass=self.settings.generic is not None)
        table = [
            *Health(self.db, self._standing).routes(),
            *Dashboard(self.sessions, pages).routes(),
            *SetupPage(self.settings, setup, pages).routes(),
        ]
        return application(table, guard)

    def _standing(self) -> Standing:
        return Standing(stopping=self.stopping)

    async def _changed(self) -> None:
        """After changes were handed on."""

    async def _start(self) -> None:
        await self.follower.start()
        self.jobs = [asyncio.create_task(self.follower.run())]

    async def _stop(self) -> None:
        self.stopping = True
        for job in self.jobs:
            job.cancel()
            with suppress(asyncio.CancelledError):
                await job
        await self.db.close()
