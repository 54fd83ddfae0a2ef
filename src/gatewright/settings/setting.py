"""One setting: a row of a table."""

from collections.abc import Callable
from typing import Any

import msgspec

from gatewright.settings import values


class Setting(msgspec.Struct, frozen=True):
    """Where a setting's value may come from, how it is read, and what it means.

    `env` lists the variable names and `files` the dotted keys in config.yaml; the first that is set wins, a variable
    before a key. `parse` takes text; when the setting is `structured` it takes what the file holds. A `secret` may also
    come from the file that `<NAME>_FILE` names and is never shown.
    """

    field: str
    env: tuple[str, ...]
    doc: str
    parse: Callable[[Any], Any] = values.text
    default: Any = None
    default_doc: str | None = None
    files: tuple[str, ...] = ()
    flag: str | None = None
    secret: bool = False
    structured: bool = False
