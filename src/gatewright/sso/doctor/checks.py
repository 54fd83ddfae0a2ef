"""What a check says."""

from typing import Literal

import msgspec

Outcome = Literal["ok", "warning", "problem", "skipped"]


class Check(msgspec.Struct, frozen=True):
    """`found` is what was seen, in a sentence; `fix` what to do about it, None where there is nothing to do."""

    id: str
    title: str
    outcome: Outcome
    found: str
    fix: str | None = None


class Diagnosis(msgspec.Struct, frozen=True):
    """Every check of one source, in the order in which a sign-in needs them."""

    source: str
    label: str
    redirect_uri: str
    checks: tuple[Check, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing stands in the way of a sign-in."""
        return all(check.outcome != "problem" for check in self.checks)


def ok(name: str, title: str, found: str) -> Check:
    return Check(name, title, "ok", found)


def warning(name: str, title: str, found: str, fix: str) -> Check:
    return Check(name, title, "warning", found, fix)


def problem(name: str, title: str, found: str, fix: str) -> Check:
    return Check(name, title, "problem", found, fix)


def skipped(name: str, title: str, found: str) -> Check:
    return Check(name, title, "skipped", found)
