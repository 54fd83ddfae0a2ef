"""What a response must say, and what is refused although a good signature is somewhere in it."""

import re
from copy import deepcopy
from typing import Any

import pytest
from lxml import etree
from tests.unit.sso.saml.idp import (
    AUDIENCE,
    CALLBACK,
    ENTITY,
    NS,
    PERSISTENT,
    TRANSIENT,
    Signer,
    assertion,
    metadata,
    response,
    stamp,
    unwrapped,
)

from gatewright.oidc.errors import LoginRefused
from gatewright.settings.saml import FORMATS, Saml
from gatewright.sso.saml.documents import SamlRefused
from gatewright.sso.saml.provider import read
from gatewright.sso.saml.responses import Expected, Verified, verify

NOW = 1_795_219_200_000
SIGNER, OTHER = Signer(), Signer()
EVIL = "admin@example.com"


def judged(xml: str, *, now: int = NOW, signers: tuple[Signer, ...] = (OTHER, SIGNER), **settings: Any) -> Verified:
    provider = read(metadata(*signers).encode(), NOW)
    return verify(xml.encode(), Expected(provider, Saml(**settings), CALLBACK, AUDIENCE, now))


def refused(xml: str, **more: Any) -> str:
    with pytest.raises(LoginRefused) as caught:
        judged(xml, **more)
    assert EVIL not in caught.value.message
    return caught.value.error_code


def good(signer: Signer = SIGNER, **changes: Any) -> str:
    """A response with a signed assertion."""
    return response(NOW, unwrapped(signer.sign(assertion(NOW, **changes))))


def test_a_signed_assertion_proves_who_it_is() -> None:
    attributes = {
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": ["Ada@Example.com"],
        "roles": ["internal_user", "proxy_admin"],
        "groups": ["red", "blue"],
        "displayName": ["Ada &amp; Co"],
    }
    found = judged(good(attributes=attributes))
    assert (found.issuer, found.subject, found.request) == (ENTITY, "ada@example.com", "_request1")
    assert found.claims == {
        "user_id": "ada@example.com",
        "email": "Ada@Example.com",
        "name": "Ada & Co",
        "role": ["internal_user", "proxy_admin"],
        "teams": ["red", "blue"],
    }
    curve = Signer(curve=True)
    assert judged(good(curve), signers=(curve,)).subject == "ada@example.com"
    # The response may be signed instead, or too.
    whole = SIGNER.sign(response(NOW, assertion(NOW)))
    assert judged(whole, want_assertions_signed=False).subject == "ada@example.com"
    assert judged(SIGNER.sign(good()), want_messages_signed=True).subject == "ada@example.com"
    persistent = judged(good(format=PERSISTENT, name_id="x-1"), name_id_format=PERSISTENT)
    assert persistent.claims == {"user_id": "x-1"}


def test_what_is_not_signed_as_wanted_is_refused() -> None:
    bare = response(NOW, assertion(NOW))
    assert refused(bare) == "saml_unsigned"
    # With nothing wanted something must be signed all the same.
    assert refused(bare, want_assertions_signed=False) == "saml_unsigned"
    assert refused(SIGNER.sign(bare)) == "saml_unsigned"
    assert refused(good(), want_messages_signed=True) == "saml_unsigned"


def test_only_the_metadatas_strong_keys_count() -> None:
    assert refused(good(Signer())) == "saml_signature"
    assert refused(good(), signers=(OTHER,)) == "saml_signature"
    sha1 = "http://www.w3.org/2000/09/xmldsig#"
    inside = assertion(NOW)
    for method, digest in ((f"{sha1}rsa-sha1", f"{sha1}sha1"), (f"{sha1}rsa-sha1", None), (None, f"{sha1}sha1")):
        words = {key: value for key, value in (("method", method), ("digest", digest)) if value}
        assert refused(response(NOW, unwrapped(SIGNER.sign(inside, **words)))) == "saml_signature"
    with pytest.raises(SamlRefused, match="strong enough"):
        read(metadata(Signer(bits=1024)).encode(), NOW)
    # The algorithm that a message names is one of ours, or nothing: HMAC with the certificate as its key is not.
    hmac = good().replace("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", f"{sha1}hmac-sha256")
    assert refused(hmac) == "saml_signature"


def tree(xml: str) -> tuple[Any, Any, Any]:
    """The response, its assertion, and the assertion's signature."""
    root = etree.fromstring(xml.encode())
    [inner] = root.findall("a:Assertion", NS)
    signature = inner.find("d:Signature", NS)
    return root, inner, signature


