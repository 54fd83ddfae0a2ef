"""The identity provider as its metadata describes it: name, address, certificates. Read again every hour."""

import asyncio
import base64
import binascii
import logging

import msgspec
from cryptography.x509 import Certificate, load_der_x509_certificate

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import HOUR, SECOND, Clock, Millis
from gatewright.domain.errors import GatewrightError
from gatewright.oidc.errors import LoginRefused
from gatewright.outbound.client import Outbound
from gatewright.outbound.errors import AddressRefused, OutboundFailed
from gatewright.settings.saml import Saml, secure_url
from gatewright.sso.refusals import ProviderFailed
from gatewright.sso.saml.documents import (
    METADATA,
    PROTOCOL,
    SIGNATURE,
    Element,
    SamlRefused,
    all_of,
    children,
    moment,
    name,
    parse,
    text,
)
from gatewright.sso.saml.signatures import is_strong

logger = logging.getLogger(__name__)
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
MOST_CERTIFICATES = 10
KEPT_FOR = HOUR
# After a failure, and when a signature fits no certificate: anybody can send us one that does not.
AGAIN_AFTER = 30 * SECOND


class IdentityProvider(msgspec.Struct, frozen=True):
    """`sign_in_url` takes requests by redirect. `valid_until` None: the metadata do not say."""

    entity_id: str
    sign_in_url: str
    certificates: tuple[Certificate, ...]
    valid_until: Millis | None


def read(raw: bytes, now: Millis) -> IdentityProvider:
    """The one identity provider that the metadata describe. Raises SamlRefused."""
    root = parse(raw, remarks=True)
    entities = [root, *all_of(root, METADATA, "EntityDescriptor")] if root.tag == GROUP else [root]
    found = [(entity, role) for entity in entities for role in children(entity, METADATA, "IDPSSODescriptor")]
    if len(found) != 1 or found[0][0].tag != name(METADATA, "EntityDescriptor"):
        raise SamlRefused(
            "saml_metadata",
            f"The metadata must describe one identity provider, and describe {len(found)}.",
            hint="Take the metadata of the application at the provider, not those of a federation.",
        )
    entity, role = found[0]
    entity_id = entity.get("entityID") or ""
    if not entity_id or not entity_id.isprintable() or PROTOCOL not in role.get("protocolSupportEnumeration", ""):
        raise SamlRefused("saml_metadata", "The metadata name no identity provider that speaks SAML 2.0.")
    ends = [moment(node.get("validUntil")) for node in {root, entity, role} if node.get("validUntil")]
    valid_until = min(ends, default=None)
    if valid_until is not None and valid_until <= now:
        raise SamlRefused("saml_metadata_expired", "The identity provider's metadata are not valid any more.")
    return IdentityProvider(entity_id, _sign_in_url(role), _certificates(role), valid_until)


GROUP = name(METADATA, "EntitiesDescriptor")


def _sign_in_url(role: Element) -> str:
    services = children(role, METADATA, "SingleSignOnService")
    found = [one.get("Location") or "" for one in services if one.get("Binding") == REDIRECT]
    if not found:
        raise SamlRefused("saml_metadata", "The identity provider takes no requests by redirect (HTTP-Redirect).")
    try:
        return secure_url(found[0])
    except ValueError as error:
        raise SamlRefused("saml_metadata", "The identity provider's address is no https URL.") from error


def _certificates(role: Element) -> tuple[Certificate, ...]:
    found: list[Certificate] = []
    for descriptor in children(role, METADATA, "KeyDescriptor"):
        if descriptor.get("use") not in (None, "signing"):
            continue
        for node in all_of(descriptor, SIGNATURE, "X509Certificate"):
            try:
                found.append(load_der_x509_certificate(base64.b64decode("".join(text(node).split()), validate=True)))
            except (ValueError, binascii.Error) as error:
                raise SamlRefused("saml_metadata", "A certificate in the metadata cannot be read.") from error
    strong = [one for one in found if is_strong(one)][:MOST_CERTIFICATES]
    if not strong:
        raise SamlRefused(
            "saml_metadata",
            "The metadata hold no certificate for signatures whose key is strong enough (RSA with 2048 bits, or "
            "elliptic curves).",
        )
    return tuple(strong)


class Metadata:
    """The provider's metadata, kept for an hour. While they cannot be read again the last ones count, but never longer
    than they say themselves."""

    def __init__(self, settings: Saml, outbound: Outbound, policy: AddressPolicy, clock: Clock) -> None:
        self._settings = settings
        self._outbound = outbound
        self._policy = policy
        self._clock = clock
        self._lock = asyncio.Lock()
        self._known: IdentityProvider | None = None
        self._failure: GatewrightError | None = None
        self._read_at: Millis | None = None

    async def provider(self, *, again: bool = False) -> IdentityProvider:
        """The identity provider; `again` reads the metadata anew, unless that happened just now.

        Raises SamlRefused or ProviderFailed.
        """
        async with self._lock:
            now = self._clock()
            wait = AGAIN_AFTER if again or self._failure is not None else KEPT_FOR
            if self._read_at is None or now - self._read_at >= wait:
                self._read_at = now
                await self._read(now)
            known, failure = self._known, self._failure
        if known is None:
            raise _fresh(failure)
        if known.valid_until is not None and known.valid_until <= now:
            raise SamlRefused("saml_metadata_expired", "The identity provider's metadata are not valid any more.")
        return known

    async def _read(self, now: Millis) -> None:
        try:
            self._known, self._failure = read(await self._raw(), now), None
        except LoginRefused as error:
            logger.warning("the metadata of the SAML identity provider cannot be used: %s", error.message)
            self._failure = error

    async def _raw(self) -> bytes:
        url = self._settings.metadata_url
        if url is None:
            return (self._settings.metadata_xml or "").strip().encode()
        try:
            answer = await self._outbound.get(url, self._policy, {"accept": "application/samlmetadata+xml, */*"})
        except (AddressRefused, OutboundFailed) as error:
            raise ProviderFailed(
                "saml_metadata_unreachable", f"The metadata cannot be read: {error.message}"
            ) from error
        if answer.status != 200:
            raise ProviderFailed("saml_metadata_unreachable", f"{answer.url} answered {answer.status}, no metadata.")
        return answer.body


def _fresh(error: GatewrightError | None) -> GatewrightError:
    """A new one each time: an exception that is raised again collects tracebacks."""
    if isinstance(error, LoginRefused):
        return type(error)(error.error_code, error.message, hint=error.hint)
    return SamlRefused("saml_metadata", "There are no metadata of the identity provider.")
