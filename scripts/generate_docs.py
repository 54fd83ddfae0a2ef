"""Writes the generated pages of docs/ from the code. `--check` fails when they are out of date.

docs/compatibility.md comes from compatibility.toml, which is checked against the code first: it may not promise what is
not there, nor leave out what is.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from starlette.routing import Route

import gatewright
from gatewright.app.build import Program
from gatewright.cli.group import group
from gatewright.domain.errors import GatewrightError
from gatewright.settings import keys
from gatewright.settings.caching import CACHING
from gatewright.settings.dashboard import DASHBOARD
from gatewright.settings.email import EMAIL
from gatewright.settings.generic import GENERIC
from gatewright.settings.jwt_auth import JWT_AUTH
from gatewright.settings.load import OUR_PREFIXES, READ_ELSEWHERE, load
from gatewright.settings.outside import OUTSIDE
from gatewright.settings.params import ENTRY, INFO, KNOWN
from gatewright.settings.password_login import PASSWORD_LOGIN
from gatewright.settings.providers import PROVIDERS
from gatewright.settings.router import ALLOWED_FAILS, RETRIES, ROUTER
from gatewright.settings.saml import SAML
from gatewright.settings.schema import SETTINGS
from gatewright.settings.sections import SECTIONS, known_keys
from gatewright.settings.setting import Setting
from gatewright.settings.sign_in_policy import SIGN_IN_POLICY, TEAM_PARAMS, USER_PARAMS
from gatewright.settings.trusted_header import TRUSTED_HEADER
from gatewright.settings.valkey import VALKEY
from gatewright.settings.variables import variables_of
from gatewright.web.authentication import KEY_HEADERS
from gatewright.web.model_api.routes import ONE_MODEL, ONE_RESPONSE

DOCS = Path(__file__).resolve().parent.parent / "docs"
COMPATIBILITY = Path(__file__).resolve().parent / "compatibility.toml"
SIGN_IN_ERRORS = Path(__file__).resolve().parent / "sign_in_errors.toml"
GENERATED = "<!-- Written by `make docs` from the code; edit that instead. -->\n\n"


def settings_page() -> str:
    """The page of every setting."""
    lines = [
        "# Settings",
        "",
        GENERATED + "A value comes from the flag, else the environment, else the config file (`--config`, in LiteLLM's",
        "format; its `environment_variables` may set any variable below), else the default. A variable marked *secret*",
        "may also be given as `<NAME>_FILE`, the path of a file that holds it. A value that cannot be used stops the",
        "start with the name, the source, the problem and the fix. A variable with one of our prefixes, or a key of",
        "the file, that has no meaning here is reported at the start by name, with its line.",
        "",
        "`gatewright check-config [FILE]` looks at the whole file and starts nothing: every error at once, every key",
        "without effect and whether it is LiteLLM's or nobody's, and a table of the models. It exits with 1 when there",
        "is an error, with `--strict` when there is a warning too; `--json` is for scripts.",
        "",
        "In the file, `os.environ/NAME` as a whole value stands for that variable. One that is not set is an error",
        "that names it; with `router_settings.ignore_invalid_deployments` an entry of `model_list` that refers to",
        "it is left out with a warning instead. `include` is a list of files, seen from the file that includes them:",
        "their lists are put behind one another, every other section takes the place of the one before.",
        "",
        "## Gatewright",
        "",
        *table(SETTINGS),
        "",
        "## Routing",
        "",
        "The members of an entry of `model_list` are in [compatibility.md](compatibility.md).",
        "",
        *table(ROUTER),
        "",
        "## The cache",
        "",
        *table(CACHING),
        "",
        "## Valkey or Redis",
        "",
        "One worker needs none. Several share limits and the cache through it, and so do replicas.",
        "",
        *table(VALKEY),
        "",
        "## E-mail",
        "",
        "Each may be said in Authentik's name or in LiteLLM's; both with different values stop the start.",
        "[identity-provider.md](identity-provider.md) says what is sent.",
        "",
        *table(EMAIL),
        "",
        "## Sign-in by headers of a proxy",
        "",
        "For an authenticating proxy in front; off by default. [deploy.md](deploy.md) says what the proxy must do.",
        "",
        *table(TRUSTED_HEADER),
        "",
        "## Sign-in by SAML",
        "",
        "Off by default, beside the other providers. [saml.md](saml.md) says how it is set up and what is checked.",
        "",
        *table(SAML),
        "",
        "## Tokens as API credentials",
        "",
        "Only with `general_settings.enable_jwt_auth`. [jwt-auth.md](jwt-auth.md) has configurations to begin with.",
        "",
        *table(JWT_AUTH),
        "",
        "## Providers",
        "",
        "What an entry of the file's `model_list` does not say is taken from these, the first that is set. A key goes",
        "to the provider's own address alone: an entry with another `api_base` must say its `api_key`. A model that",
        "somebody adds at run time has only what it was given.",
        "",
        *provider_variables(),
        "",
        "## The outside OpenID provider",
        "",
        "With `GENERIC_CLIENT_ID` set, people sign in through that provider instead of the embedded one.",
        "",
        *table(GENERIC),
        "",
        "## Google, Microsoft, GitHub",
        "",
        "Each is one more provider to sign in through, beside the one above. [providers.md](providers.md) says what to",
        "click there.",
        "",
        *table(OUTSIDE),
        "",
        "## The dashboard",
        "",
        *table(DASHBOARD),
        "",
        "## Local passwords",
        "",
        "For the emergency administrator. Everybody else signs in at a provider, the embedded one or an outside one.",
        "",
        *table(PASSWORD_LOGIN),
        "",
        "## Roles, teams and who may sign in",
        "",
        "[roles.md](roles.md) has the order in which a role is decided. `GENERIC_*` is about the outside OpenID",
        "provider, the others about every sign-in.",
        "",
        *table(SIGN_IN_POLICY),
        "",
    ]
    return "\n".join(lines)


def provider_variables() -> Iterator[str]:
    """The rows of the table of the providers' variables."""
    yield "| provider | member of `litellm_params` | variables |"
    yield "|---|---|---|"
    for name in PROVIDERS:
        found = variables_of(name)
        members = {member: names for way in (*found.credentials, found.plain) for member, names in way.items()}
        for index, (member, names) in enumerate(members.items()):
            first = f"`{name}`" if not index else ""
            yield f"| {first} | `{member}` | {', '.join(f'`{one}`' for one in names)} |"


