"""Azure OpenAI and Azure AI Foundry: OpenAI's API behind deployments, or behind the `v1` address; and Claude there.

`azure` with a dated `api_version` has deployments: the model is a deployment's name in the path. With `api_version`
`v1`, `latest` or `preview`, or an `api_base` that ends with /openai/v1, the model stands in the body. `azure_ai` is the
same there, and else Foundry's models at /models, or a server of a model's own at its address.

Source: Azure OpenAI REST API reference; Azure documentation, "Azure OpenAI v1 API", "Use Claude in Microsoft Foundry",
"Model inference endpoint"; LiteLLM's documentation, "Azure OpenAI", "Azure AI" (the defaults of `api_version`).
"""

import re
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Way
from gatewright.upstreams.choosing import CHOOSERS
from gatewright.upstreams.endpoints import (
    BESIDE_RESPONSES,
    CHAT,
    CONVERSATIONS,
    COUNT_TOKENS,
    EMBEDDINGS,
    MESSAGES,
    MODERATIONS,
    OPENAI_ENDPOINTS,
    RESPONSES,
    Endpoint,
)
from gatewright.upstreams.providers.anthropic import VERSION, options_of
from gatewright.upstreams.providers.openai import plain

CHAT_VERSION = "2025-02-01-preview"
"""What LiteLLM asks for where nobody says."""

RESPONSES_SINCE = "2025-03-01"
"""The first dated version with the responses API."""

MODELS_VERSION = "2024-05-01-preview"
V1 = "/openai/v1"
V1_VERSIONS = frozenset({"v1", "latest", "preview"})
DEPLOYMENTS = "/openai/deployments/"
SERIES = ("o_series/", "gpt5_series/")
"""LiteLLM's hints in front of a deployment's name."""

KEY_HEADER_HOSTS = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")
FOUNDRY = ".services.ai.azure.com"
CLAUDE = "/anthropic"

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}")


REFUSED = CHOOSERS | {"data_sources", "dataSources"}
"""Data sources may be read with the identity of the Azure resource: "Azure OpenAI on your data"."""


class _Place(NamedTuple):
    """`root` is the resource's address, `path` what of `api_base` stands behind it. `version` None: nobody said."""

    account: Account
    root: str
    path: str
    model: str
    version: str | None
    headers: dict[str, str]

    def way(self, path: str, endpoint: Endpoint, dialect: Dialect | None = None) -> Way:
        """To `path` below the root."""
        account = self.account
        return Way(
            target=account.target(path, self.headers, api_base=self.root, form=endpoint.form),
            model=self.model,
            provider=account.provider,
            dialect=dialect,
            signer=account.signer,
            drop=account.drop,
            defaults=account.defaults,
            choosers=REFUSED,
        )


def ways(account: Account) -> dict[str, Way]:
    """Raises BadInput (param `model`, `api_version`, `api_key` or `api_base`)."""
    place = _place(account)
    if account.provider == "azure_ai" and (place.path == CLAUDE or place.model.lower().startswith("claude")):
        return _claude(place)
    if place.path == V1 or place.version in V1_VERSIONS:
        return _v1(place)
    return _foundry(place) if account.provider == "azure_ai" else _deployments(place)


def _place(account: Account) -> _Place:
    base = account.api_base.rstrip("/")
    version = account.params.get("api_version")
    if version is not None and (not isinstance(version, str) or _VERSION.fullmatch(version) is None):
        raise BadInput(
            "This is not a version of Azure's API.", param="api_version", hint="Write it like 2025-02-01-preview."
        )
    root, path, model = base, "", account.model
    for series in SERIES:
        model = model.removeprefix(series)
    at = base.find(DEPLOYMENTS)
    if at >= 0:  # the address of a deployment as Azure's portal shows it
        root, model = base[:at], base[at + len(DEPLOYMENTS) :].partition("/")[0]
    for end in (V1, "/openai", CLAUDE, "/models"):
        if at < 0 and base.endswith(end):
            root, path = base.removesuffix(end), end
            break
    if not model:
        raise BadInput("The deployment's name is missing.", param="model", hint="Write it as azure/<deployment>.")
    return _Place(account, root, path, model, version, _headers(account, root))


