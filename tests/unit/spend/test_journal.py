"""The journal's files: written whole, adopted from the dead only, read on where the last reading was done."""

import errno
import os
from pathlib import Path

import msgspec
import pytest
from tests.unit.spend.settling import row

from gatewright.spend.journal import Journal


def ids(journal: Journal, size: int = 100) -> list[str]:
    return [found.request_id for segment in journal.sealed for batch in segment.batches(size) for found in batch]


def dead(folder: Path, *request_ids: str) -> Path:
    """A file as a dead worker leaves it."""
    journal = Journal(folder)
    for request_id in request_ids:
        journal.append(row(request_id))
    segment = journal.seal()
    assert segment is not None
    journal.close()
    return segment.path


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    written = [row("a"), row("b")]
    for record in written:
        journal.append(record)
    assert journal.rows == 2
    segment = journal.seal()
    assert segment is not None
    assert list(segment.batches(100)) == [written]
    assert journal.rows == 0
    journal.drop(segment)
    assert list((tmp_path / "journal").iterdir()) == []
    assert journal.seal() is None


def test_a_line_of_an_older_version_is_read_with_what_it_did_not_know(tmp_path: Path) -> None:
    written = row("a")
    older = msgspec.json.encode(msgspec.to_builtins(written)[:22]) + b"\n"
    path = dead(tmp_path, "b")
    path.write_bytes(older)
    journal = Journal(tmp_path)
    journal.adopt()
    assert [found for segment in journal.sealed for batch in segment.batches(10) for found in batch] == [written]
    assert journal.sealed[0].damaged == 0
    journal.close()


def test_the_files_are_private(tmp_path: Path) -> None:
    path = dead(tmp_path / "journal", "a")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_only_the_files_of_dead_workers_are_adopted(tmp_path: Path) -> None:
    dead(tmp_path, "a", "b")
    alive, other = Journal(tmp_path), Journal(tmp_path)
    alive.append(row("c"))
    assert other.adopt() == 1
    assert other.adopt() == 0
    assert other.rows == 2
    assert ids(other) == ["a", "b"]
    other.close()
    alive.close()
    assert other.adopt() == 2


def test_a_torn_last_line_is_no_record(tmp_path: Path) -> None:
    path = dead(tmp_path, "a", "b", "c")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 9)
    journal = Journal(tmp_path)
    journal.adopt()
    assert ids(journal) == ["a", "b"]
    journal.drop(journal.sealed[0])
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_a_damaged_line_is_kept(tmp_path: Path) -> None:
    path = dead(tmp_path, "a", "b", "c")
    path.write_bytes(path.read_bytes().replace(b'"b"', b"b", 1))
    journal = Journal(tmp_path)
    journal.adopt()
    assert ids(journal) == ["a", "c"]
    journal.drop(journal.sealed[0])
    assert [left.suffix for left in tmp_path.iterdir()] == [".damaged"]
    assert journal.adopt() == 0


def test_reading_goes_on_after_the_last_list_that_was_done(tmp_path: Path) -> None:
    dead(tmp_path, "a", "b", "c", "d", "e")
    journal = Journal(tmp_path)
    journal.adopt()
    batches = journal.sealed[0].batches(2)
    assert [found.request_id for found in next(batches)] == ["a", "b"]
    assert [found.request_id for found in next(batches)] == ["c", "d"]
    batches.close()
    assert journal.rows == 3
    assert ids(journal, 2) == ["c", "d", "e"]


def test_a_record_written_in_part_does_not_spoil_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.append(row("a"))
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:30]))
    with pytest.raises(OSError) as failed:
        journal.append(row("b"))
    assert failed.value.errno == errno.ENOSPC
    monkeypatch.undo()
    journal.append(row("c"))
    journal.seal()
    assert ids(journal) == ["a", "c"]
    journal.close()
