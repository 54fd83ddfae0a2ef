"""An identity provider whose signatures are made by xmlsec through python3-saml: nothing of ours signs or packs."""

import base64
import zlib
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

# Its stubs lack half of its names.
xmlsec: Any = import_module("xmlsec")

ENTITY = "https://idp.example/metadata"
SIGN_IN = "https://idp.example/sso?tenant=7"
BASE = "http://localhost:4000"
CALLBACK = f"{BASE}/sso/saml/callback"
AUDIENCE = f"{BASE}/sso/saml/metadata"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
NS = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "d": "http://www.w3.org/2000/09/xmldsig#",
}


class Signer:
    """A key with its certificate, which ran out long ago: metadata's certificates are wrappings of keys."""

    def __init__(self, *, bits: int = 2048, curve: bool = False) -> None:
        key: Any = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(65537, bits)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
        begin = datetime(2020, 1, 1, tzinfo=UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(7)
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        self.is_curve = curve
        self.certificate = made.public_bytes(serialization.Encoding.PEM).decode()
        self.key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def sign(self, xml: str, method: str = RSA_SHA256, digest: str = SHA256) -> str:
        """Signs the root element."""
        if self.is_curve:
            return self._sign_with_curve(xml)
        found = OneLogin_Saml2_Utils.add_sign(xml, self.key, self.certificate, False, method, digest)
        return found.decode() if isinstance(found, bytes) else str(found)

    def _sign_with_curve(self, xml: str) -> str:
        root = etree.fromstring(xml)
        node = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.ECDSA_SHA256, ns="ds")
        root.insert(1, node)
        reference = xmlsec.template.add_reference(node, xmlsec.Transform.SHA256, uri=f"#{root.get('ID')}")
        for transform in (xmlsec.Transform.ENVELOPED, xmlsec.Transform.EXCL_C14N):
            xmlsec.template.add_transform(reference, transform)
        xmlsec.tree.add_ids(root, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(self.key, xmlsec.KeyFormat.PEM)
        context.sign(node)
        return str(etree.tostring(root).decode())


def metadata(*signers: Signer, more: str = "", entity: str = ENTITY, location: str = SIGN_IN) -> str:
    """What the provider publishes. `more` are attributes of the root."""
    keys = "".join(
        '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{''.join(one.certificate.splitlines()[1:-1])}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for one in signers
    )
    return (
        f'<?xml version="1.0"?><!-- made by hand --><md:EntityDescriptor entityID="{entity}" {more} '
        'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:IDPSSODescriptor '
        'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f'{keys}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
        f'Location="{location}"/></md:IDPSSODescriptor></md:EntityDescriptor>'
    )


def stamp(now: int, seconds: int = 0) -> str:
    return datetime.fromtimestamp(now // 1000 + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def assertion(now: int, **changes: Any) -> str:
    """An assertion without a signature. `changes` name what is to be otherwise."""
    said: dict[str, Any] = {
        "id": "_assertion1",
        "issuer": ENTITY,
        "name_id": "ada@example.com",
        "format": EMAIL,
        "qualifier": "",
        "recipient": CALLBACK,
        "audience": AUDIENCE,
        "before": stamp(now, -60),
        "after": stamp(now, 300),
        "confirmed": stamp(now, 300),
        "session": stamp(now, 3600),
        "request": "_request1",
        "attributes": {},
        **changes,
    }
    attributes = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
        + "</saml:Attribute>"
        for name, values in said["attributes"].items()
    )
    answers = f'InResponseTo="{said["request"]}"' if said["request"] else ""
    return (
        f'<saml:Assertion xmlns:saml="{NS["a"]}" ID="{said["id"]}" Version="2.0" IssueInstant="{stamp(now)}">'
        f"<saml:Issuer>{said['issuer']}</saml:Issuer>"
        f'<saml:Subject><saml:NameID Format="{said["format"]}" {said["qualifier"]}>{said["name_id"]}</saml:NameID>'
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData {answers} NotOnOrAfter="{said["confirmed"]}" '
        f'Recipient="{said["recipient"]}"/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="{said["before"]}" NotOnOrAfter="{said["after"]}"><saml:AudienceRestriction>'
        f"<saml:Audience>{said['audience']}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{stamp(now)}" SessionNotOnOrAfter="{said["session"]}" '
        'SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext>"
        "</saml:AuthnStatement>"
        + (f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else "")
        + "</saml:Assertion>"
    )


def response(now: int, inside: str, **changes: Any) -> str:
    """A response around it, without a signature."""
    said: dict[str, Any] = {
        "issuer": ENTITY,
        "destination": CALLBACK,
        "request": "_request1",
        "status": "urn:oasis:names:tc:SAML:2.0:status:Success",
        **changes,
    }
    answers = f'InResponseTo="{said["request"]}"' if said["request"] else ""
    return (
        f'<samlp:Response xmlns:samlp="{NS["p"]}" xmlns:saml="{NS["a"]}" ID="_response1" Version="2.0" '
        f'IssueInstant="{stamp(now)}" Destination="{said["destination"]}" {answers}>'
        f"<saml:Issuer>{said['issuer']}</saml:Issuer>"
        f'<samlp:Status><samlp:StatusCode Value="{said["status"]}"/></samlp:Status>{inside}</samlp:Response>'
    )


def unwrapped(xml: str) -> str:
    return xml.partition("?>")[2].lstrip() if xml.startswith("<?xml") else xml


def asked(url: str) -> tuple[Any, str]:
    """The request in the address that a browser is sent to, judged by the standard's schema, and its RelayState."""
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    raw = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15)
    judged = OneLogin_Saml2_XML.validate_xml(raw.decode(), "saml-schema-protocol-2.0.xsd")
    assert not isinstance(judged, str), judged
    return etree.fromstring(raw), query["RelayState"][0]


def packed(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()
