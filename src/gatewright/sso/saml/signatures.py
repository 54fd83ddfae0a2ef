"""XML signatures: what one covers is all that is believed.

The shape is checked before the library looks, which refuses the wrappings of "On Breaking SAML" (USENIX Security 2012):
a signature stands directly in the element that it signs and names that one by its ID, which no other element has.
"""

from collections.abc import Sequence
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import Certificate
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gatewright.sso.saml.documents import PROTOCOL, SAML, SIGNATURE, Element, SamlRefused, all_of, children, name, only

METHODS = frozenset(
    {
        *(SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512),
        *(SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512),
    }
)
DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SIGNED = (name(PROTOCOL, "Response"), name(SAML, "Assertion"))
SMALLEST_RSA = 2048
SMALLEST_EC = 256


class SignerUnknown(SamlRefused):
    """No certificate of the metadata made the signature: the provider may have changed it."""


def is_strong(certificate: Certificate) -> bool:
    """Whether signatures of its key are believed at all."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= SMALLEST_RSA
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= SMALLEST_EC


def check_shape(root: Element) -> None:
    """Raises SamlRefused unless IDs are unique and each signature stands directly in what it signs, one at most."""
    seen: set[str] = set()
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if etree.QName(attribute).localname.lower() != "id":
                continue
            if value in seen:
                raise SamlRefused("saml_id_repeated", "Two elements have the same ID.")
            seen.add(value)
    for signature in all_of(root, SIGNATURE, "Signature"):
        parent = signature.getparent()
        if parent is None or parent.tag not in SIGNED or len(children(parent, SIGNATURE, "Signature")) != 1:
            raise SamlRefused("saml_signature_place", "A signature stands where none belongs.")
        if parent.tag == SIGNED[0] and parent is not root:
            raise SamlRefused("saml_structure", "A response stands within another element.")
        _check_signature(signature, parent)


def _check_signature(signature: Element, parent: Element) -> None:
    if children(signature, SIGNATURE, "Object"):
        raise SamlRefused("saml_signature_place", "The signature holds an object of its own.")
    info = only(signature, SIGNATURE, "SignedInfo")
    if only(info, SIGNATURE, "CanonicalizationMethod").get("Algorithm") != EXCLUSIVE:
        raise SamlRefused("saml_algorithm", "The signature is not made with exclusive canonicalization.")
    reference = only(info, SIGNATURE, "Reference")
    identifier = parent.get("ID")
    if not identifier or reference.get("URI") != f"#{identifier}":
        raise SamlRefused("saml_signature_place", "The signature does not cover the element that it stands in.")
    transforms = only(reference, SIGNATURE, "Transforms")
    if [one.get("Algorithm") for one in children(transforms, SIGNATURE, "Transform")] != [ENVELOPED, EXCLUSIVE]:
        raise SamlRefused("saml_algorithm", "The signature changes what it covers in a way that is not allowed.")


def signed(element: Element, certificates: Sequence[Certificate]) -> Element:
    """What the signature directly in `element` covers, as it was signed. The message's own certificate never counts.

    Raises SamlRefused, SignerUnknown where no certificate fits.
    """
    raw = etree.tostring(element, with_tail=False)
    for certificate in certificates:
        # The key counts, not the dates of the certificate around it (SAML V2.0 Metadata Interoperability Profile 2.5).
        config = SignatureConfiguration(
            location="./",
            expect_references=1,
            signature_methods=METHODS,
            digest_algorithms=DIGESTS,
            ignore_ambiguous_key_info=True,
            verification_time=certificate.not_valid_before_utc + timedelta(seconds=1),
        )
        try:
            done = XMLVerifier().verify(raw, x509_cert=certificate, id_attribute="ID", expect_config=config)
        except (SignXMLException, ValueError, KeyError, TypeError, etree.LxmlError):
            continue
        found = None if isinstance(done, list) else done.signed_xml
        if found is not None and found.tag == element.tag and found.get("ID") == element.get("ID"):
            return found
    raise SignerUnknown(
        "saml_signature",
        "The signature was not made with a certificate of the identity provider's metadata, or with an algorithm that "
        "is too weak, or what it covers was changed.",
        hint="Let the provider sign with RSA-SHA256 or ECDSA-SHA256, and see that its metadata is up to date.",
    )
