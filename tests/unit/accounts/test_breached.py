"""The list of breached passwords, searched where it lies, and the rules that new passwords are held to."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.accounts.breached import BreachedPasswords
from gatewright.accounts.passwords import Passwords
from gatewright.app.first_start import new_passwords
from gatewright.domain.errors import BadInput, SettingInvalid
from gatewright.settings.load import load

KNOWN = ["password123", "correct horse", "letmein1234", "пароль-пароль", "a" * 300]


def written(folder: Path, passwords: list[str], *, line: str = "{digest}:{count}", end: str = "\n") -> Path:
    digests = sorted(hashlib.sha1(one.encode(), usedforsecurity=False).hexdigest().upper() for one in passwords)
    file = folder / "breached.txt"
    file.write_text("".join(line.format(digest=one, count=i * 7 + 1) + end for i, one in enumerate(digests)))
    return file


@pytest.mark.parametrize(("line", "end"), [("{digest}:{count}", "\n"), ("{digest}", "\r\n"), ("{digest}", "\n")])
def test_every_password_of_the_list_is_found_and_no_other(tmp_path: Path, line: str, end: str) -> None:
    many = [*KNOWN, *(f"password-{i}" for i in range(500))]
    found = BreachedPasswords(written(tmp_path, many, line=line, end=end))
    assert all(one in found for one in many)
    assert not any(f"other-{i}" in found for i in range(500))


@given(known=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=30), asked=st.text(max_size=20))
def test_membership_is_that_of_a_set(tmp_path_factory: pytest.TempPathFactory, known: list[str], asked: str) -> None:
    found = BreachedPasswords(written(tmp_path_factory.mktemp("list"), known))
    assert (asked in found) is (asked in set(known))


@pytest.mark.parametrize("text", ["", "password123\n", "0123:4\n", "Z" * 40 + "\n"])
def test_another_file_stops_the_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "list.txt"
    file.write_text(text)
    with pytest.raises(SettingInvalid, match="is no list of breached passwords"):
        BreachedPasswords(file)
    with pytest.raises(SettingInvalid):
        BreachedPasswords(tmp_path / "absent.txt")


async def test_a_new_password_is_held_to_the_rules(tmp_path: Path) -> None:
    passwords = Passwords(11, BreachedPasswords(written(tmp_path, KNOWN)))
    with pytest.raises(BadInput, match="needs 11 to 1024"):
        await passwords.hash("ten chars!")
    with pytest.raises(BadInput, match="attackers try") as refused:
        await passwords.hash("correct horse")
    assert (refused.value.param, refused.value.error_code) == ("password", "password_breached")
    assert await passwords.matches("correct horse battery", await passwords.hash("correct horse battery"))


async def test_the_settings_make_the_rules(tmp_path: Path) -> None:
    file = written(tmp_path, KNOWN)
    environment = {
        "GATEWRIGHT_DATA_DIR": str(tmp_path),
        "GATEWRIGHT_PASSWORD_MIN_LENGTH": "12",
        "GATEWRIGHT_BREACHED_PASSWORDS": str(file),
    }
    passwords = new_passwords(load({}, environment))
    with pytest.raises(BadInput, match="needs 12 to"):
        await passwords.hash("eleven char")
    with pytest.raises(BadInput, match="attackers try"):
        await passwords.hash("correct horse")
