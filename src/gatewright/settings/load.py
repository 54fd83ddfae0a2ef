"""Read every setting once: flag, then environment, then config.yaml, then default.

The only reader of the environment.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
import yaml

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.models import invalid, read_model_list
from gatewright.settings.schema import GENERIC, LOOPBACK, REFUSED, SETTINGS, WITHOUT_EFFECT, Generic, Setting, Settings

OUR_PREFIXES = (
    *("GATEWRIGHT_", "LITELLM_", "GENERIC_", "PROXY_", "GOOGLE_CLIENT_", "MICROSOFT_", "SAML_", "CLI_SSO_"),
    *(
        "UI_USERNAME",
        "UI_PASSWORD",
        "SERVER_ROOT_PATH",
        "DISABLE_ADMIN_UI",
        "ENABLE_SSO_DEBUG",
        "PKCE_STRICT_CACHE_MISS",
    ),
)
# Read elsewhere: by the command line, the tests, the build, or by this module itself.
READ_ELSEWHERE = {
    "GATEWRIGHT_CONFIG",
    "GATEWRIGHT_BUILD_UI",
    "LITELLM_PROXY_URL",
    "LITELLM_PROXY_API_KEY",
    "GATEWRIGHT_URL",
    "GATEWRIGHT_API_KEY",
}
KNOWN_SECTIONS = {"model_list", "general_settings", "litellm_settings", "environment_variables"}
REFERENCE = "os.environ/"


def load(flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings. `flags` maps a flag (`--port`) to its text. Raises SettingInvalid."""
    reader = Reader(
        {k: v for k, v in (flags or {}).items() if v is not None}, os.environ if environ is None else environ
    )
    found: dict[str, Any] = {setting.field: reader.value(setting) for setting in SETTINGS}
    if found["data_dir"] is None:
        found["data_dir"] = Path(platformdirs.user_data_dir("gatewright", appauthor=False))
    if found["base_url"] is None:
        found["base_url"] = f"http://localhost:{found['port']}"
    for name, (problem, fix) in REFUSED.items():
        if reader.variable(name) is not None:
            raise invalid(name, "environment", problem, fix)
    models, model_warnings = read_model_list(reader.file.get("model_list"), reader.file_name, reader.resolve)
    generic = read_generic(reader)
    check_admin(found)
    warnings = (*reader.warnings(), *model_warnings, *doubts(found))
    return Settings(**found, generic=generic, models=tuple(models), warnings=warnings)


def doubts(found: Mapping[str, Any]) -> list[str]:
    """What is valid and still probably not meant."""
    doubts = []
    if found["base_url"].startswith("https://") and not found["trusted_proxies"]:
        doubts.append(
            "PROXY_BASE_URL is https, so a reverse proxy stands in front, but GATEWRIGHT_TRUSTED_PROXIES does not name "
            "it: everybody shares the proxy's address, in the session list and in the limits on sign-ins"
        )
    if found["host"] not in LOOPBACK and urlsplit(found["base_url"]).hostname in LOOPBACK:
        doubts.append(
            f"{found['base_url']} is the only address whose pages open, but GATEWRIGHT_HOST lets other machines in: "
            "set PROXY_BASE_URL to the URL that people open there"
        )
    return doubts


def read_generic(reader: "Reader") -> Generic | None:
    """The outside provider, None without GENERIC_CLIENT_ID. Every other part of it is required then."""
    found = {setting.field: reader.value(setting) for setting in GENERIC}
    if found["client_id"] is None:
        return None
    for setting in GENERIC:
        if found[setting.field] is None:
            raise invalid(
                setting.env[0],
                "environment",
                "GENERIC_CLIENT_ID is set but this is missing",
                f"Set {setting.env[0]}, or unset GENERIC_CLIENT_ID to use the embedded provider",
            )
    role = next(setting for setting in GENERIC if setting.field == "role_attribute")
    return Generic(**found, role_is_configured=reader.find(role)[0] is not None)


def check_admin(found: Mapping[str, Any]) -> None:
    """The first administrator needs both halves."""
    if (found["admin_email"] is None) != (found["admin_password"] is None):
        missing = "GATEWRIGHT_ADMIN_EMAIL" if found["admin_email"] is None else "GATEWRIGHT_ADMIN_PASSWORD"
        raise invalid(
            missing,
            "environment",
            "it is missing while the other half of the first administrator is set",
            "Set GATEWRIGHT_ADMIN_EMAIL and GATEWRIGHT_ADMIN_PASSWORD (or GATEWRIGHT_ADMIN_PASSWORD_FILE), or neither",
        )