def table(settings: tuple[Setting, ...]) -> Iterator[str]:
    """The rows of a table of settings."""
    yield "| variable | flag, file key | default | meaning |"
    yield "|---|---|---|---|"
    for setting in settings:
        names = "<br>".join(f"`{name}`" for name in setting.env) + (" *secret*" if setting.secret else "")
        places = "<br>".join(f"`{place}`" for place in (setting.flag, *setting.files) if place) or "–"
        default = setting.default_doc or ("–" if setting.default is None else f"`{shown(setting.default)}`")
        yield f"| {names or '–'} | {places} | {default} | {setting.doc} |"


def shown(value: object) -> str:
    """A default as people write it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def errors_page() -> str:
    """The page of every error class and its stable code."""
    lines = [
        "# Errors",
        "",
        GENERATED + "Every error has a stable code. The edge writes it in the dialect of the API that was called:",
        "OpenAI's error object on `/v1`, LiteLLM's on its management routes, RFC 9457 on `/api/v1`,",
        "RFC 6749 at the OAuth endpoints, a page in the browser. The header `x-request-id` is the reference",
        "that finds the error in the log.",
        "",
        "| code | status | meaning |",
        "|---|---|---|",
    ]
    rows = {(code_of(error), error.status, " ".join(error.summary.split())) for error in every_error()}
    lines += [f"| `{code}` | {status} | {summary} |" for code, status, summary in sorted(rows)]
    lines += ["", "## Refused sign-ins", "", "The code stands on the page and in the audit log (`login.sso`).", ""]
    for title, found in tomllib.loads(SIGN_IN_ERRORS.read_text()).items():
        lines += [f"### {title}", "", "| code | what was found |", "|---|---|"]
        lines += [f"| `{code}` | {meaning} |" for code, meaning in found.items()]
        lines.append("")
    return "\n".join(lines)


def every_error() -> Iterator[type[GatewrightError]]:
    """Every class of the error tree, wherever it is defined."""
    for module in pkgutil.walk_packages(gatewright.__path__, "gatewright."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)
    waiting = [GatewrightError]
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        yield found


def code_of(error: type[GatewrightError]) -> str:
    """The code that callers see: the protocol's for an OAuth error, else our own."""
    return str(getattr(error, "error", error.code))


class Row(NamedTuple):
    """One line of a table of compatibility.toml. `how` is said beside the status."""

    names: list[str]
    status: str
    how: str


class Untrue(Exception):
    """compatibility.toml and the code disagree; the text says where, a line each."""


