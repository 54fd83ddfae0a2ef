"""XML from outside: parsed without entities, DTDs or the network, and within bounds, or refused."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lxml import etree

from gatewright.domain.clock import Millis
from gatewright.oidc.errors import LoginRefused

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
LARGEST = 256_000
DEEPEST = 40
MOST_ELEMENTS = 5_000
LONGEST_TIME = 40

Element = Any
"""An element of lxml, which has no types."""


class SamlRefused(LoginRefused):
    """A SAML response or metadata that cannot be believed; codes start with `saml_`."""


def parse(raw: bytes, *, remarks: bool = False) -> Element:
    """The root element. With `remarks` comments and processing instructions are dropped, otherwise refused: they would
    cut text in pieces. Raises SamlRefused.
    """
    if len(raw) > LARGEST:
        raise SamlRefused("saml_too_large", f"The XML is larger than {LARGEST} bytes.")
    # UTF-16 would hide a document type from the eye; nobody sends it.
    if b"\0" in raw or b"<!DOCTYPE" in raw.upper() or b"<!ENTITY" in raw.upper():
        raise SamlRefused("saml_doctype", "The XML holds a document type or entities, which SAML forbids.")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=remarks,
        remove_pis=remarks,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SamlRefused("saml_malformed", "The XML cannot be read.") from error
    if root.getroottree().docinfo.doctype:
        raise SamlRefused("saml_doctype", "The XML holds a document type, which SAML forbids.")
    _check(root)
    return root


def _check(root: Element) -> None:
    if root.getprevious() is not None or root.getnext() is not None:
        raise SamlRefused("saml_remark", "The XML holds comments or processing instructions.")
    depth, count = 0, 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "end":
            depth -= 1
            continue
        if event != "start" or not isinstance(node.tag, str):
            raise SamlRefused("saml_remark", "The XML holds comments or processing instructions.")
        depth, count = depth + 1, count + 1
        if depth > DEEPEST or count > MOST_ELEMENTS:
            raise SamlRefused("saml_too_large", "The XML has too many elements, or too many within each other.")


def name(space: str, local: str) -> str:
    """A name as lxml writes it."""
    return f"{{{space}}}{local}"


def children(element: Element, space: str, local: str) -> list[Element]:
    return list(element.findall(name(space, local)))


def only(element: Element, space: str, local: str) -> Element:
    """The one child of that name. Raises SamlRefused for none and for several."""
    found = children(element, space, local)
    if len(found) != 1:
        raise SamlRefused("saml_structure", f"There must be one {local}, and there are {len(found)}.")
    return found[0]


def text(element: Element) -> str:
    """The text of an element that holds nothing else. Raises SamlRefused for one with parts."""
    if len(element):
        raise SamlRefused("saml_structure", "An element that should hold text holds other elements.")
    return (element.text or "").strip()


def all_of(root: Element, space: str, local: str) -> Iterator[Element]:
    """Wherever they stand."""
    return iter(root.iter(name(space, local)))


def moment(value: str) -> Millis:
    """A time in UTC (SAML Core 1.3.3). Raises SamlRefused."""
    try:
        if len(value) > LONGEST_TIME or not value.endswith("Z"):
            raise ValueError
        # Some write more digits of a second than Python reads.
        whole, _, fraction = value[:-1].partition(".")
        found = datetime.fromisoformat(f"{whole}+00:00")
        return int(found.timestamp()) * 1000 + int((fraction + "000")[:3])
    except ValueError as error:
        raise SamlRefused("saml_time", "A time in the XML cannot be read; it must be in UTC.") from error