class Reader:
    """The three sources of values, and what was used of them."""

    def __init__(self, flags: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self.flags = flags
        config = flags.get("--config") or environ.get("GATEWRIGHT_CONFIG")
        self.file_name = Path(config).name if config else "config.yaml"
        self.file = read_file(Path(config)) if config else {}
        declared = self.file.get("environment_variables") or {}
        self.declared = {str(name): str(value) for name, value in declared.items()}
        self.environ = environ
        self.used: set[str] = set()

    def variable(self, name: str) -> str | None:
        """An environment variable, else the config file's `environment_variables`; empty text counts as unset."""
        return self.environ.get(name) or self.declared.get(name) or None

    def value(self, setting: Setting) -> Any:
        """The parsed value of a setting, its default when it is set nowhere."""
        raw, name, source = self.find(setting)
        if raw is None:
            return setting.default
        try:
            return setting.parse(raw)
        except ValueError as error:
            problem, _, fix = str(error).partition(" | ")
            raise invalid(name, source, problem, fix) from error

    def find(self, setting: Setting) -> tuple[str | None, str, str]:
        """The raw text, the name it was found under, and the source in words."""
        self.used.update(setting.env)
        self.used.update(f"{name}_FILE" for name in setting.env if setting.secret)
        if setting.flag and setting.flag in self.flags:
            return self.flags[setting.flag], setting.flag, "flag"
        for name in setting.env:
            if (text := self.variable(name)) is not None:
                return text, name, "environment" if self.environ.get(name) else self.file_name
            if setting.secret and (path := self.variable(f"{name}_FILE")) is not None:
                return read_secret(path, f"{name}_FILE"), name, f"the file that {name}_FILE names"
        if setting.file is not None:
            section, _, key = setting.file.partition(".")
            part = self.file.get(section) or {}
            if isinstance(part, dict) and part.get(key) is not None:
                value = self.resolve(part[key], setting.file)
                return (None if value is None else str(value)), setting.file, self.file_name
        return None, setting.env[0], "environment"

    def resolve(self, value: Any, name: str) -> Any:
        """A value of the file with `os.environ/NAME` replaced by that variable, which must be set."""
        if not isinstance(value, str) or not value.startswith(REFERENCE):
            return value
        variable = value.removeprefix(REFERENCE)
        self.used.add(variable)
        found = self.variable(variable)
        if found is None:
            raise invalid(
                name, self.file_name, f"it refers to {variable}, which is not set", f"Set {variable} in the environment"
            )
        return found

    def warnings(self) -> list[str]:
        """What is set but has no effect, by name."""
        found = []
        for name in sorted({*self.environ, *self.declared}):
            if name in WITHOUT_EFFECT:
                found.append(f"{name} has no effect: {WITHOUT_EFFECT[name]}")
            elif name.startswith(OUR_PREFIXES) and name not in self.used | READ_ELSEWHERE:
                found.append(f"{name} is set but not supported by this version; it has no effect")
        for section, content in self.file.items():
            if section not in KNOWN_SECTIONS:
                found.append(f"{self.file_name}: the section {section} is not supported and has no effect")
            elif section.endswith("_settings") and isinstance(content, dict):
                known = {setting.file for setting in SETTINGS}
                found += [
                    f"{self.file_name}: {section}.{key} is not supported and has no effect"
                    for key in content
                    if f"{section}.{key}" not in known
                ]
        return found


def read_file(path: Path) -> dict[str, Any]:
    """The config file as a mapping. Raises SettingInvalid with line and column when it is not YAML."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise invalid(
            "--config",
            str(path.name),
            f"the file cannot be read ({error.strerror})",
            "Give the path of a readable file",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise invalid("--config", path.name, f"it is not YAML{where}", "Mend the file there") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise invalid("--config", path.name, "it is not a mapping", "Start it with a section such as model_list:")
    return content


def read_secret(path: str, name: str) -> str:
    """The first line of a secret's file."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingInvalid(
            name, source="environment", problem="the file cannot be read", fix="Give the path of a readable text file"
        ) from error
