"""A real Chromium for journeys, and what every page must hold: no CSP report, no script error, no axe violation."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

EVERY_RULE: dict[str, Any] = {}
# By name: asking for all of their category would also bring AAA's contrast of 7:1.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# Chromium writes its own line about every answer with an error status.
EXPECTED = "Failed to load resource: the server responded with a status of 4"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def chromium_path() -> str | None:
    """Debian's Chromium, None when it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def launched(*flags: str) -> Iterator[Browser]:
    """One browser process, with further flags."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *flags])
        yield browser
        browser.close()


class Tab:
    """A page that remembers every complaint of the browser about what came from `url`."""

    def __init__(self, browser: Browser, scheme: str, url: str) -> None:
        self._url = url
        # A colour that is just fading in has any contrast: without motion the page is judged as it comes to rest.
        self.context = browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
        )
        self.complaints: list[str] = []
        self.page = self.context.new_page()
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page.set_default_timeout(15_000)

    def _console(self, message: ConsoleMessage) -> None:
        # Another provider's page may complain as it likes.
        ours = message.location["url"].startswith(self._url)
        if ours and message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.complaints.append(message.text)

    def check(self) -> None:
        """Fails on any complaint so far and on any accessibility violation of the page as it stands."""
        self._judge(EVERY_RULE)

    def look(self) -> None:
        """`check` in the dark scheme, and again in the light one, in which the page stays.

        A scheme changes the values of colours and nothing else, so the second time the rules about colours are enough.
        """
        self.page.emulate_media(color_scheme="dark")
        self._judge(EVERY_RULE)
        self.page.emulate_media(color_scheme="light")
        self._judge(COLOURS)

    def _judge(self, rules: dict[str, Any]) -> None:
        assert self.complaints == []
        # A page that is still being replaced has no document to judge.
        self.page.wait_for_load_state("networkidle")
        results = Axe().run(self.page, options={"resultTypes": ["violations"], **rules})
        assert results.violations_count == 0, f"{self.page.url}\n{results.generate_report()}"

    def close(self) -> None:
        self.context.close()


def sign_in(page: Page, name: str, password: str) -> None:
    """Fills in the embedded provider's form."""
    page.get_by_label("Email or username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
