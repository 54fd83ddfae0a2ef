"""A SAML response (SAML Core 3.3.3, Profiles 4.1.4): who it proves, once everything about it was checked."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.clock import DAY, MINUTE, Millis
from gatewright.settings.saml import FORMATS, Saml
from gatewright.sso.refusals import ProviderRefused
from gatewright.sso.saml.documents import (
    PROTOCOL,
    SAML,
    SIGNATURE,
    Element,
    SamlRefused,
    all_of,
    children,
    moment,
    name,
    only,
    parse,
    text,
)
from gatewright.sso.saml.provider import IdentityProvider
from gatewright.sso.saml.signatures import check_shape, signed

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
SKEW: Millis = 2 * MINUTE
# An assertion's id is kept until it ends, so that it is taken once.
LONGEST_LIFE: Millis = DAY
LONGEST_SUBJECT = 255
LONGEST_VALUE = 1000
MOST_VALUES = 500
OLD = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
OIDS = "urn:oid:0.9.2342.19200300.100.1.3"
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "email": ("email", "mail", "emailAddress", "email_address", f"{OLD}/emailaddress", f"{OLD}/mail", OIDS),
    "name": ("name", "displayName", "display_name", "urn:oid:2.16.840.1.113730.3.1.241"),
    "first_name": ("first_name", "firstName", "givenName", f"{OLD}/givenname", "urn:oid:2.5.4.42"),
    "last_name": ("last_name", "lastName", "surname", "sn", f"{OLD}/surname", "urn:oid:2.5.4.4"),
    "role": ("role", "roles", "litellm_role"),
    "teams": ("teams", "team_ids", "groups"),
}
"""The claims, and the attributes that they are taken from: the first that is there (contract litellm 1.3)."""
LISTS = ("role", "teams")


class Expected(msgspec.Struct, frozen=True):
    """What a response must say. `destination` is our callback's URL, `audience` our entity id."""

    provider: IdentityProvider
    settings: Saml
    destination: str
    audience: str
    now: Millis


class Verified(msgspec.Struct, frozen=True):
    """Who signed in. `request` is the id of the request that it answers, None for an unsolicited one.

    `assertion` is the assertion's id; it counts until `ends`.
    """

    issuer: str
    subject: str
    claims: Mapping[str, Any]
    request: str | None
    assertion: str
    ends: Millis


def decoded(value: str) -> bytes:
    """The XML of a form's field. Raises SamlRefused."""
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise SamlRefused("saml_malformed", "The response is not base64.") from error


def verify(raw: bytes, expected: Expected) -> Verified:
    """Who the response proves. Raises SamlRefused, or ProviderRefused for an answer that says no."""
    root = parse(raw)
    if root.tag != name(PROTOCOL, "Response") or root.get("Version") != "2.0":
        raise SamlRefused("saml_structure", "This is no SAML 2.0 response.")
    check_shape(root)
    _check_status(root)
    root, is_signed = _whole(root, expected)
    _check_response(root, expected, is_signed=is_signed)
    assertion = _assertion(root, expected, is_signed=is_signed)
    statement = _subject(assertion, expected)
    ends = min(_conditions(assertion, expected), moment(statement.get("NotOnOrAfter", "")))
    if ends > expected.now + LONGEST_LIFE:
        raise SamlRefused("saml_time", "The assertion is valid for more than a day.")
    _check_session(assertion, expected)
    request = statement.get("InResponseTo")
    if root.get("InResponseTo") != request:
        raise SamlRefused("saml_in_response_to", "The response and its assertion answer different requests.")
    subject = _name_id(assertion, expected)
    return Verified(
        issuer=expected.provider.entity_id,
        subject=subject,
        claims=_claims(assertion, subject, expected.settings),
        request=request or None,
        assertion=_identifier(assertion),
        ends=ends + SKEW,
    )


