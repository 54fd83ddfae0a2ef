"""A person at a browser without script: follows redirects, fills in the form of the page, keeps cookies."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2


class Form(HTMLParser):
    """The first form of a page: where it goes and what it holds already."""

    def __init__(self, page: httpx2.Response) -> None:
        super().__init__()
        self.page = page
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self._over = False
        self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if self._over:
            return
        if tag == "form":
            self.action = urljoin(str(self.page.url), found.get("action") or "")
        elif tag == "input" and (name := found.get("name")):
            self.fields[name] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._over = self._over or tag == "form"


class Person:
    """One browser of one person."""

    def __init__(self, name: str, password: str) -> None:
        self.name, self.password = name, password
        self.http = httpx2.Client(timeout=30)

    def open(self, url: str, until: str | None = None) -> httpx2.Response:
        """Loads a page. Stops before a redirect to an address that starts with `until`, which is a client's."""
        return self._follow(self.http.get(url), until)

    def submit(self, page: httpx2.Response, until: str | None = None, **fields: str) -> httpx2.Response:
        """Fills in the page's form and sends it."""
        form = Form(page)
        assert form.action is not None, page.text
        assert fields.keys() <= form.fields.keys(), form.fields
        return self._follow(self.http.post(form.action, data={**form.fields, **fields}), until)

    def sign_in(self, url: str, until: str | None = None) -> httpx2.Response:
        """Opens a page that asks for the sign-in, and signs in."""
        return self.submit(self.open(url, until), until, name=self.name, password=self.password)

    def __enter__(self) -> "Person":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def _follow(self, answer: httpx2.Response, until: str | None) -> httpx2.Response:
        for _ in range(10):
            target = answer.headers.get("location")
            if target is None or (until is not None and target.startswith(until)):
                return answer
            answer = self.http.get(urljoin(str(answer.url), target))
        raise AssertionError(f"more than ten redirects, the last to {answer.url}")
