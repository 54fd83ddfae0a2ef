"""The code for tokens at a provider's token endpoint (RFC 6749 4.1.3, 5.1, 5.2), and why it refused in one sentence."""

import re
from collections.abc import Mapping
from typing import Any

from gatewright.domain.clock import Clock
from gatewright.outbound.client import Answer
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.client_authentication import ClientAuthentication
from gatewright.sso.discovery import Discovery, object_of, refuse_no_answer
from gatewright.sso.refusals import ProviderFailed, ProviderRefused, oauth_words
from gatewright.sso.sources import Source

LONGEST_TOKEN = 32 * 1024
PKCE_WORDS = re.compile(r"pkce|code[_ ]?verifier|code[_ ]?challenge", re.IGNORECASE)
BAD_CLIENT = {
    "basic": "Compare client id and secret with the provider's. If it wants the secret in the body, set "
    "GENERIC_CLIENT_AUTH=post.",
    "post": "Compare client id and secret with the provider's. If it wants HTTP Basic, set GENERIC_CLIENT_AUTH=basic.",
    "private_key_jwt": "Register our public key at the provider: it is at /sso/jwks.",
    "none": "The provider wants a secret: set GENERIC_CLIENT_SECRET, or make the client public there.",
}


class TokenEndpoint:
    """Of one source. `redirect_uri` is ours, as the authorization request named it."""

    def __init__(self, source: Source, discovery: Discovery, redirect_uri: str, clock: Clock) -> None:
        self._source = source
        self._discovery = discovery
        self._redirect_uri = redirect_uri
        self._authentication = ClientAuthentication(source, clock)

    async def ask(self, endpoint: str, code: str, verifier: str) -> Answer:
        """The answer to the code, any status. Raises ProviderFailed."""
        provider = self._source.provider
        fields, headers = await self._authentication.of(endpoint)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect_uri, **fields}
        if provider.use_pkce:
            form["code_verifier"] = verifier
        return await self._discovery.post(endpoint, form, {**provider.headers, **headers})

    async def exchange(self, endpoint: str, code: str, verifier: str) -> dict[str, Any]:
        """The tokens, an access token that can be sent among them. Raises ProviderRefused or ProviderFailed."""
        answer = await self.ask(endpoint, code, verifier)
        refuse_no_answer(answer)
        tokens = _read(answer)
        if not answer.is_ok or "error" in tokens:
            hidden = (await self._source.secret(), code, verifier)
            raise self._refusal(answer, tokens, hidden)
        token = tokens.get("access_token")
        if not isinstance(token, str) or not 0 < len(token) <= LONGEST_TOKEN or not _is_visible(token):
            raise ProviderFailed("token_answer", "The provider's token answer holds no access token.")
        kind = tokens.get("token_type", "Bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise ProviderFailed("token_answer", "The provider's access token is not a bearer token.")
        return tokens

    def _refusal(self, answer: Answer, tokens: Mapping[str, Any], hidden: tuple[str, ...]) -> ProviderRefused:
        error, description = tokens.get("error"), tokens.get("error_description")
        words = oauth_words(error, description)
        for secret in hidden:
            words = words.replace(secret, "…") if secret else words
        text = f"The provider refused to complete the sign-in: {words}."
        about_pkce = pkce_refusal(self._source.provider, error, description, text)
        if about_pkce is not None:
            return about_pkce
        if error in ("invalid_client", "incorrect_client_credentials") or answer.status == 401:
            return ProviderRefused("client_refused", text, hint=BAD_CLIENT[self._source.provider.client_auth])
        if error == "unauthorized_client":
            hint = "Allow the authorization code grant for the client at the provider."
            return ProviderRefused("client_not_allowed", text, hint=hint)
        if error in ("invalid_grant", "redirect_uri_mismatch", "bad_verification_code"):
            hint = f"Start again. If it stays, register exactly {self._redirect_uri} as redirect URI at the provider."
            return ProviderRefused("code_refused", text, hint=hint)
        return ProviderRefused("token_exchange_refused", text, hint="Look at the provider's own log.")


def pkce_refusal(provider: SignInProvider, error: object, description: object, text: str) -> ProviderRefused | None:
    """What to do where a provider's error speaks of PKCE, else None."""
    if not any(isinstance(one, str) and PKCE_WORDS.search(one) for one in (error, description)):
        return None
    if provider.use_pkce:
        hint = "Let the provider take PKCE with S256. Only if it cannot, set GENERIC_CLIENT_USE_PKCE=false."
        return ProviderRefused("pkce_refused", text, hint=hint)
    return ProviderRefused("pkce_wanted", text, hint="The provider wants PKCE: take GENERIC_CLIENT_USE_PKCE=false out.")


def _read(answer: Answer) -> dict[str, Any]:
    """The answer's object; a bare 401 says as much as an error would."""
    try:
        return object_of(answer)
    except ProviderFailed:
        if answer.status == 401:
            return {"error": "invalid_client"}
        raise


def _is_visible(token: str) -> bool:
    """Characters of an access token alone (RFC 6749 A.12), so that it can stand in a header."""
    return token.isascii() and token.isprintable() and " " not in token
