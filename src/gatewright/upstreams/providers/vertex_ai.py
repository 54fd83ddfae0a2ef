"""Vertex AI: Google's models and Anthropic's, with a project and a location, or with an API key (express mode).

Source: Vertex AI documentation, "Generate content with the Gemini API", "Use Claude models", "Get text embeddings",
"Locations"; Anthropic's documentation, "Claude on Vertex AI".
"""

from typing import Any, NamedTuple

from gatewright.domain.errors import BadInput
from gatewright.settings.providers import PROVIDERS
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Codec, Way, WireHeaders
from gatewright.upstreams.codecs.google import GeminiEmbeddings, VertexEmbeddings
from gatewright.upstreams.codecs.google_count import CountTokens
from gatewright.upstreams.endpoints import CONVERSATIONS, COUNT_TOKENS, EMBEDDINGS, MESSAGES
from gatewright.upstreams.presets import presets_of
from gatewright.upstreams.providers.anthropic import options_of
from gatewright.upstreams.providers.google_paths import location_name, model_name, project_name
from gatewright.upstreams.target import Target

GLOBAL = "global"
MULTI_REGIONS = frozenset({"us", "eu"})
VERSIONS = ("/v1", "/v1beta1")
GOOGLE_VERSION, ANTHROPIC_VERSION = "/v1beta1", "/v1"
"""Google's own library asks the first for Gemini, Anthropic's the second for Claude."""

CLAUDE_BODY = {"anthropic_version": "vertex-2023-10-16"}
FIRST_VERSION = b"2023-06-01"
"""What `CLAUDE_BODY` is called in Anthropic's own API."""


class _Place(NamedTuple):
    """`resource` is what stands between the version and `/publishers`: empty in express mode."""

    account: Account
    host: str
    resource: str
    headers: dict[str, str]

    def target(self, version: str, path: str) -> Target:
        base = self.host if self.host.endswith(VERSIONS) else self.host + version
        return self.account.target(self.resource + path, self.headers, api_base=base)


def ways(account: Account) -> dict[str, Way]:
    """Claude by its name, everything else as Google's. A number is the id of an endpoint with a tuned model.

    Raises BadInput (param `model`, `vertex_project`, `vertex_location`, `vertex_credentials` or `api_base`).
    """
    place = _place(account)
    name = model_name(account.model)
    return _claude(place, name) if name.startswith("claude-") else _google(place, name)


def _place(account: Account) -> _Place:
    if account.signer is None and not account.api_key:
        raise BadInput(
            "There is no credential for Vertex AI.",
            param="vertex_credentials",
            hint="Give the JSON of a service account's key.",
        )
    location = location_name(account.params.get("vertex_location") or GLOBAL)
    own = PROVIDERS[account.provider].api_base
    host = _host(location) if account.api_base in ("", own) else account.api_base.rstrip("/")
    # A credential's file may name its project.
    project = account.params.get("vertex_project") or getattr(account.signer, "project", None)
    headers = {"x-goog-api-key": account.api_key} if account.api_key else {}
    if project:
        return _Place(account, host, f"/projects/{project_name(project)}/locations/{location}", headers)
    if account.api_key:
        return _Place(account, host, "", headers)
    raise BadInput(
        "The project is missing, and the credential names none.", param="vertex_project", hint="Give the project's id."
    )


def _host(location: str) -> str:
    if location == GLOBAL:
        return "https://aiplatform.googleapis.com"
    if location in MULTI_REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _google(place: _Place, name: str) -> dict[str, Way]:
    account = place.account
    model = f"/endpoints/{name}" if name.isdigit() else f"/publishers/google/models/{name}"
    chat = Way(
        target=place.target(GOOGLE_VERSION, f"{model}:generateContent"),
        stream_target=place.target(GOOGLE_VERSION, f"{model}:streamGenerateContent?alt=sse"),
        model=account.model,
        provider=account.provider,
        dialect=Dialect.GEMINI,
        files=account.files,
        signer=account.signer,
        drop=account.drop,
        presets=presets_of(account.defaults),
    )

    def coded(method: str, codec: Codec) -> Way:
        return Way(
            target=place.target(GOOGLE_VERSION, f"{model}:{method}"),
            model=f"models/{name}",
            provider=account.provider,
            signer=account.signer,
            drop=account.drop,
            codec=codec,
        )

    return {
        **{one.path: chat for one in CONVERSATIONS},
        COUNT_TOKENS.path: coded("countTokens", CountTokens(account.files, on_vertex=True)),
        EMBEDDINGS.path: coded(*_embeddings(name)),
    }


def _embeddings(name: str) -> tuple[str, Codec]:
    """Gemini's embeddings have the Gemini API's method there; older ones are asked for a prediction."""
    if "gemini" in name:
        return "batchEmbedContents", GeminiEmbeddings(on_vertex=True)
    return "predict", VertexEmbeddings()


def _claude(place: _Place, name: str) -> dict[str, Way]:
    account = place.account
    models = "/publishers/anthropic/models"

    def way(method: str, stream_method: str | None = None, **more: Any) -> Way:
        streams = None if stream_method is None else place.target(ANTHROPIC_VERSION, f"{models}/{stream_method}")
        return Way(
            target=place.target(ANTHROPIC_VERSION, f"{models}/{method}"),
            stream_target=streams,
            model=account.model,
            provider=account.provider,
            signer=account.signer,
            drop=account.drop,
            extra=CLAUDE_BODY,
            by_header=_version,
            **more,
        )

    def chat(options: dict[str, Any]) -> Way:
        methods = (f"{name}:rawPredict", f"{name}:streamRawPredict")
        return way(*methods, dialect=Dialect.MESSAGES, without=frozenset({"model"}), **options)

    native, translation = options_of(account.defaults)
    return {
        **{one.path: chat(native if one is MESSAGES else translation) for one in CONVERSATIONS},
        COUNT_TOKENS.path: way("count-tokens:rawPredict"),
    }


def _version(forwarded: WireHeaders) -> dict[str, object]:
    """A newer version of Anthropic's API than the first one is asked for in the body, where its callers name it."""
    given = next((value for name, value in forwarded if name == b"anthropic-version"), FIRST_VERSION)
    return {} if given == FIRST_VERSION else {"anthropic_version": given.decode("latin-1")}
