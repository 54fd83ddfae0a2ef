"""The words of every message. A letter becomes plain text and simple HTML, in which everything is escaped."""

from enum import StrEnum
from html import escape
from urllib.parse import urlsplit

import msgspec

from gatewright.domain.clock import DAY, HOUR, MINUTE, Millis, iso

PRODUCT = "Gatewright"
UNITS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))


class Letter(msgspec.Struct, frozen=True):
    """`link` stands in a paragraph of its own, after the first one; `action` is what it does, in a few words."""

    subject: str
    paragraphs: tuple[str, ...]
    link: str | None = None
    action: str = ""

    def __repr__(self) -> str:
        return f"Letter({self.subject!r})"


class Notice(StrEnum):
    """What somebody is told after it was done."""

    PASSWORD = "notice.password"
    FACTOR_ADDED = "notice.factor_added"
    FACTOR_REMOVED = "notice.factor_removed"
    FACTORS_RESET = "notice.factors_reset"


DONE = {
    Notice.PASSWORD: ("Your password was changed", "The password of {name} was changed"),
    Notice.FACTOR_ADDED: ("A second factor was added", "A second factor was added to {name}"),
    Notice.FACTOR_REMOVED: ("A second factor was removed", "A second factor of {name} was removed"),
    Notice.FACTORS_RESET: ("Your second factors were reset", "An administrator reset the second factors of {name}"),
}


class Writer:
    """Writes for one installation. `base_url` is the configured one: no link ever comes from a request (8.35)."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._place = f"{PRODUCT} at {urlsplit(base_url).netloc}"

    def link(self, path: str) -> str:
        return self._base_url + path

    def recovery(self, username: str, path: str, life: Millis, *, asked: bool) -> Letter:
        """A new password. `asked`: by whoever filled in the form, else by an administrator."""
        who = "Somebody, perhaps you, asked" if asked else "An administrator asked"
        return Letter(
            f"Set a new password for {self._place}",
            (
                f"{who} for a new password for the account {username} on {self._place}.",
                f"The link works once, for {lasting(life)}. Wherever you are signed in, you will be signed out.",
                "If you do not want a new password, do nothing: the old one stays. Tell nobody the link.",
            ),
            self.link(path),
            "Set a new password",
        )

    def invitation(self, path: str, life: Millis, *, once: bool) -> Letter:
        works = "works once, and" if once else "works"
        return Letter(
            f"You are invited to {self._place}",
            (
                f"You are invited to make an account on {self._place}.",
                f"The link {works} for {lasting(life)}. If you expected no invitation, ignore this message.",
            ),
            self.link(path),
            "Make your account",
        )

    def verification(self, username: str, path: str, life: Millis) -> Letter:
        return Letter(
            f"Confirm your e-mail address for {self._place}",
            (
                f"Confirm that this is the e-mail address of the account {username} on {self._place}.",
                f"The link works once, for {lasting(life)}. If this account is not yours, ignore this message.",
            ),
            self.link(path),
            "Confirm the address",
        )

    def notice(self, what: Notice, username: str, at: Millis, address: str | None) -> Letter:
        subject, done = DONE[what]
        where = f", from the address {address}" if address else ""
        when = iso(at).replace("T", " ")[:16]
        return Letter(
            f"{subject}: {self._place}",
            (
                f"{done.format(name=username)} on {self._place} ({when} UTC{where}).",
                "If that was you, or you asked for it, there is nothing to do.",
                "If not, tell an administrator at once, and set a new password.",
            ),
        )

    def test(self) -> Letter:
        return Letter(
            f"A test message from {self._place}",
            (f"E-mail from {self._place} arrives. There is nothing to do.",),
        )


def lasting(life: Millis) -> str:
    """`an hour`-like words in digits: the largest unit that loses nothing."""
    for unit, name in UNITS:
        if life >= unit and life % unit == 0:
            count = life // unit
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return lasting(max(MINUTE, life // MINUTE * MINUTE))


def plain(letter: Letter) -> str:
    """The letter as text, its link on a line of its own."""
    parts = list(letter.paragraphs)
    if letter.link is not None:
        parts.insert(1, letter.link)
    return "\n\n".join(parts) + "\n"


def html(letter: Letter) -> str:
    """The letter as HTML: no image, no style, no script, nothing from elsewhere."""
    parts = [f"<p>{escape(one)}</p>" for one in letter.paragraphs]
    if letter.link is not None:
        parts.insert(1, f'<p><a href="{escape(letter.link)}">{escape(letter.action)}</a></p>')
    head = f'<head><meta charset="utf-8"><title>{escape(letter.subject)}</title></head>'
    return f'<!doctype html>\n<html lang="en">{head}<body>{"".join(parts)}</body></html>\n'