def compatibility_page() -> str:
    """The page of what there is of LiteLLM and Authentik. Raises Untrue."""
    data = tomllib.loads(COMPATIBILITY.read_text())
    code = what_there_is()
    problems = [problem for section in data["section"] for problem in untrue(section, code)]
    problems += left_out(data, code)
    if problems:
        raise Untrue("\n".join(f"compatibility.toml: {problem}" for problem in problems))
    lines = [
        "# Compatibility",
        "",
        "<!-- Written by `make docs` from scripts/compatibility.toml, which it checks against the code. -->",
        "",
        "What there is of LiteLLM Proxy (1.106.2) and of Authentik's provider (2025.2 to 2026.8). **works**: as there.",
        "**differs**: it is there, and differs in what is said beside it. **absent**: it is not there. A variable or",
        "key that is absent and set all the same is named in a warning at the start, unless it says otherwise below.",
        "**refused**: the start stops, because going on would ignore a restriction.",
        "",
        "`make interop` runs LiteLLM's own command line and relying party, fastapi-sso, Authlib, PyJWT and OpenAI's",
        "Node.js SDK against a gateway; OpenAI's Python SDK is in `make test`.",
        "",
    ]
    for section in data["section"]:
        lines += [f"## {section['title']}", ""]
        lines += [section["intro"], ""] if "intro" in section else []
        lines += [*(commands(section) if section["kind"] == "command" else statuses(section)), ""]
    return "\n".join(lines)


def statuses(section: Mapping[str, Any]) -> Iterator[str]:
    """The rows of a table of names and their status."""
    yield f"| {section['kind']} | status | how |"
    yield "|---|---|---|"
    for row in rows(section):
        how = [row.how] if row.how else []
        if section["kind"] == "variable" and row.status == "absent":
            silent = [f"`{name}`" for name in row.names if not name.startswith(OUR_PREFIXES)]
            how += [f"Ignored without a warning: {', '.join(silent)}."] if silent else []
        yield f"| {'<br>'.join(f'`{name}`' for name in row.names)} | **{row.status}** | {' '.join(how) or '–'} |"


def commands(section: Mapping[str, Any]) -> Iterator[str]:
    """The rows of the table of LiteLLM's commands."""
    yield "| command | `lite` here | `gatewright` |"
    yield "|---|---|---|"
    for names, entry in section["rows"].items():
        lite, ours = row_of(names, entry["lite"]), row_of(names, entry["gatewright"])
        cells = [f"**{one.status}**" + (f": {one.how}" if one.how else "") for one in (lite, ours)]
        yield f"| {'<br>'.join(f'`{name}`' for name in lite.names)} | {' | '.join(cells)} |"


def rows(section: Mapping[str, Any]) -> list[Row]:
    return [row_of(names, text) for names, text in rows_of(section).items()]


