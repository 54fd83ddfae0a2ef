"""The operator's folder of blueprints, applied at every start in the order of the files' names."""

import logging
from collections.abc import Mapping
from pathlib import Path

from gatewright.domain.errors import SettingInvalid
from gatewright.idp.blueprints.apply import Blueprints, take_locks
from gatewright.idp.blueprints.file import LONGEST, BlueprintInvalid, read
from gatewright.idp.blueprints.keeping import Outcome, keep, kept_at, orphan, sources_for
from gatewright.storage.database import Database

SETTING = "GATEWRIGHT_BLUEPRINTS_DIR"
ENDINGS = (".yaml", ".yml")
logger = logging.getLogger("gatewright.idp")


class Folder:
    """The files of a folder, by their path in it. Nothing outside of it is ever opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root = path.resolve()

    def names(self) -> list[str]:
        """Every blueprint in the order in which they are applied. Hidden ones are passed over, as in Authentik."""
        found = [one for one in self.path.rglob("*") if one.suffix in ENDINGS and one.is_file()]
        parts = sorted(one.relative_to(self.path).parts for one in found)
        return ["/".join(one) for one in parts if not any(part.startswith(".") for part in one)]

    def modified(self, name: str) -> int:
        """When the file was last written, in milliseconds."""
        return int((self.path / name).stat().st_mtime * 1000)

    def text(self, name: str) -> str:
        """A blueprint's text; the caller took the name from `names`. Raises BlueprintInvalid."""
        try:
            if (self.path / name).stat().st_size > LONGEST:
                raise BlueprintInvalid(f"The blueprint is longer than {LONGEST} characters.")
            return (self.path / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BlueprintInvalid(f"The file cannot be read: {type(error).__name__}.") from error

    def file(self, name: str) -> str | None:
        """What `!File` reads: None when there is no such file. Raises ValueError for one outside of the folder."""
        try:
            file = (self._root / name).resolve()
            # Links out of the folder count as what they lead to.
            if not file.is_relative_to(self._root):
                raise ValueError("it is not in the folder of blueprints")
            if not file.is_file() or file.stat().st_size > LONGEST:
                return None
            return file.read_text("utf-8", "replace")
        except OSError as error:
            raise ValueError("it cannot be read") from error


async def apply_folder(
    db: Database, blueprints: Blueprints, folder: Folder, environment: Mapping[str, str]
) -> list[str]:
    """Applies every file; the names of those that were applied. One that says it is not to be by itself is passed over,
    and so is one that an administrator switched off.

    `!Env` reads the whole environment and `!File` the files of the folder: both are the operator's own. Raises
    SettingInvalid for a folder that is none and for the first file that cannot be applied; every cause is in the log.
    """
    if not folder.path.is_dir():
        raise SettingInvalid(
            SETTING, source="environment", problem=f"{folder.path} is not a folder", fix="Name a folder of blueprints"
        )
    names, done = folder.names(), []
    for name in names:
        try:
            if await _apply(db, blueprints, folder, name, environment):
                done.append(name)
        except BlueprintInvalid as error:
            for problem in error.problems:
                logger.error("blueprint %s: %s", name, problem)
            raise SettingInvalid(
                SETTING, source="environment", problem=f"{name}: {error.message}", fix=f"Mend {name} in {folder.path}"
            ) from error
    await orphan(db, names)
    return done


async def _apply(
    db: Database, blueprints: Blueprints, folder: Folder, name: str, environment: Mapping[str, str]
) -> bool:
    """Applies one file, unless it is not to be; what came of it is kept. Raises BlueprintInvalid."""
    present = await kept_at(db, name)
    if present is not None and not present.row.is_enabled:
        return False
    text = ""
    try:
        text = folder.text(name)
        blueprint = read(text)
        if not blueprint.is_automatic and present is None:
            return False
        given = {} if present is None else present.context
        sources = sources_for(blueprint, given, environment=environment, files=folder.file)
        async with db.write() as tx:
            warnings = await blueprints.apply_in(tx, blueprint, sources)
            await keep(db, tx, name, text, Outcome.of(blueprint, warnings))
    except BlueprintInvalid as error:
        async with db.write() as tx:
            await take_locks(tx)
            await keep(db, tx, name, text, Outcome.failed(error))
        raise
    return True