def forged(inner: Any, *, identifier: str = "_evil", signature: bool = False) -> Any:
    """A copy that says somebody else."""
    evil = deepcopy(inner)
    evil.set("ID", identifier)
    evil.find("a:Subject/a:NameID", NS).text = EVIL
    if not signature:
        for one in evil.findall("d:Signature", NS):
            evil.remove(one)
    return evil


def wrappings() -> dict[str, str]:
    """XML signature wrapping, as "On Breaking SAML: Be Whoever You Want to Be" numbers them (XSW1 to XSW8)."""
    found: dict[str, Any] = {}
    whole = etree.fromstring(SIGNER.sign(response(NOW, assertion(NOW))).encode())
    for number in (1, 2):
        evil, original = deepcopy(whole), deepcopy(whole)
        mark = evil.find("d:Signature", NS)
        evil.remove(mark)
        evil.set("ID", "_evil")
        evil.find("a:Assertion", NS).set("ID", "_evil-inside")
        evil.find("a:Assertion/a:Subject/a:NameID", NS).text = EVIL
        if number == 1:
            original.remove(original.find("d:Signature", NS))
            mark.append(original)
            evil.insert(1, mark)
        else:
            original.remove(original.find("d:Signature", NS))
            evil.insert(1, original)
            evil.insert(2, mark)
        found[f"xsw{number}"] = evil
    root, inner, _ = tree(good())
    root.insert(root.index(inner), forged(inner))
    found["xsw3"] = root
    root, inner, _ = tree(good())
    evil = forged(inner)
    root.replace(inner, evil)
    evil.append(inner)
    found["xsw4"] = root
    root, inner, signature = tree(good())
    evil = forged(inner, signature=True)
    inner.remove(signature)
    root.replace(inner, evil)
    root.append(inner)
    found["xsw5"] = root
    root, inner, signature = tree(good())
    evil = forged(inner, signature=True)
    inner.remove(signature)
    root.replace(inner, evil)
    evil.find("d:Signature", NS).append(inner)
    found["xsw6"] = root
    for number in (7, 8):
        root, inner, signature = tree(good())
        if number == 7:
            holder = etree.Element(f"{{{NS['p']}}}Extensions")
            holder.append(forged(inner))
            root.insert(1, holder)
        else:
            evil = forged(inner, signature=True)
            root.replace(inner, evil)
            inner.remove(signature)
            holder = etree.SubElement(evil.find("d:Signature", NS), f"{{{NS['d']}}}Object")
            holder.append(inner)
        found[f"xsw{number}"] = root
    # The same ID twice, the first with the signature's good content.
    root, inner, signature = tree(good())
    root.append(forged(inner, identifier="_assertion1"))
    found["same id"] = root
    # The good one not at its place at all.
    root, inner, _ = tree(good())
    root.replace(inner, forged(inner))
    etree.SubElement(root.find("p:Status", NS), f"{{{NS['p']}}}StatusDetail").append(inner)
    found["detail"] = root
    return {name: etree.tostring(one).decode() for name, one in found.items()}


@pytest.mark.parametrize("name", sorted(wrappings()))
@pytest.mark.parametrize("assertions", [True, False])
def test_a_signature_covers_what_is_read_or_nothing_is(name: str, assertions: bool) -> None:
    wrapped = wrappings()[name]
    assert EVIL in wrapped
    assert refused(wrapped, want_assertions_signed=assertions) in {
        *("saml_structure", "saml_signature_place", "saml_id_repeated", "saml_unsigned", "saml_signature"),
    }


def test_a_changed_letter_is_noticed() -> None:
    for before, after in (("ada@example.com", EVIL), (ENTITY, "https://idp.example/other"), ("_request1", "_request2")):
        assert refused(good().replace(before, after)) in ("saml_signature", "saml_issuer"), before
    # What the signature allows to be changed is not for the message to choose.
    odd = good().replace("xml-exc-c14n#", "xml-exc-c14n#WithComments")
    assert refused(odd) == "saml_algorithm"
    xslt = re.sub(
        r'(<ds:Transform )Algorithm="[^"]*enveloped[^"]*"', r'\1Algorithm="http://www.w3.org/TR/1999/x"', good()
    )
    assert refused(xslt) == "saml_algorithm"


def test_comments_cut_no_name_short() -> None:
    signed = good(name_id="ada@example.com.evil.example")
    cut = signed.replace("ada@example.com.evil", "ada@example.com<!---->.evil")
    assert cut != signed
    assert refused(cut) == "saml_remark"
    assert refused(signed.replace("ada@example.com.evil", "ada@example.com<?x y?>.evil")) == "saml_remark"
    assert refused(f"<!--x-->{signed}") == "saml_remark"