def _check_status(root: Element) -> None:
    code = only(only(root, PROTOCOL, "Status"), PROTOCOL, "StatusCode")
    if code.get("Value") != SUCCESS:
        inner = [one.get("Value", "") for one in children(code, PROTOCOL, "StatusCode")]
        word = (inner or [code.get("Value", "")])[0].rpartition(":")[2]
        shown = word if word.isascii() and word.isalnum() and len(word) <= 60 else "an error"
        raise ProviderRefused("saml_status", f"The provider did not sign you in: {shown}.")


def _whole(root: Element, expected: Expected) -> tuple[Element, bool]:
    """The response, and whether it is what was signed."""
    if children(root, SIGNATURE, "Signature"):
        return signed(root, expected.provider.certificates), True
    if expected.settings.want_messages_signed:
        raise SamlRefused(
            "saml_unsigned", "The response is not signed.", hint="Let the provider sign responses as well."
        )
    return root, False


def _check_response(root: Element, expected: Expected, *, is_signed: bool) -> None:
    destination, issuers = root.get("Destination"), children(root, SAML, "Issuer")
    if destination is not None and destination != expected.destination:
        raise SamlRefused(
            "saml_destination",
            f"The response is for {destination[:200]!r}, not for {expected.destination!r}.",
            hint="Correct the address (ACS URL) at the provider, or PROXY_BASE_URL here.",
        )
    if destination is None and is_signed:
        raise SamlRefused("saml_destination", "The signed response does not say whom it is for.")
    for issuer in issuers:
        _check_issuer(issuer, expected)


def _check_issuer(issuer: Element, expected: Expected) -> None:
    if text(issuer) != expected.provider.entity_id or issuer.get("Format", ENTITY) != ENTITY:
        raise SamlRefused("saml_issuer", "The response is another provider's than the metadata describe.")


def _assertion(root: Element, expected: Expected, *, is_signed: bool) -> Element:
    """The one assertion, as it was signed: by itself or with the response."""
    if next(all_of(root, SAML, "EncryptedAssertion"), None) is not None:
        raise SamlRefused(
            "saml_encrypted",
            "The assertion is encrypted, which is not supported.",
            hint="Turn the encryption of assertions off at the provider; TLS protects them on the way.",
        )
    everywhere = list(all_of(root, SAML, "Assertion"))
    assertion = only(root, SAML, "Assertion")
    if len(everywhere) != 1:
        raise SamlRefused("saml_structure", f"There must be one assertion, and there are {len(everywhere)}.")
    if children(assertion, SIGNATURE, "Signature"):
        assertion = signed(assertion, expected.provider.certificates)
    elif expected.settings.want_assertions_signed:
        raise SamlRefused(
            "saml_unsigned",
            "The assertion is not signed.",
            hint="Let the provider sign assertions, or set SAML_WANT_ASSERTIONS_SIGNED=false if it signs responses.",
        )
    elif not is_signed:
        raise SamlRefused("saml_unsigned", "Neither the response nor its assertion is signed.")
    if assertion.get("Version") != "2.0":
        raise SamlRefused("saml_structure", "This is no SAML 2.0 assertion.")
    _check_issuer(only(assertion, SAML, "Issuer"), expected)
    return assertion


def _subject(assertion: Element, expected: Expected) -> Element:
    """What the bearer's confirmation says (Profiles 4.1.4.2)."""
    subject = only(assertion, SAML, "Subject")
    found = [one for one in children(subject, SAML, "SubjectConfirmation") if one.get("Method") == BEARER]
    if len(found) != 1:
        raise SamlRefused("saml_confirmation", "There must be one bearer confirmation of the subject.")
    data = only(found[0], SAML, "SubjectConfirmationData")
    if data.get("Recipient") != expected.destination:
        raise SamlRefused(
            "saml_recipient",
            f"The assertion is not for {expected.destination!r}.",
            hint="Correct the address (ACS URL or recipient) at the provider, or PROXY_BASE_URL here.",
        )
    if data.get("NotBefore") is not None:
        raise SamlRefused("saml_confirmation", "A bearer confirmation must not have a NotBefore.")
    _check_time(None, data.get("NotOnOrAfter", ""), expected)
    return data


