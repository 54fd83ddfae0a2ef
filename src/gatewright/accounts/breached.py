"""Passwords that are known to attackers, from a list on this machine: nothing about a password leaves it.

The list is the one that breach services offer for download: a line a password, its SHA-1 in hexadecimal, in their
order, with `:count` behind it or without. It may be tens of gigabytes, so it is searched where it lies.
"""

import hashlib
import mmap
from pathlib import Path

from gatewright.domain.errors import SettingInvalid

DIGEST = 40
LONGEST_LINE = 80


class BreachedPasswords:
    """Searches the file at `path`. Raises SettingInvalid when it is no such list."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise _no_list(path, "it cannot be read, or is empty") from error
        if _digest(self._map[:LONGEST_LINE].split(b"\n")[0]) is None:
            raise _no_list(path, "its first line does not begin with 40 hexadecimal digits")

    def __contains__(self, password: object) -> bool:
        """Whether the list has the password: some thirty page reads in the largest list there is."""
        if not isinstance(password, str):
            return False
        # The list's own hash, which is no protection here and need be none.
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        low, high = 0, len(self._map)
        while low < high:
            middle = (low + high) // 2
            start = self._map.rfind(b"\n", 0, middle) + 1
            end = self._map.find(b"\n", middle)
            end = len(self._map) if end < 0 else end
            found = _digest(self._map[start:end])
            if found is None:
                raise _no_list(self._path, f"the line at byte {start} does not begin with 40 hexadecimal digits")
            if found == wanted:
                return True
            if found < wanted:
                low = end + 1
            else:
                high = start
        return False


def _digest(line: bytes) -> bytes | None:
    digest = line[:DIGEST].upper()
    rest = line[DIGEST : DIGEST + 1]
    is_one = len(digest) == DIGEST and all(char in b"0123456789ABCDEF" for char in digest)
    return digest if is_one and rest in (b"", b":", b"\r") else None


def _no_list(path: Path, problem: str) -> SettingInvalid:
    return SettingInvalid(
        "GATEWRIGHT_BREACHED_PASSWORDS",
        source="environment",
        problem=f"{path} is no list of breached passwords: {problem}",
        fix="Give a file with the SHA-1 of a password in hexadecimal on each line, in ascending order",
    )
