"""Writes docs/settings.md and docs/errors.md from the code. `--check` fails when they are out of date."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import gatewright
from gatewright.domain.errors import GatewrightError
from gatewright.settings.schema import GENERIC, SETTINGS, WITHOUT_EFFECT, Setting

DOCS = Path(__file__).resolve().parent.parent / "docs"
GENERATED = "<!-- Written by `make docs` from the code; edit that instead. -->\n\n"


def settings_page() -> str:
    """The page of every setting."""
    lines = [
        "# Settings",
        "",
        GENERATED + "A value comes from the flag, else the environment, else the config file (`--config`, in LiteLLM's",
        "format; its `environment_variables` may set any variable below), else the default. A variable marked *secret*",
        "may also be given as `<NAME>_FILE`, the path of a file that holds it. A value that cannot be used stops the",
        "start with the name, the source, the problem and the fix. A variable with one of our prefixes that is not",
        "listed here is reported at the start and has no effect.",
        "",
        "## Gatewright",
        "",
        *table(SETTINGS),
        "",
        "## The outside OpenID provider",
        "",
        "With `GENERIC_CLIENT_ID` set, people sign in through that provider instead of the embedded one. All of these",
        "without a default are then required.",
        "",
        *table(GENERIC),
        "",
        "## Accepted without effect",
        "",
        *(f"- `{name}`: {why}." for name, why in WITHOUT_EFFECT.items()),
        "",
    ]
    return "\n".join(lines)


def table(settings: tuple[Setting, ...]) -> Iterator[str]:
    """The rows of a table of settings."""
    yield "| variable | flag, file key | default | meaning |"
    yield "|---|---|---|---|"
    for setting in settings:
        names = "<br>".join(f"`{name}`" for name in setting.env) + (" *secret*" if setting.secret else "")
        places = "<br>".join(f"`{place}`" for place in (setting.flag, setting.file) if place) or "–"
        default = setting.default_doc or ("–" if setting.default is None else f"`{shown(setting.default)}`")
        yield f"| {names} | {places} | {default} | {setting.doc} |"


def shown(value: object) -> str:
    """A default as people write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def errors_page() -> str:
    """The page of every error class and its stable code."""
    lines = [
        "# Errors",
        "",
        GENERATED + "Every error has a stable code. The edge writes it in the dialect of the API that was called:",
        "OpenAI's error object on `/v1`, LiteLLM's on its management routes, RFC 9457 on `/api/v1`,",
        "RFC 6749 at the OAuth endpoints, a page in the browser. The header `x-request-id` is the reference",
        "that finds the error in the log.",
        "",
        "| code | status | meaning |",
        "|---|---|---|",
    ]
    rows = {(code_of(error), error.status, " ".join(error.summary.split())) for error in every_error()}
    lines += [f"| `{code}` | {status} | {summary} |" for code, status, summary in sorted(rows)]
    return "\n".join([*lines, ""])


def every_error() -> Iterator[type[GatewrightError]]:
    """Every class of the error tree, wherever it is defined."""
    for module in pkgutil.walk_packages(gatewright.__path__, "gatewright."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)
    waiting = [GatewrightError]
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        yield found


def code_of(error: type[GatewrightError]) -> str:
    """The code that callers see: the protocol's for an OAuth error, else our own."""
    return str(getattr(error, "error", error.code))


PAGES = {"settings.md": settings_page, "errors.md": errors_page}


def main(arguments: list[str]) -> int:
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if "--check" in arguments:
            stale += [name] if not path.exists() or path.read_text() != text else []
        else:
            path.write_text(text)
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run `make docs`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
