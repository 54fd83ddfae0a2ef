"""The operator's folder of blueprints, applied at every start in the order of the files' names."""

import logging
from collections.abc import Mapping
from pathlib import Path

from gatewright.domain.errors import SettingInvalid
from gatewright.idp.blueprints.apply import Blueprints, Sources
from gatewright.idp.blueprints.file import LONGEST, Blueprint, BlueprintInvalid, read
from gatewright.idp.objects.addresses import BASE_URL

SETTING = "GATEWRIGHT_BLUEPRINTS_DIR"
ENDINGS = (".yaml", ".yml")
logger = logging.getLogger("gatewright.idp")


async def apply_folder(blueprints: Blueprints, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Applies every file; the names of those that were applied. One that says it is not to be by itself is passed over.

    `!Env` reads the whole environment and `!File` the files of the folder: both are the operator's own. Raises
    SettingInvalid for a folder that is none and for the first file that cannot be applied; every cause is in the log.
    """
    done = []
    for file in _listed(folder):
        name = str(file.relative_to(folder))
        try:
            blueprint = _read(file)
            if not blueprint.is_automatic:
                continue
            sources = Sources({"base_url": BASE_URL, **blueprint.context}, environment, _Files(folder))
            await blueprints.apply(blueprint, sources)
        except BlueprintInvalid as error:
            for problem in error.problems:
                logger.error("blueprint %s: %s", name, problem)
            raise SettingInvalid(
                SETTING, source="environment", problem=f"{name}: {error.message}", fix=f"Mend {name} in {folder}"
            ) from error
        done.append(name)
    return done


def _listed(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SettingInvalid(
            SETTING, source="environment", problem=f"{folder} is not a folder", fix="Name a folder of blueprints"
        )
    return sorted(one for one in folder.rglob("*") if one.suffix in ENDINGS and one.is_file())


class _Files:
    """The texts of a folder's files, by their path in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def __call__(self, name: str) -> str | None:
        file = (self._folder / name).resolve()
        # Links out of the folder count as what they lead to.
        if not file.is_relative_to(self._folder):
            raise BlueprintInvalid(f"!File {name}: it is not in the folder of blueprints.")
        if not file.is_file() or file.stat().st_size > LONGEST:
            return None
        return file.read_text("utf-8", "replace")


def _read(file: Path) -> Blueprint:
    if file.stat().st_size > LONGEST:
        raise BlueprintInvalid(f"The blueprint is longer than {LONGEST} characters.")
    try:
        return read(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BlueprintInvalid(f"The file cannot be read: {error}") from error
