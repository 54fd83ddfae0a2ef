"""Which addresses a credential is for: LiteLLM's groups of routes and single paths. Pure.

Source: contract litellm 3.10, and LiteLLM's JWT configuration reference.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

MANAGEMENT = frozenset(
    {"key", "user", "team", "model", "api", "customer", "organization", "budget", "tag", "invitation", "credentials"}
) | {"get", "update"}
"""First segments of paths at which things are made and changed, LiteLLM's and ours; settings in the last two."""

REPORTS = frozenset({"spend", "global"})
INFO = frozenset(
    {
        *("/key/info", "/key/list", "/user/info", "/team/info", "/team/list", "/team/available"),
        *("/models", "/model/info", "/v2/model/info", "/model_group/info", "/organization/list"),
    }
)
OTHERS = frozenset({"sso", "scim", "application", "if", "health", "ui", "session", "onboarding", ""})
"""First segments of what belongs to no group."""

MESSAGES = ("/messages", "/messages/count_tokens")


def _plain(path: str) -> str:
    """Most routes have a second spelling with `/v1` before it; they are one route."""
    return path.removeprefix("/v1") if path.startswith("/v1/") else path


def _first(path: str) -> str:
    return path[1:].partition("/")[0]


def _calls_models(path: str) -> bool:
    return _first(path) not in MANAGEMENT | REPORTS | OTHERS


GROUPS: dict[str, Callable[[str], bool]] = {
    "llm_api_routes": _calls_models,
    "openai_routes": lambda path: _calls_models(path) and path not in MESSAGES,
    "anthropic_routes": lambda path: path in MESSAGES,
    "management_routes": lambda path: _first(path) in MANAGEMENT,
    "info_routes": lambda path: path in INFO or path.startswith("/models/"),
    "spend_tracking_routes": lambda path: path.startswith("/spend/"),
    "global_spend_tracking_routes": lambda path: path.startswith("/global/"),
    # Public ones ask for no credential; there is no MCP here.
    **dict.fromkeys(("public_routes", "mcp_routes"), lambda _: False),
}

OF_PEOPLE = ("management_routes", "spend_tracking_routes", "global_spend_tracking_routes", "info_routes")
"""What somebody's own role decides about, whatever team they act for."""


@lru_cache(maxsize=4096)
def allows(lists: Sequence[Sequence[str]], path: str) -> bool:
    """Whether the path is in each of the lists: of groups, paths, and beginnings of paths that end in `*`."""
    plain = _plain(path)
    return all(any(_matches(entry, plain) for entry in entries) for entries in lists)


def _matches(entry: str, path: str) -> bool:
    group = GROUPS.get(entry)
    if group is not None:
        return group(path)
    wanted = _plain(entry)
    return path.startswith(wanted[:-1]) if wanted.endswith("*") else path == wanted