def _conditions(assertion: Element, expected: Expected) -> Millis:
    """When the conditions end; their audience must be us (Core 2.5.1)."""
    conditions = only(assertion, SAML, "Conditions")
    restrictions = children(conditions, SAML, "AudienceRestriction")
    known = {name(SAML, one) for one in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")}
    if any(one.tag not in known for one in conditions):
        raise SamlRefused("saml_conditions", "The assertion has a condition that is not understood.")
    for restriction in restrictions:
        if expected.audience not in [text(one) for one in children(restriction, SAML, "Audience")]:
            raise SamlRefused(
                "saml_audience",
                f"The assertion is not for {expected.audience!r}.",
                hint="Write that as audience (SP entity id) at the provider, or its value into SAML_SP_ENTITY_ID.",
            )
    if not restrictions:
        raise SamlRefused("saml_audience", "The assertion does not say whom it is for.")
    return _check_time(conditions.get("NotBefore"), conditions.get("NotOnOrAfter", ""), expected)


def _check_time(start: str | None, end: str, expected: Expected) -> Millis:
    """The end, once it is between both."""
    ends = moment(end)
    if start is not None and moment(start) > expected.now + SKEW:
        raise SamlRefused("saml_time", "The assertion is not valid yet.", hint="Set both machines' clocks right.")
    if ends <= expected.now - SKEW:
        raise SamlRefused("saml_expired", "The assertion is not valid any more.", hint="Start the sign-in again.")
    return ends


def _check_session(assertion: Element, expected: Expected) -> None:
    """There is a statement that somebody signed in, and the provider's session lasts."""
    statements = children(assertion, SAML, "AuthnStatement")
    if not statements:
        raise SamlRefused("saml_structure", "The assertion does not say that anybody signed in.")
    for one in statements:
        end = one.get("SessionNotOnOrAfter")
        if end is not None and moment(end) <= expected.now - SKEW:
            raise SamlRefused("saml_expired", "The session at the provider is over.", hint="Start the sign-in again.")


def _name_id(assertion: Element, expected: Expected) -> str:
    found = only(only(assertion, SAML, "Subject"), SAML, "NameID")
    value, kind = text(found), found.get("Format", FORMATS["unspecified"])
    if kind != expected.settings.name_id_format:
        raise SamlRefused(
            "saml_name_id",
            f"The NameID has the format {kind[:100]!r}, not {expected.settings.name_id_format!r}.",
            hint="Set the format at the provider, or SAML_SP_NAME_ID_FORMAT here before anybody has signed in.",
        )
    if not 0 < len(value) <= LONGEST_SUBJECT or not value.isprintable():
        raise SamlRefused("saml_name_id", "The NameID is empty, too long, or holds what cannot be printed.")
    wrong = found.get("SPNameQualifier", expected.audience) != expected.audience
    if wrong or found.get("NameQualifier", expected.provider.entity_id) != expected.provider.entity_id:
        raise SamlRefused("saml_name_id", "The NameID is qualified by another provider or for another service.")
    return value


def _claims(assertion: Element, subject: str, settings: Saml) -> dict[str, Any]:
    """The claims by the names of `ATTRIBUTES`; an attribute that comes twice has the values of both."""
    given: dict[str, list[str]] = {}
    for statement in children(assertion, SAML, "AttributeStatement"):
        for attribute in children(statement, SAML, "Attribute"):
            values = [text(one) for one in children(attribute, SAML, "AttributeValue") if not len(one)]
            kept = given.setdefault(attribute.get("Name", ""), [])
            kept += [value for value in values if 0 < len(value) <= LONGEST_VALUE][: MOST_VALUES - len(kept)]
    claims: dict[str, Any] = {"user_id": subject}
    for claim, names in ATTRIBUTES.items():
        found = next((given[one] for one in names if given.get(one)), None)
        if found is not None:
            claims[claim] = found if claim in LISTS else found[0]
    if settings.name_id_format == FORMATS["emailAddress"]:
        claims.setdefault("email", subject)
    return claims


def _identifier(assertion: Element) -> str:
    found = assertion.get("ID") or ""
    if not 0 < len(found) <= LONGEST_SUBJECT:
        raise SamlRefused("saml_structure", "The assertion has no ID.")
    return found