def _headers(account: Account, root: str) -> dict[str, str]:
    if not account.api_key:
        if account.signer is None:
            raise BadInput(
                "There is no credential for Azure.",
                param="api_key",
                hint="Give api_key, or tenant_id, client_id and client_secret of an app in Entra ID.",
            )
        return {}
    host = urlsplit(root).hostname or ""
    if account.provider == "azure" or host.endswith(KEY_HEADER_HOSTS):
        return {"api-key": account.api_key}
    return account.bearer


def _deployments(place: _Place) -> dict[str, Way]:
    version = place.version or CHAT_VERSION
    prefix = DEPLOYMENTS + quote(place.model, safe="-_.~")

    def way(endpoint: Endpoint, dialect: Dialect | None = None) -> Way:
        return place.way(f"{prefix}{endpoint.path}?api-version={version}", endpoint, dialect)

    others = {one.path: way(one) for one in OPENAI_ENDPOINTS if one is not MODERATIONS}
    native: dict[str, Way] = {}
    if place.version is None:
        native = _native(place, V1)
    elif place.version >= RESPONSES_SINCE:
        native = _native(place, "/openai", f"?api-version={version}")
    return {**others, **native, **_talks(place, way(CHAT, Dialect.CHAT), native.get(RESPONSES.path))}


def _native(place: _Place, prefix: str, query: str = "") -> dict[str, Way]:
    """The responses API and what is beside it."""

    def way(endpoint: Endpoint) -> Way:
        return place.way(f"{prefix}{endpoint.path}{query}", endpoint, Dialect.RESPONSES)

    return {RESPONSES.path: way(RESPONSES), **{one.path: plain(way(one)) for one in BESIDE_RESPONSES}}


def _v1(place: _Place) -> dict[str, Way]:
    query = "?api-version=preview" if place.version == "preview" else ""

    def way(endpoint: Endpoint, dialect: Dialect | None = None) -> Way:
        return place.way(f"{V1}{endpoint.path}{query}", endpoint, dialect)

    others = {one.path: way(one) for one in OPENAI_ENDPOINTS if one is not MODERATIONS}
    native = _native(place, V1, query)
    return {**others, **native, **_talks(place, way(CHAT, Dialect.CHAT), native[RESPONSES.path])}


def _foundry(place: _Place) -> dict[str, Way]:
    host = urlsplit(place.root).hostname or ""
    shared = place.path == "/models" or host.endswith(FOUNDRY)
    prefix = "/models" if shared else place.path
    version = place.version or (MODELS_VERSION if shared else None)
    query = f"?api-version={version}" if version else ""
    chat = place.way(f"{prefix}{CHAT.path}{query}", CHAT, Dialect.CHAT)
    embed = place.way(f"{prefix}{EMBEDDINGS.path}{query}", EMBEDDINGS)
    return {**{one.path: chat for one in CONVERSATIONS}, EMBEDDINGS.path: embed}


def _talks(place: _Place, chat: Way, responses: Way | None) -> dict[str, Way]:
    if responses is not None and place.account.params.get("mode") == "responses":
        chat = responses
    return {CHAT.path: chat, MESSAGES.path: chat, RESPONSES.path: responses or chat}


def _claude(place: _Place) -> dict[str, Way]:
    key = place.account.api_key
    keyed = place._replace(headers={"x-api-key": key, "api-key": key} if key else {})

    def way(endpoint: Endpoint, dialect: Dialect | None = None, **more: Any) -> Way:
        found = keyed.way(f"{CLAUDE}/v1{endpoint.path}", endpoint, dialect)
        return msgspec.structs.replace(found, headers=VERSION, **{"defaults": {}, **more})

    native, translation = options_of(place.account.defaults)
    translated = way(MESSAGES, Dialect.MESSAGES, **translation)
    return {
        MESSAGES.path: way(MESSAGES, Dialect.MESSAGES, **native),
        CHAT.path: translated,
        RESPONSES.path: translated,
        COUNT_TOKENS.path: way(COUNT_TOKENS),
    }
