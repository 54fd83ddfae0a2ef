"""The credential file: who may read it, what survives, and that a damaged one is said to be damaged."""

import json
import multiprocessing
import stat
from pathlib import Path

import pytest

from gatewright.cli.credentials import Credential, Store
from gatewright.cli.errors import CommandError

A = Credential("https://a.example", "sk-a", "jane", None, 1, None)
B = Credential("https://b.example", "sk-b", "jane", "team", 2, 99)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "state" / "gatewright"))


def test_each_server_has_its_entry(store: Store) -> None:
    store.save(A)
    store.save(B)

    assert store.find("https://a.example") == A
    assert store.find("https://b.example") == B
    assert store.find("https://c.example") is None
    assert store.last_server() == "https://b.example"


@pytest.mark.parametrize("near", ["http://a.example", "https://a.example:8443", "https://a.example.evil", ""])
def test_an_origin_that_is_only_similar_finds_nothing(store: Store, near: str) -> None:
    store.save(A)
    assert store.find(near) is None


def test_only_the_owner_may_read(store: Store) -> None:
    store.save(A)
    assert mode(Path(store.folder)) == 0o700
    assert mode(Path(store.path)) == 0o600


def test_an_open_folder_and_file_are_closed_on_the_next_write(store: Store) -> None:
    store.save(A)
    Path(store.folder).chmod(0o755)
    Path(store.path).chmod(0o644)
    stale = Path(f"{store.path}.new")
    stale.write_text("left by a killed process")
    stale.chmod(0o666)

    store.save(B)

    assert mode(Path(store.folder)) == 0o700
    assert mode(Path(store.path)) == 0o600
    assert not stale.exists()


def test_forgetting_keeps_a_newer_sign_in_and_the_server(store: Store) -> None:
    store.save(A)
    store.save(A._replace(key="sk-newer"))
    store.forget(A)
    newer = store.find(A.server)
    assert newer is not None
    assert newer.key == "sk-newer"

    store.forget(newer)
    assert store.find(A.server) is None
    assert store.last_server() == A.server


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"version": 1}',
        '{"version": 2, "servers": {}}',
        '{"version": 1, "servers": {"https://a.example": "sk"}}',
        '{"version": 1, "servers": {"https://a.example": {"key": 1, "created_at": 1, "expires_at": null}}}',
    ],
)
def test_a_damaged_file_is_named(store: Store, content: str) -> None:
    store.prepare()
    Path(store.path).write_text(content)
    with pytest.raises(CommandError, match="damaged") as damaged:
        store.find("https://a.example")
    assert "gatewright login" in (damaged.value.hint or "")


def test_a_place_that_cannot_hold_it_is_named(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(CommandError, match="Cannot use"):
        Store(str(blocker / "gatewright")).prepare()


def _save_many(folder: str, name: str) -> None:
    for number in range(20):
        Store(folder).save(Credential(f"https://{name}{number}.example", "sk", None, None, 1, None))


def test_parallel_sign_ins_lose_nothing(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_save_many, args=(store.folder, name)) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    assert len(json.loads(Path(store.path).read_text())["servers"]) == 40


def test_no_text_form_shows_the_secret() -> None:
    assert "sk-a" not in repr(A)
    assert "sk-a" not in str(A)