def test_xml_from_outside_reaches_nothing_and_stays_small() -> None:
    for head in (
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!doctype r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
    ):
        assert refused(f"{head}{good()}") == "saml_doctype"
    wide = f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r []>{good()}'.encode("utf-16")
    expected = Expected(read(metadata(SIGNER).encode(), NOW), Saml(), CALLBACK, AUDIENCE, NOW)
    for raw in (wide, b"", b"<", b"<a>&x;</a>", b"\xff\xfe"):
        with pytest.raises(SamlRefused):
            verify(raw, expected)
    # An inclusion is an element like any other: nothing is included.
    included = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/hostname" parse="text"/>'
    assert refused(good(name_id=included)) == "saml_structure"
    assert refused("<a>" * 60 + "</a>" * 60) == "saml_too_large"
    assert refused(f"<a>{'<b/>' * 6000}</a>") == "saml_too_large"
    assert refused(f"<a>{'x' * 300_000}</a>") == "saml_too_large"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"issuer": "https://other.example"}, "saml_issuer"),
    "another recipient": ({"recipient": "https://other.example/sso/saml/callback"}, "saml_recipient"),
    "a longer recipient": ({"recipient": f"{CALLBACK}/"}, "saml_recipient"),
    "another audience": ({"audience": "https://other.example"}, "saml_audience"),
    "over": ({"after": stamp(NOW, -200)}, "saml_expired"),
    "confirmation over": ({"confirmed": stamp(NOW, -200)}, "saml_expired"),
    "session over": ({"session": stamp(NOW, -200)}, "saml_expired"),
    "not yet": ({"before": stamp(NOW, 200)}, "saml_time"),
    "for days": ({"after": stamp(NOW, 200_000), "confirmed": stamp(NOW, 200_000)}, "saml_time"),
    "local time": ({"after": stamp(NOW, 300)[:-1]}, "saml_time"),
    "another request": ({"request": "_request2"}, "saml_in_response_to"),
    "no request": ({"request": ""}, "saml_in_response_to"),
    "transient": ({"format": TRANSIENT}, "saml_name_id"),
    "another format": ({"format": PERSISTENT}, "saml_name_id"),
    "foreign name": ({"qualifier": 'NameQualifier="https://other.example"'}, "saml_name_id"),
    "for another": ({"qualifier": 'SPNameQualifier="https://other.example"'}, "saml_name_id"),
    "nobody": ({"name_id": " "}, "saml_name_id"),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_condition_counts(name: str) -> None:
    changes, code = WRONG[name]
    assert refused(good(**changes)) == code


def test_the_response_itself_is_for_us() -> None:
    inside = unwrapped(SIGNER.sign(assertion(NOW)))
    assert refused(response(NOW, inside, destination="https://other.example")) == "saml_destination"
    assert refused(response(NOW, inside, issuer="https://other.example")) == "saml_issuer"
    assert refused(response(NOW, inside, request="_request2")) == "saml_in_response_to"
    denied = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
    assert refused(response(NOW, inside, status=denied)) == "saml_status"
    assert refused(response(NOW, inside + inside.replace("_assertion1", "_assertion2"))) == "saml_structure"
    assert refused(response(NOW, "<saml:EncryptedAssertion/>")) == "saml_encrypted"
    # Without any restriction it would be for everybody.
    loose = re.sub(r"<saml:AudienceRestriction>.*</saml:AudienceRestriction>", "", assertion(NOW))
    assert refused(response(NOW, unwrapped(SIGNER.sign(loose)))) == "saml_audience"
    # Clocks differ a little.
    assert judged(good(), now=NOW + 400_000).subject == "ada@example.com"
    assert refused(good(), now=NOW + 430_000) == "saml_expired"


def test_metadata_describe_one_provider_that_is_there() -> None:
    group = 'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
    one = metadata(SIGNER).partition("-->")[2]
    assert read(f"<md:EntitiesDescriptor {group}>{one}</md:EntitiesDescriptor>".encode(), NOW).entity_id == ENTITY
    bad = [
        metadata(SIGNER, more=f'validUntil="{stamp(NOW, -1)}"'),
        metadata(),
        metadata(SIGNER, location="http://idp.example/sso"),
        metadata(SIGNER).replace("HTTP-Redirect", "HTTP-POST"),
        f"<md:EntitiesDescriptor {group}>{one}{one}</md:EntitiesDescriptor>",
        f"<!DOCTYPE x []>{one}",
        "<html/>",
    ]
    for text in bad:
        with pytest.raises(SamlRefused):
            read(text.encode(), NOW)
    assert read(metadata(SIGNER, more=f'validUntil="{stamp(NOW, 9)}"').encode(), NOW).valid_until == NOW + 9000


def test_every_format_of_the_settings_is_a_format_of_the_standard() -> None:
    assert all(urn.startswith("urn:oasis:names:tc:SAML:") for urn in FORMATS.values())
