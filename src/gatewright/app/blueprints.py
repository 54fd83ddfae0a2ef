"""`gatewright blueprint`: apply, try and export blueprints on this machine's database, as its operator."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from gatewright.app.first_start import check_salt_key, new_blueprints, new_passwords, open_database
from gatewright.app.keyfiles import check_keys, with_keys
from gatewright.domain.errors import BadInput, Unavailable
from gatewright.idp.blueprints.apply import Blueprints, Who
from gatewright.idp.blueprints.export import export as export_objects
from gatewright.idp.blueprints.file import LONGEST, BlueprintInvalid, read
from gatewright.idp.blueprints.folder import Folder
from gatewright.idp.blueprints.keeping import sources_for
from gatewright.idp.directory.acting import By
from gatewright.settings.load import load
from gatewright.settings.schema import Settings
from gatewright.storage.database import Database, database_url
from gatewright.storage.migrate import current_version
from gatewright.storage.migrations import HEAD

T = TypeVar("T")
OPERATOR = Who(By("command line"))


class Report(msgspec.Struct, frozen=True):
    """What a file came to. With problems, by line, nothing has changed."""

    name: str
    entries: int
    warnings: list[str]
    problems: list[str]


def apply(config: str | None, file: str, text: str | None, *, trial: bool) -> Report:
    """Applies the file, or the text when there is one; `trial` leaves nothing of it. Raises GatewrightError."""
    path = Path(file)
    files = Folder(path.resolve().parent).file if text is None else None
    try:
        blueprint = read(_text(path) if text is None else text)
    except BlueprintInvalid as error:
        return Report("", 0, [], list(error.problems))

    async def run(settings: Settings, _: Database, blueprints: Blueprints) -> list[str]:
        sources = sources_for(blueprint, {}, environment=settings.blueprint_environment, files=files)
        do = blueprints.check if trial else blueprints.apply
        return await do(blueprint, sources, OPERATOR)

    try:
        warnings, problems = _with_database(config, run), []
    except BlueprintInvalid as error:
        warnings, problems = [], list(error.problems)
    return Report(blueprint.name, len(blueprint.entries), warnings, problems)


def export(config: str | None, *, people: bool) -> str:
    """Our objects as a blueprint. Raises GatewrightError."""

    async def run(_: Settings, db: Database, blueprints: Blueprints) -> str:
        return await export_objects(db, blueprints, people=people)

    return _with_database(config, run)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LONGEST:
            raise BadInput(f"{path} is longer than {LONGEST} characters.")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.") from error


def _with_database(config: str | None, use: Callable[[Settings, Database, Blueprints], Awaitable[T]]) -> T:
    # As for the server: what a database leaves beside itself is this user's alone.
    os.umask(0o077)
    settings = load({"--config": config})
    check_keys(settings)
    url = database_url(settings.database_url, settings.data_dir)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise _absent(url.database or "")
    return asyncio.run(_use(with_keys(settings), use))


async def _use(settings: Settings, use: Callable[[Settings, Database, Blueprints], Awaitable[T]]) -> T:
    db = open_database(settings)
    try:
        version = await current_version(db)
        if version is None:
            raise _absent("the database")
        if version != HEAD:
            raise Unavailable(
                f"The database has the schema {version}, and this program works with {HEAD}.",
                hint="Start the server of this version first; it brings the database up to date.",
                code="schema_version",
            )
        await check_salt_key(db)
        return await use(settings, db, new_blueprints(settings, db, new_passwords(settings)))
    finally:
        await db.close()


def _absent(where: str) -> Unavailable:
    return Unavailable(
        f"There is no installation at {where}.",
        hint="Start the server once, or set GATEWRIGHT_DATA_DIR or DATABASE_URL as it has them.",
        code="no_installation",
    )
