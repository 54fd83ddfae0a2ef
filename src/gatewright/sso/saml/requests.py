"""What we say to the identity provider: the request of a sign-in (SAML Bindings 3.4) and our own metadata."""

import base64
import secrets
import zlib
from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec
from lxml import etree

from gatewright.domain.clock import Millis
from gatewright.settings.saml import Saml
from gatewright.sso.saml.documents import METADATA, PROTOCOL, SAML, name
from gatewright.sso.saml.provider import IdentityProvider

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def new_id() -> str:
    """An XML name that nobody can guess."""
    return f"_{secrets.token_hex(20)}"


class Wanted(msgspec.Struct, frozen=True):
    """A request to be. `ask_again`: this browser signed out, so the provider must ask for the credentials."""

    identifier: str
    audience: str
    callback: str
    ask_again: bool
    now: Millis


def request_url(provider: IdentityProvider, settings: Saml, wanted: Wanted, relay_state: str) -> str:
    """Where to send the browser."""
    issued = datetime.fromtimestamp(wanted.now // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    root = etree.Element(
        name(PROTOCOL, "AuthnRequest"),
        nsmap={"samlp": PROTOCOL, "saml": SAML},
        ID=wanted.identifier,
        Version="2.0",
        IssueInstant=issued,
        Destination=provider.sign_in_url,
        AssertionConsumerServiceURL=wanted.callback,
        ProtocolBinding=POST,
        **({"ForceAuthn": "true"} if wanted.ask_again else {}),
    )
    etree.SubElement(root, name(SAML, "Issuer")).text = wanted.audience
    etree.SubElement(root, name(PROTOCOL, "NameIDPolicy"), Format=settings.name_id_format, AllowCreate="true")
    packed = zlib.compress(etree.tostring(root), wbits=-zlib.MAX_WBITS)
    query = urlencode({"SAMLRequest": base64.b64encode(packed).decode(), "RelayState": relay_state})
    return f"{provider.sign_in_url}{'&' if '?' in provider.sign_in_url else '?'}{query}"


def our_metadata(settings: Saml, audience: str, callback: str) -> bytes:
    """What an administrator gives to the identity provider."""
    root = etree.Element(name(METADATA, "EntityDescriptor"), nsmap={"md": METADATA}, entityID=audience)
    role = etree.SubElement(
        root,
        name(METADATA, "SPSSODescriptor"),
        AuthnRequestsSigned="false",
        WantAssertionsSigned="true" if settings.want_assertions_signed else "false",
        protocolSupportEnumeration=PROTOCOL,
    )
    etree.SubElement(role, name(METADATA, "NameIDFormat")).text = settings.name_id_format
    etree.SubElement(
        role,
        name(METADATA, "AssertionConsumerService"),
        Binding=POST,
        Location=callback,
        index="0",
        isDefault="true",
    )
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written
