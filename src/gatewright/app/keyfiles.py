"""Keys that were not configured are generated once into the data directory, readable by the owner alone."""

import os
import secrets
from pathlib import Path

import msgspec

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.schema import Settings
from gatewright.storage.database import database_url

MASTER_KEY_FILE = "master-key"
SALT_KEY_FILE = "salt-key"


def with_keys(settings: Settings) -> Settings:
    """The settings with master key and salt key filled in. Raises SettingInvalid as `check_keys` does."""
    check_keys(settings)
    private_folder(settings.data_dir)
    salt = settings.salt_key or settings.master_key or generated(settings.data_dir / SALT_KEY_FILE)
    master = settings.master_key or generated(settings.data_dir / MASTER_KEY_FILE)
    return msgspec.structs.replace(settings, salt_key=salt, master_key=master)


def check_keys(settings: Settings) -> None:
    """Raises SettingInvalid for a database that cannot be meant, and on PostgreSQL with neither key.

    Replicas must share the key, and a file on one machine is none.
    """
    # Read before the keys: what is wrong with the database is to be said first.
    is_shared = database_url(settings.database_url, settings.data_dir).get_backend_name() == "postgresql"
    if settings.salt_key is None and settings.master_key is None and is_shared:
        raise SettingInvalid(
            "LITELLM_SALT_KEY",
            source="environment",
            problem="neither it nor LITELLM_MASTER_KEY is set, and the database is PostgreSQL, which replicas share",
            fix="Set LITELLM_SALT_KEY to the same random value everywhere: echo sk-$(openssl rand -hex 24)",
        )


def private_folder(folder: Path) -> None:
    """Makes the folder, for the owner alone. Raises SettingInvalid when that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingInvalid(
            "GATEWRIGHT_DATA_DIR",
            source="environment",
            problem=f"the folder {folder} cannot be made ({error.strerror})",
            fix="Name a folder that this user may write to",
        ) from error


def generated(path: Path) -> str:
    """The key in the file, made when there is no file. Safe when two processes start at the same time."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingInvalid(
            "GATEWRIGHT_DATA_DIR",
            source="environment",
            problem=f"{path} cannot be written ({error.strerror})",
            fix="Name a folder that this user may write to",
        ) from error
    key = "sk-" + secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def write_private(path: Path, text: str) -> None:
    """Writes a file that only the owner can read, over an earlier one."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
