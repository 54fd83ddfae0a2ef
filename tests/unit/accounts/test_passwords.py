"""What a guess costs whoever stole the hashes. Tests of other things use a cheaper hasher."""

from pathlib import Path

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from tests.passwords import quick_passwords

from gatewright.app.first_start import new_passwords
from gatewright.settings.load import load

pytestmark = pytest.mark.anyio


async def test_a_server_hashes_as_rfc_9106_recommends(tmp_path: Path) -> None:
    stored = await new_passwords(load({}, {"GATEWRIGHT_DATA_DIR": str(tmp_path)})).hash("correct horse battery")

    assert extract_parameters(stored) == RFC_9106_LOW_MEMORY


async def test_only_the_password_fits_its_hash() -> None:
    passwords = quick_passwords()
    stored = await passwords.hash("correct horse battery")

    assert await passwords.matches("correct horse battery", stored)
    assert not await passwords.matches("correct horse batterY", stored)
    assert not await passwords.matches("correct horse battery", None)
    assert not await passwords.matches("correct horse battery", "no hash")
