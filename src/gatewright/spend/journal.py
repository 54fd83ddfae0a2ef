"""The spend journal: append-only files that hold what is settled until the database has it.

A record is in the kernel's hands when `append` or `write` returns, so a process killed a moment later has lost
nothing; a power failure may take the last seconds. A file is locked (flock) by the worker that writes it. One without
a lock was left by a dead worker, and whoever locks it first brings it in.
"""

import contextlib
import errno
import fcntl
import logging
import os
import secrets
from collections.abc import Generator, Sequence
from itertools import count, islice
from pathlib import Path

import msgspec

from gatewright.storage.spend_log import SpendRow

SUFFIX = ".jsonl"
MOST_KEPT = 8_000
"""Records of one file that are remembered too, so that it need not be read: about 4 MB. Then it is."""

logger = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(SpendRow)


class Segment:
    """One locked file. `rows` counts the records that are not in the database; `damaged` the lines that are none.

    `kept` are the records of a file that this worker wrote; None for another's, and when there are too many.
    """

    __slots__ = ("_read_to", "damaged", "fd", "kept", "path", "rows")

    def __init__(self, path: Path, fd: int, rows: int = 0, kept: list[SpendRow] | None = None) -> None:
        self.path = path
        self.fd = fd
        self.rows = rows
        self.damaged = 0
        self.kept = kept
        self._read_to = 0

    def add(self, rows: Sequence[SpendRow]) -> None:
        """Records that were just written."""
        self.rows += len(rows)
        if self.kept is not None:
            self.kept.extend(rows)
            if len(self.kept) > MOST_KEPT:
                self.kept = None

    def batches(self, size: int) -> Generator[list[SpendRow], None, None]:
        """The records in lists of at most `size`, each counted as done once the next one is asked for.

        A new iteration goes on after the last list that was done. A torn last line is no record.
        """
        if self.kept is None:
            yield from self._from_file(size)
            return
        while batch := self.kept[:size]:
            yield batch
            del self.kept[: len(batch)]
            self.rows -= len(batch)

    def _from_file(self, size: int) -> Generator[list[SpendRow], None, None]:
        with self.path.open("rb") as file:
            file.seek(self._read_to)
            while lines := list(islice(file, size)):
                done = file.tell()
                batch = self._records(lines)
                if batch:
                    yield batch
                self._advance(len(batch), done)

    def _records(self, lines: Sequence[bytes]) -> list[SpendRow]:
        try:
            return _decoder.decode_lines(b"".join(lines))
        except msgspec.DecodeError:
            return [row for line in lines if (row := self._record(line)) is not None]

    def _record(self, line: bytes) -> SpendRow | None:
        try:
            return _decoder.decode(line)
        except msgspec.DecodeError:
            if line.endswith(b"\n"):
                self.damaged += 1
                logger.error("a line of the spend journal %s is damaged; the file is kept", self.path.name)
            return None

    def _advance(self, rows: int, read_to: int) -> None:
        self.rows = max(0, self.rows - rows)
        self._read_to = read_to


class Journal:
    """This worker's files. `sealed` are complete and wait for the database, oldest first."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._prefix = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._numbers = count(1)
        self._current: Segment | None = None
        self.sealed: list[Segment] = []

    @property
    def rows(self) -> int:
        """Records that are not in the database."""
        return sum(segment.rows for segment in self.sealed) + (self._current.rows if self._current else 0)

    def append(self, row: SpendRow) -> None:
        """Adds one record; as `write`."""
        self.write([row], [line_of(row)])

    def write(self, rows: Sequence[SpendRow], lines: Sequence[bytes]) -> None:
        """Adds records with one write; `lines` are what `line_of` makes of each.

        Raises OSError when it could not, a full disk most likely. Some of them may be there all the same: whoever keeps
        them all elsewhere loses none, and the database takes each once.
        """
        segment = self._current
        if segment is None:
            segment = self._current = self._open()
        data = lines[0] if len(lines) == 1 else b"".join(lines)
        if os.write(segment.fd, data) != len(data):
            # The next record must not be glued to a torn one.
            self.seal()
            raise OSError(errno.ENOSPC, "the records were written in part only", str(segment.path))
        segment.add(rows)

    def seal(self) -> Segment | None:
        """Ends the file that is being written; None when there is none."""
        segment, self._current = self._current, None
        if segment is not None:
            self.sealed.append(segment)
        return segment

    def adopt(self) -> int:
        """Takes over what dead workers left, into `sealed`; says how many files."""
        found = [segment for path in sorted(self._directory.glob(f"*{SUFFIX}")) if (segment := _lock(path))]
        self.sealed.extend(found)
        return len(found)

    def drop(self, segment: Segment) -> None:
        """Forgets a file whose records are all in the database: deleted, or renamed if lines of it are damaged."""
        self.sealed.remove(segment)
        if segment.damaged:
            segment.path.rename(segment.path.with_suffix(".damaged"))
        else:
            segment.path.unlink()
        os.close(segment.fd)

    def close(self) -> None:
        """Gives up the locks; the next worker that starts brings in what is left."""
        self.seal()
        for segment in self.sealed:
            os.close(segment.fd)
        self.sealed.clear()

    def _open(self) -> Segment:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._directory / f"{self._prefix}-{next(self._numbers):08d}{SUFFIX}"
        # Locked before it has the name that others look for, so that nobody takes it for a dead worker's.
        unnamed = path.with_suffix(".new")
        fd = os.open(unnamed, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(path)
        except OSError:
            os.close(fd)
            raise
        return Segment(path, fd, kept=[])


def line_of(row: SpendRow) -> bytes:
    """A record as a file holds it."""
    return _encode(row) + b"\n"


def _lock(path: Path) -> Segment | None:
    """The file when its worker is dead, else None."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another worker may have brought it in and deleted it between our opening and our locking.
        if os.fstat(fd).st_nlink:
            with path.open("rb") as file:
                return Segment(path, fd, sum(1 for _ in file))
    os.close(fd)
    return None