def rows_of(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """A section's own rows, or those of the place in config.yaml that it names (settings/keys.toml)."""
    return keys.rows()[section["place"]] if "place" in section else section["rows"]


def row_of(names: str, text: str) -> Row:
    status, _, how = text.partition(": ")
    return Row([name.strip() for name in names.split(",")], status, how)


def what_there_is() -> dict[str, set[str]]:
    """What the code has, by the kinds of compatibility.toml."""
    settings = (
        *SETTINGS,
        *GENERIC,
        *OUTSIDE,
        *ROUTER,
        *CACHING,
        *VALKEY,
        *EMAIL,
        *TRUSTED_HEADER,
        *SAML,
        *JWT_AUTH,
        *PASSWORD_LOGIN,
        *DASHBOARD,
        *SIGN_IN_POLICY,
    )
    variables = {name for setting in settings for name in setting.env} | READ_ELSEWHERE
    return {
        "variable": variables,
        "provider": set(PROVIDERS),
        **{place: set(found) for place, found in keys_of_the_file().items()},
        "header": set(KEY_HEADERS),
        "route": set(every_route()),
        "command": set(every_command(group, ())),
    }


def keys_of_the_file() -> dict[str, frozenset[str]]:
    """What has a meaning in config.yaml, by the places of settings/keys.toml."""
    sections = {name: known_keys(name) for name in ("general_settings", "litellm_settings", "router_settings")}
    return {
        **sections,
        "file": SECTIONS,
        "model_list": ENTRY,
        "litellm_params": KNOWN,
        "model_info": INFO,
        "credential_list": frozenset({"credential_name", "credential_values"}),
        "cache_params": known_keys("litellm_settings.cache_params"),
        "default_internal_user_params": known_keys(USER_PARAMS),
        "default_team_params": known_keys(TEAM_PARAMS),
        "litellm_jwtauth": known_keys("general_settings.litellm_jwtauth"),
        "retry_policy": RETRIES,
        "allowed_fails_policy": ALLOWED_FAILS,
    }


def every_route() -> Iterator[str]:
    """Method and path of every row of the route table and of the model API, parameters as `{}`."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "GATEWRIGHT_DATA_DIR": folder,
            "LITELLM_MASTER_KEY": "sk-to-list-the-routes-alone",
            "SAML_IDP_METADATA_XML": "<EntityDescriptor/>",
        }
        program = Program(load({}, environ))
    for row in program.router.routes:
        if isinstance(row, Route):
            yield from (plain(f"{method} {row.path}") for method in row.methods or () if method not in ANSWERED_ANYWAY)
    api = program._model_api()
    one = {f"{prefix}{{}}": api._one for prefix in ONE_MODEL}
    one |= {f"{before}{{}}{after}": dict.fromkeys(["POST"], api._handler(api._list)) for before, after, _ in api._named}
    one |= {
        f"{prefix}{{}}/{below}".rstrip("/"): stored for prefix in ONE_RESPONSE for below, stored in api._stored.items()
    }
    for path, methods in {**api._routes, **one}.items():
        yield from (f"{method} {path}" for method in methods if method not in ANSWERED_ANYWAY)


ANSWERED_ANYWAY = ("HEAD", "OPTIONS")


def plain(route: str) -> str:
    """A route without the names of its parameters and without the slash at its end."""
    method, _, path = route.rpartition(" ")
    path = re.sub(r"{[^}]*}", "{}", path)
    return f"{method} {path.rstrip('/') or '/'}".strip()


def every_command(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    """The path of every command that is no group."""
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None:
            yield from every_command(found, (*path, name))


def there(name: str, found: set[str]) -> bool:
    """Whether the code has that name; with `*` at its end, any that begins so. A path alone stands for every method."""
    if name.startswith("/"):
        found = {one.rpartition(" ")[2] for one in found}
    return any(one.startswith(name[:-1]) for one in found) if name.endswith("*") else name in found


def untrue(section: Mapping[str, Any], code: Mapping[str, set[str]]) -> Iterator[str]:
    """What the section says and the code does not bear out."""
    if section["kind"] == "command":
        yield from untrue_commands(section, code)
        return
    found = code[section.get("place", section["kind"])]
    for row in rows(section):
        if row.status not in ("works", "differs", "absent", "refused"):
            yield f"{row.names[0]}: {row.status!r} is no status"
        for name in row.names:
            here = there(plain(name) if section["kind"] == "route" else name, found)
            if name.endswith("*") and "place" in section:
                continue  # the rest of what begins so; a name of its own counts before it
            if here is (row.status in ("absent", "refused")):
                yield f"{name} is said to be {row.status}, but the code {'has' if here else 'does not have'} it"


def untrue_commands(section: Mapping[str, Any], code: Mapping[str, set[str]]) -> Iterator[str]:
    """A command of `lite` works when every route that it calls is there; ours when `gatewright` has it."""
    for names, entry in section["rows"].items():
        lite, ours = row_of(names, entry["lite"]), row_of(names, entry["gatewright"])
        calls = [plain(call.strip()) for call in entry.get("calls", "").split(",") if call.strip()]
        missing = [call for call in calls if call not in code["route"]]
        if lite.status not in ("works", "differs", "absent", "local") or bool(missing) is not (lite.status == "absent"):
            yield f"lite {names} is said to be {lite.status}, but of its routes these are missing: {missing}"
        wanted = lite.names if ours.status != "differs" else [*named(ours.how), *lite.names][:1]
        here = all(name in code["command"] for name in wanted)
        if ours.status not in ("works", "differs", "absent") or here is (ours.status == "absent"):
            yield f"gatewright {', '.join(wanted)} is said to be {ours.status}, but it is {'' if here else 'not '}there"


def named(text: str) -> list[str]:
    """The commands of `gatewright` that a text names in backticks."""
    return re.findall(r"`gatewright ([a-z -]+)`", text)


def left_out(data: Mapping[str, Any], code: Mapping[str, set[str]]) -> Iterator[str]:
    """What the code has and no row speaks of. Variables with our own prefix and our own routes need none."""
    said: dict[str, list[str]] = {kind: [] for kind in code}
    said["route"] += data["ours"]
    for section in data["section"]:
        kind = section.get("place", section["kind"])
        for names, entry in rows_of(section).items():
            said[kind] += row_of(names, "").names
            said[kind] += named(entry["gatewright"]) if kind == "command" else []
    for kind, found in code.items():
        patterns = {plain(name) if kind == "route" else name for name in said[kind]}
        for name in sorted(found):
            if not name.startswith("GATEWRIGHT_") and not any(there(one, {name}) for one in patterns):
                yield f"the {kind} {name} is in the code and in no row"


PAGES = {"settings.md": settings_page, "errors.md": errors_page, "compatibility.md": compatibility_page}


def main(arguments: list[str]) -> int:
    stale = []
    for name, page in PAGES.items():
        try:
            path, text = DOCS / name, page()
        except Untrue as error:
            sys.stderr.write(f"{error}\n")
            return 1
        if "--check" in arguments:
            stale += [name] if not path.exists() or path.read_text() != text else []
        else:
            path.write_text(text)
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run `make docs`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
