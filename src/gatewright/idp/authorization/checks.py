"""What an authorization request must be, as an ordered table (RFC 6749 4.1.1, OpenID Connect Core 3.1.2).

The first two checks prove the client and the redirect URI. Until they passed an error is shown here; afterwards it goes
to the client. A new rule is a function and its row in CHECKS.
"""

from collections.abc import Callable

import msgspec

from gatewright.idp.authorization.response import FORM_POST, MODES, QUERY, ReturnPath
from gatewright.idp.clients import Client
from gatewright.oidc import pkce, redirect_uris, scopes
from gatewright.oidc.errors import (
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    RedirectUriMismatch,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnknownClient,
    UnsupportedResponseType,
)
from gatewright.oidc.parameters import Parameters

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
LONGEST_NONCE = 512
LONGEST_AGE_DIGITS = 10


class Draft(msgspec.Struct):
    """A request on its way through the checks. `client` is what the client id named.

    `resource_known` says whether the resource that it names is one that a client may ask for.
    `proven` turns true once an error may be sent to `redirect_uri`.
    """

    params: Parameters
    client: Client | None
    resource_known: bool = False
    proven: bool = False
    redirect_uri: str = ""
    scopes: tuple[str, ...] = ()
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None

    @property
    def state(self) -> str | None:
        """The state to send back: None when it is absent, or repeated and so nobody's."""
        return None if "state" in self.params.repeated else self.params.get("state")

    @property
    def way_back(self) -> ReturnPath:
        """For errors of the checks too: a response_mode that will be refused leaves the answer in the query."""
        mode = None if "response_mode" in self.params.repeated else self.params.value("response_mode")
        possible = mode in MODES and (mode != FORM_POST or redirect_uris.origin(self.redirect_uri) is not None)
        issuer = _client(self).issuer
        return ReturnPath(self.redirect_uri, issuer, self.state, mode if mode and possible else QUERY)


class AuthorizationRequest(msgspec.Struct, frozen=True):
    """A request that passed every check. `params` are what it was read from; `max_age` in seconds."""

    params: Parameters
    client: Client
    way_back: ReturnPath
    nonce: str | None
    scopes: tuple[str, ...]
    code_challenge: str | None
    prompts: frozenset[str]
    max_age: int | None
    login_hint: str | None
    id_token_hint: str | None
    resource: str | None

    @property
    def redirect_uri(self) -> str:
        return self.way_back.redirect_uri

    @property
    def is_silent(self) -> bool:
        """Whether nothing may be asked (`prompt=none`)."""
        return "none" in self.prompts


def examine(draft: Draft) -> AuthorizationRequest:
    """Runs the table. Raises OAuthError; `draft.proven` then says whether the client may be told."""
    for check in CHECKS:
        check(draft)
    return AuthorizationRequest(
        params=draft.params,
        client=_client(draft),
        way_back=draft.way_back,
        nonce=draft.params.value("nonce"),
        scopes=draft.scopes,
        code_challenge=draft.params.value("code_challenge"),
        prompts=draft.prompts,
        max_age=draft.max_age,
        login_hint=draft.params.value("login_hint"),
        id_token_hint=draft.params.value("id_token_hint"),
        resource=draft.params.value("resource"),
    )


def known_client(draft: Draft) -> None:
    if draft.client is None or "client_id" in draft.params.repeated:
        raise UnknownClient(cause="client_unknown")


def registered_redirect_uri(draft: Draft) -> None:
    """The whole string must be registered; it is never defaulted, never learned (contract 8.10, 8.23)."""
    uri = draft.params.value("redirect_uri")
    client = _client(draft)
    if uri is None or "redirect_uri" in draft.params.repeated:
        raise RedirectUriMismatch(cause="redirect_uri_missing")
    patterns = client.redirect_patterns
    if not redirect_uris.matches(uri, client.redirect_uris, public=client.is_public, patterns=patterns):
        raise RedirectUriMismatch(
            cause="redirect_uri_mismatch",
            hint=f"Register exactly this address for {client.application_name}: {uri[:200]}",
        )
    draft.redirect_uri, draft.proven = uri, True


def no_repeated_parameter(draft: Draft) -> None:
    draft.params.refuse_repeated()


