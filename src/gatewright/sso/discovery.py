"""What a provider publishes about itself: its discovery document and its keys, fetched once and kept for a while."""

import asyncio
from collections.abc import Mapping
from typing import Any

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import HOUR, SECOND, Clock, Millis
from gatewright.domain.errors import GatewrightError
from gatewright.oidc import metadata
from gatewright.oidc.errors import LoginRefused, MetadataInvalid
from gatewright.oidc.metadata import Metadata, discovery_url
from gatewright.oidc.strict_json import parse_object
from gatewright.outbound.client import Answer, Outbound
from gatewright.outbound.errors import AddressRefused, OutboundFailed
from gatewright.outbound.trust import EXPIRED, OTHER_NAME, UNTRUSTED
from gatewright.sso.refusals import ProviderFailed

KEPT_FOR = HOUR
# A failure is remembered, so that a provider that is down does not slow every sign-in twice.
FAILURE_KEPT_FOR = 20 * SECOND
# An unknown key id fetches the keys again, at most this often: anybody can send us a token with a made-up key id.
REFETCH_AFTER = 30 * SECOND
MOST_CACHED = 50


class Discovery:
    """Under one address policy: the operator's, since the issuers come from the operator's settings."""

    def __init__(self, outbound: Outbound, policy: AddressPolicy, clock: Clock) -> None:
        self._outbound = outbound
        self._policy = policy
        self._clock = clock
        self._metadata: dict[str, tuple[Millis, Metadata | LoginRefused]] = {}
        self._jwks: dict[str, tuple[Millis, Mapping[str, Any]]] = {}
        self._lock = asyncio.Lock()

    async def metadata(self, issuer: str) -> Metadata:
        """The issuer's discovery document. Raises ProviderFailed or MetadataInvalid, a repeated failure from memory."""
        async with self._lock:
            now = self._clock()
            known = self._metadata.get(issuer)
            if known is not None and now - known[0] < _life(known[1]):
                return _or_raise(known[1])
            found = await self._fetch_metadata(issuer)
            if len(self._metadata) >= MOST_CACHED:
                self._metadata.clear()
            self._metadata[issuer] = (now, found)
        return _or_raise(found)

    async def jwks(self, uri: str, *, again: bool = False) -> Mapping[str, Any]:
        """The provider's public keys. `again` fetches them anew, unless that happened just now.

        Raises ProviderFailed, `jwks_malformed` for a document without a list of keys.
        """
        async with self._lock:
            now = self._clock()
            known = self._jwks.get(uri)
            if known is not None and now - known[0] < (REFETCH_AFTER if again else KEPT_FOR):
                return known[1]
            answer = await self.fetch(uri)
            if len(self._jwks) >= MOST_CACHED:
                self._jwks.clear()
            keys = object_of(answer)
            if not isinstance(keys.get("keys"), list):
                raise ProviderFailed("jwks_malformed", f"{answer.url} answered no list of keys.")
            self._jwks[uri] = (now, keys)
            return keys

    async def ask(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """GET, any status. Raises ProviderFailed."""
        try:
            return await self._outbound.get(url, self._policy, headers)
        except (AddressRefused, OutboundFailed) as error:
            raise unreachable(error) from error

    async def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """GET that must answer 200. Raises ProviderFailed."""
        answer = await self.ask(url, headers)
        refuse_no_answer(answer)
        if answer.status != 200:
            text = f"The provider answered {answer.status} at {answer.url}."
            raise ProviderFailed("provider_status", text, hint=ADDRESS)
        return answer

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """POST of a form, any status. Raises ProviderFailed."""
        try:
            return await self._outbound.post_form(url, self._policy, form, headers)
        except (AddressRefused, OutboundFailed) as error:
            raise unreachable(error) from error

    async def _fetch_metadata(self, issuer: str) -> Metadata | LoginRefused:
        try:
            answer = await self.fetch(discovery_url(issuer))
            return metadata.parse(answer.body, issuer=issuer)
        except (ProviderFailed, MetadataInvalid) as error:
            return error


def object_of(answer: Answer) -> dict[str, Any]:
    """The answer's JSON object. Raises ProviderFailed, which never quotes the body."""
    try:
        return parse_object(answer.body)
    except ValueError as error:
        kind = answer.headers.get("content-type", "no content type")[:60]
        raise ProviderFailed(
            "provider_answer",
            f"{answer.url} answered {answer.status} and no JSON object that can be read ({kind}).",
            hint="Check that this is the provider's address, not a page or a proxy in front of it.",
        ) from error


def refuse_no_answer(answer: Answer) -> None:
    """Statuses that say nothing of the sign-in: a redirect, too many requests, a failure. Raises ProviderFailed."""
    where = f"The provider answered {answer.status} at {answer.url}"
    if 300 <= answer.status < 400:
        raise ProviderFailed(
            "provider_redirect",
            f"{where}, a redirect. It is not followed: what we send would go elsewhere.",
            hint="Configure the address that it leads to, if that is the provider's own.",
        )
    if answer.status == 429:
        raise ProviderFailed("provider_busy", f"{where}: too many requests.", hint="Try again in a minute.")
    if answer.status >= 500:
        raise ProviderFailed("provider_down", f"{where}: it has failed.", hint="Look at the provider's own log.")


def unreachable(error: GatewrightError) -> ProviderFailed:
    """A failed call in the words of a sign-in."""
    code, hint = CAUSES.get(error.error_code, ("provider_unreachable", REACH))
    return ProviderFailed(code, f"The sign-in provider cannot be used now: {error.message}", hint=hint)


ADDRESS = "Compare the issuer or the address in the settings with the provider's documents, letter for letter."
REACH = "Check that Gatewright can reach the provider's address."
CERTIFICATE = "Name a PEM file of the provider's authority with GENERIC_CA_FILE, or give it in the provider's settings."
CAUSES: dict[str, tuple[str, str]] = {
    "address_refused": ("provider_address", "The provider's document or settings name an address that is not allowed."),
    "url_invalid": ("provider_address", "The provider's document or settings hold something that is no address."),
    "outbound_timeout": ("provider_timeout", REACH),
    "answer_too_large": ("provider_answer_too_large", "Check that this is the provider's address."),
    "answer_encoded": ("provider_answer_encoded", "Take the proxy that packs answers out of the way."),
    UNTRUSTED: ("provider_certificate_untrusted", CERTIFICATE),
    EXPIRED: ("provider_certificate_expired", "Renew the provider's certificate, or set this machine's clock right."),
    OTHER_NAME: ("provider_certificate_name", "Use the host name that the provider's certificate was made for."),
}
"""From what went wrong with a call to the code of the refused sign-in, and what to do."""


def _life(found: Metadata | LoginRefused) -> Millis:
    return KEPT_FOR if isinstance(found, Metadata) else FAILURE_KEPT_FOR


def _or_raise(found: Metadata | LoginRefused) -> Metadata:
    if isinstance(found, LoginRefused):
        # A fresh one each time: an exception that is raised again collects tracebacks.
        raise type(found)(found.error_code, found.message, hint=found.hint)
    return found
