"""The words of messages: no name in them becomes markup, and the link is where it belongs."""

import html
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.clock import DAY, HOUR, MINUTE
from gatewright.idp.mail import letters
from gatewright.idp.mail.letters import Letter, lasting


class Tags(HTMLParser):
    """The elements of a message, the attributes of its links, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[Any] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += attrs if tag == "a" else []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@given(name=st.text(min_size=1), path=st.text(alphabet="abc/?=&\"'<>.1"))
def test_no_name_becomes_markup(name: str, path: str) -> None:
    writer = letters.Writer("https://llm.example.com")
    letter = writer.recovery(name, f"/{path}", HOUR, asked=True)
    found = Tags(letters.html(letter))
    assert found.tags == ["html", "head", "meta", "title", "body", "p", "p", "a", "p", "p"]
    assert found.attributes == [("href", f"https://llm.example.com/{path}")]
    assert html.escape(name) in letters.html(letter)
    assert f"https://llm.example.com/{path}" in letters.plain(letter).split("\n\n")


def test_a_letter_without_a_link_has_none() -> None:
    assert "href" not in letters.html(Letter("S", ("One", "Two")))
    assert letters.plain(Letter("S", ("One", "Two"))) == "One\n\nTwo\n"


@pytest.mark.parametrize(
    ("life", "words"),
    [(MINUTE, "1 minute"), (90 * MINUTE, "90 minutes"), (HOUR, "1 hour"), (7 * DAY, "7 days"), (HOUR + 1, "1 hour")],
)
def test_how_long_a_link_works_is_said(life: int, words: str) -> None:
    assert lasting(life) == words
