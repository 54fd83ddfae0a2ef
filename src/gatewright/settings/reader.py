"""The three sources of values: flag, environment, config.yaml; and what was used of them."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.file import ConfigFile, read_config
from gatewright.settings.findings import Finding, Kind
from gatewright.settings.setting import Setting

T = TypeVar("T")

REFERENCE = "os.environ/"
MAPPINGS = (
    *("environment_variables", "general_settings", "litellm_settings", "router_settings"),
    *("litellm_settings.cache_params", "router_settings.default_litellm_params"),
    "general_settings.litellm_jwtauth",
    *("litellm_settings.default_internal_user_params", "litellm_settings.default_team_params"),
)
"""The parts of the file that are mappings or nothing."""
ENVIRONMENT = "environment"


class Reader:
    """`errors` and `findings` gather what is wrong, so that one look finds all of it. `used` are the variables read."""

    def __init__(self, flags: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self.flags = flags
        self.environ = environ
        self.errors: list[SettingInvalid] = []
        self.findings: list[Finding] = []
        self.used: set[str] = set()
        self.declared: dict[str, str] = {}
        self._resolved: set[str] = set()
        config = flags.get("--config") or environ.get("GATEWRIGHT_CONFIG")
        self.file = ConfigFile()
        if config:
            self.attempt(lambda: self._open(Path(config)), None)

    def _open(self, path: Path) -> None:
        self.file = read_config(path)
        self.findings += self.file.findings
        for name in MAPPINGS:
            self.attempt(partial(self._check, name), None)
        for name, value in self.section("environment_variables").items():
            if value is not None:
                found = self.resolve(value, f"environment_variables.{name}")
                self.declared[name] = str(found).lower() if isinstance(found, bool) else str(found)

    def attempt(self, read: Callable[[], T], otherwise: T) -> T:
        """What it answers; when it raises SettingInvalid, that is kept and `otherwise` answered."""
        try:
            return read()
        except SettingInvalid as error:
            self.errors.append(error)
            return otherwise

    def warn(self, kind: Kind, name: str, text: str) -> None:
        """A finding about a key of the file."""
        self.findings.append(Finding(kind, name, text, self.file.source(name)))

    def wrong(self, name: str, problem: str, fix: str) -> SettingInvalid:
        """The error of a key of the file, for the caller to raise."""
        return SettingInvalid(name, source=self.file.source(name), problem=problem, fix=fix)

    def part(self, name: str) -> Any:
        """What stands in the file under a dotted name, None when nothing does."""
        found: Any = self.file.content
        for one in name.split("."):
            found = found.get(one) if isinstance(found, dict) else None
        return found

    def section(self, name: str) -> dict[str, Any]:
        """A mapping of the file (`litellm_settings.cache_params`), empty when it is not there."""
        found = self.part(name)
        return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}

    def _check(self, name: str) -> None:
        found = self.part(name)
        if found is not None and not isinstance(found, dict):
            raise self.wrong(name, "it is not a mapping", "Write `name: value` below it")

    def variable(self, name: str) -> str | None:
        """An environment variable, else the config file's `environment_variables`; empty text counts as unset."""
        self.used.add(name)
        return self.environ.get(name) or self.declared.get(name) or None

    def table(self, settings: tuple[Setting, ...]) -> dict[str, Any]:
        """The values of a table, by field."""
        return {one.field: self.value(one) for one in settings}

    def value(self, setting: Setting) -> Any:
        """The parsed value of a setting, its default when it is set nowhere."""
        return self.attempt(lambda: self._value(setting), setting.default)

    def _value(self, setting: Setting) -> Any:
        raw, name, source = self.find(setting)
        return setting.default if raw is None else self.parsed(setting.parse, raw, name, source)

    def parsed(self, parse: Callable[[Any], T], raw: Any, name: str, source: str | None = None) -> T:
        """What a parser makes of a value. Raises SettingInvalid naming it, or the part of it that is wrong."""
        try:
            return parse(raw)
        except ValueError as error:
            problem, _, fix = self._masked(str(error)).partition(" | ")
            name += getattr(error, "at", "")
            raise SettingInvalid(
                name, source=source or self.file.source(name), problem=problem, fix=fix or "Correct it"
            ) from error

    def find(self, setting: Setting) -> tuple[Any, str, str | None]:
        """The raw value, the name it was found under, and the source in words, None for the file."""
        if setting.flag and setting.flag in self.flags:
            return self.flags[setting.flag], setting.flag, "flag"
        found = self._in_environment(setting)
        if found is not None:
            return found
        for key in setting.files:
            section, _, name = key.rpartition(".")
            raw = self.section(section).get(name)
            if raw is not None:
                value = self.resolve(raw, key)
                return (value if setting.structured else self.parsed(_text, value, key)), key, None
        return None, next(iter((*setting.env, *setting.files))), ENVIRONMENT

    def _in_environment(self, setting: Setting) -> tuple[str, str, str | None] | None:
        found = None
        for name in setting.env:
            text, path = self.variable(name), self.variable(f"{name}_FILE") if setting.secret else None
            if found is not None:
                continue
            if text is not None:
                found = text, name, ENVIRONMENT if self.environ.get(name) else None
            elif path is not None:
                found = read_secret(path, f"{name}_FILE"), name, f"the file that {name}_FILE names"
        return found

    def resolve(self, value: Any, name: str) -> Any:
        """A value of the file with `os.environ/NAME`, wherever it stands alone, replaced by that variable.

        Raises SettingInvalid for one that is not set.
        """
        if isinstance(value, dict):
            return {str(key): self.resolve(one, f"{name}.{key}") for key, one in value.items()}
        if isinstance(value, list):
            return [self.resolve(one, f"{name}[{index}]") for index, one in enumerate(value)]
        if not isinstance(value, str) or not value.startswith(REFERENCE):
            return value
        variable = value.removeprefix(REFERENCE)
        found = self.variable(variable)
        if found is None:
            problem = f"it refers to {variable}, which is not set"
            raise self.wrong(name, problem, f"Set {variable} in the environment, or take the line out")
        self._resolved.add(found)
        return found

    def _masked(self, text: str) -> str:
        """What is said of a value, without the value when it came from a variable: it may be a secret."""
        for found in sorted(self._resolved, key=len, reverse=True):
            text = text.replace(repr(found), "the variable's value")
        return text


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise ValueError("it is not one value | Write text or a number")
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_secret(path: str, name: str) -> str:
    """A secret's file, without the space around it."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingInvalid(
            name, source=ENVIRONMENT, problem="the file cannot be read", fix="Give the path of a readable text file"
        ) from error