def no_request_object(draft: Draft) -> None:
    """Never fetched, never read (contract 8.30)."""
    if "request" in draft.params:
        raise RequestNotSupported()
    if "request_uri" in draft.params:
        raise RequestUriNotSupported()


def response_type_code(draft: Draft) -> None:
    kind = draft.params.value("response_type")
    if kind is None:
        raise InvalidRequest("The parameter response_type is missing.", cause="response_type_missing")
    if kind != "code":
        raise UnsupportedResponseType(cause=f"response_type_{kind[:40]}")


def known_response_mode(draft: Draft) -> None:
    mode = draft.params.value("response_mode")
    if mode is not None and mode not in MODES:
        raise InvalidRequest(f"The response_mode is none of {', '.join(MODES)}.", cause="response_mode")
    if mode == FORM_POST and draft.way_back.mode != FORM_POST:
        raise InvalidRequest("form_post needs a redirect URI of http or https.", cause="response_mode_not_web")


def grant_allowed(draft: Draft) -> None:
    if "authorization_code" not in _client(draft).grant_types:
        raise UnauthorizedClient(
            "The provider's grant types do not include authorization_code.", cause="grant_type_not_enabled"
        )


def granted_scopes(draft: Draft) -> None:
    """Empty means all that are configured; those that nobody configured are dropped (contract 1.3 step 4).

    Access while the person is away must be asked for by name, by a client that can use it.
    """
    asked, client = scopes.parse(draft.params.get("scope", "")), _client(draft)
    configured = client.scopes
    if not asked or "refresh_token" not in client.grant_types:
        configured = tuple(name for name in configured if name != scopes.OFFLINE_ACCESS)
    draft.scopes = scopes.clamp(asked, configured)
    if not draft.scopes:
        raise InvalidScope("None of the requested scopes is configured for this client.", cause="scope_unknown")


def proof_key(draft: Draft) -> None:
    """S256 only; asked of public clients and where the provider says so (RFC 9700 2.1.1, contract 8.17)."""
    challenge, method = draft.params.value("code_challenge"), draft.params.value("code_challenge_method")
    client = _client(draft)
    if challenge is None:
        if client.is_public or client.require_pkce or method is not None:
            raise InvalidRequest("The parameter code_challenge is missing; PKCE is required.", cause="pkce_missing")
        return
    # A missing method would mean `plain` (RFC 7636 4.3), which protects nothing.
    if method != pkce.METHOD:
        raise InvalidRequest("Only code_challenge_method=S256 is supported.", cause="pkce_method")
    if not pkce.is_challenge(challenge):
        raise InvalidRequest("The code_challenge is not an S256 challenge.", cause="pkce_malformed")


def short_nonce(draft: Draft) -> None:
    if len(draft.params.get("nonce", "")) > LONGEST_NONCE:
        raise InvalidRequest(f"The nonce is longer than {LONGEST_NONCE} characters.", cause="nonce_too_long")


def known_prompts(draft: Draft) -> None:
    """Unknown values are dropped. `none` stands alone (OpenID Connect Core 3.1.2.1)."""
    draft.prompts = frozenset(draft.params.get("prompt", "").split()) & PROMPTS
    if "none" in draft.prompts and len(draft.prompts) > 1:
        raise InvalidRequest("prompt=none excludes every other prompt.", cause="prompt_conflict")


def readable_max_age(draft: Draft) -> None:
    text = draft.params.value("max_age")
    if text is None:
        return
    if not text.isascii() or not text.isdecimal() or len(text) > LONGEST_AGE_DIGITS:
        raise InvalidRequest("max_age is not a number of seconds.", cause="max_age")
    draft.max_age = int(text)


def known_resource(draft: Draft) -> None:
    """Where the access token may be used (RFC 8707 2.1)."""
    if draft.params.value("resource") is not None and not draft.resource_known:
        raise InvalidTarget(cause="resource_unknown")


CHECKS: tuple[Callable[[Draft], None], ...] = (
    known_client,
    registered_redirect_uri,
    no_repeated_parameter,
    no_request_object,
    response_type_code,
    known_response_mode,
    grant_allowed,
    granted_scopes,
    proof_key,
    short_nonce,
    known_prompts,
    readable_max_age,
    known_resource,
)


def _client(draft: Draft) -> Client:
    if draft.client is None:
        raise UnknownClient(cause="client_unknown")
    return draft.client
