"""The keys of config.yaml that this version does not have: reported by name, so that none is ignored in silence."""

from collections.abc import Iterable, Mapping
from typing import Any

from gatewright.settings import keys
from gatewright.settings.caching import CACHING
from gatewright.settings.dashboard import DASHBOARD
from gatewright.settings.findings import did_you_mean
from gatewright.settings.jwt_auth import JWT_AUTH, PLACE
from gatewright.settings.password_login import PASSWORD_LOGIN
from gatewright.settings.reader import Reader
from gatewright.settings.router import ALLOWED_FAILS, RETRIES, ROUTER
from gatewright.settings.schema import SETTINGS
from gatewright.settings.sign_in_policy import SIGN_IN_POLICY, TEAM_PARAMS, USER_PARAMS
from gatewright.settings.valkey import VALKEY

SECTIONS = frozenset(
    {
        *("model_list", "general_settings", "litellm_settings", "router_settings"),
        *("environment_variables", "include", "credential_list"),
    }
)
ELSEWHERE = frozenset({"router_settings.default_litellm_params", "router_settings.ignore_invalid_deployments"})
"""Keys that `settings.models` reads."""

TABLES = (*SETTINGS, *ROUTER, *CACHING, *VALKEY, *JWT_AUTH, *PASSWORD_LOGIN, *DASHBOARD, *SIGN_IN_POLICY)
FILES = frozenset(name for one in TABLES for name in one.files) | ELSEWHERE
"""Every key below a section that has a meaning here, dotted."""

ANCHORS = "x-"
"""How the name of a section begins that only holds what others refer to (`<<: *name`)."""

POLICIES = {"retry_policy": RETRIES, "allowed_fails_policy": ALLOWED_FAILS}


def known_keys(place: str) -> frozenset[str]:
    """The names that have a meaning in a section, or in a section of it (`litellm_settings.cache_params`)."""
    return frozenset(name[len(place) + 1 :].partition(".")[0] for name in FILES if name.startswith(f"{place}."))


def unknown_keys(reader: Reader) -> None:
    """Reports what stands in the sections and has no meaning here. A restriction that would be ignored is an error."""
    others = {name: value for name, value in reader.file.content.items() if not name.startswith(ANCHORS)}
    report(reader, "file", "", others, SECTIONS)
    for section in ("general_settings", "litellm_settings", "router_settings"):
        report(reader, section, f"{section}.", reader.section(section), known_keys(section))
    params = reader.section("litellm_settings.cache_params")
    report(
        reader, "cache_params", "litellm_settings.cache_params.", params, known_keys("litellm_settings.cache_params")
    )
    for place in (PLACE, USER_PARAMS, TEAM_PARAMS):
        report(reader, place.rpartition(".")[2], f"{place}.", reader.section(place), known_keys(place))
    for name, known in POLICIES.items():
        report(reader, name, f"router_settings.{name}.", reader.section(f"router_settings.{name}"), known)


def report(reader: Reader, place: str, prefix: str, given: Mapping[Any, Any], known: Iterable[str]) -> None:
    """Reports the members of a mapping that are none of `known`; `place` is its table in keys.toml."""
    for name, value in given.items():
        if str(name) in known or value is None:
            continue
        full = f"{prefix}{name}"
        key = keys.find(place, str(name))
        if key is None:
            reader.warn("unknown", full, f"{full} is not known; it has no effect{_hint(place, str(name), known)}")
        elif key.status == keys.REFUSED and value:
            reader.errors.append(reader.wrong(full, "this version would ignore the restriction", key.how.rstrip(".")))
        else:
            how = keys.absent(place, str(name)) or ""
            reader.warn("absent", full, f"{full} is LiteLLM's and not supported; it has no effect{how}")


def _hint(place: str, name: str, known: Iterable[str]) -> str:
    elsewhere = [
        section
        for section in ("general_settings", "litellm_settings", "router_settings")
        if section != place and (name in known_keys(section) or keys.find(section, name) is not None)
    ]
    if elsewhere:
        return f". It belongs in {' or '.join(elsewhere)}"
    meant = did_you_mean(name, {*known, *keys.names(place)})
    return f". Did you mean {meant}?" if meant else ""
