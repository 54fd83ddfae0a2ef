"""Sign-in at a SAML 2.0 identity provider (contract litellm 1.3). Its libraries are the extra `saml`."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from gatewright.domain.errors import SettingInvalid
from gatewright.settings import values
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.setting import Setting

SAML_SOURCE = "saml"
"""The id of the source, as `?provider=` and the sessions have it."""
LIBRARIES = ("lxml", "signxml")
INSTALL = "pip install 'gatewright[server,saml]'"
NameIdFormat = Literal["emailAddress", "persistent", "unspecified"]
FORMATS: dict[NameIdFormat, str] = {
    "emailAddress": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "unspecified": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
}
LONGEST_ENTITY_ID = 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Saml(msgspec.Struct, frozen=True):
    """Where the provider's metadata is, one of the two; what must be signed. `entity_id` None: our metadata's URL."""

    metadata_url: str | None = None
    metadata_xml: str | None = None
    entity_id: str | None = None
    allow_unsolicited: bool = False
    want_assertions_signed: bool = True
    want_messages_signed: bool = False
    name_id_format: str = FORMATS["emailAddress"]

    def __repr__(self) -> str:
        return f"Saml({self.metadata_url!r})"


def name_id_format(value: str) -> str:
    """The URN of a format, by its last word or whole."""
    word = value.strip().rpartition(":")[2]
    if word == "transient":
        raise ValueError(
            "a transient NameID is another one at each sign-in, so nobody could be found again | Write persistent"
        )
    found = next((urn for name, urn in FORMATS.items() if value.strip() in (name, urn)), None)
    if found is None:
        raise ValueError(f"{value!r} is no NameID format that is supported | Write one of {', '.join(FORMATS)}")
    return found


def secure_url(value: str) -> str:
    """The metadata holds the certificate that every sign-in is checked with."""
    values.url(value)
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValueError("whoever is on the way could put a certificate of their own into it | Write an https URL")
    return value


def entity_id(value: str) -> str:
    if not 0 < len(value) <= LONGEST_ENTITY_ID or not value.isprintable() or " " in value:
        raise ValueError("it is no entity id | Write the URI that the provider knows this gateway by")
    return value


def always(wanted: bool, danger: str) -> Callable[[str], bool]:
    """A boolean that may be written and not be changed."""

    def read(value: str) -> bool:
        if values.boolean(value) is not wanted:
            raise ValueError(f"{danger} | Unset it")
        return wanted

    return read


def read_saml(reader: Reader) -> Saml | None:
    """None without metadata. Raises SettingInvalid for both kinds of it at once, and without the libraries."""
    # Without metadata the others are not read, so that they are reported as what has no effect.
    if all(reader.value(row) is None for row in SAML[:2]):
        return None
    found = reader.table(SAML)
    saml = Saml(**{field: value for field, value in found.items() if field in Saml.__struct_fields__})
    if saml.metadata_url is not None and saml.metadata_xml is not None:
        raise SettingInvalid(
            "SAML_IDP_METADATA_XML",
            source=ENVIRONMENT,
            problem="SAML_IDP_METADATA_URL is set too, and they may name different certificates",
            fix="Unset one of them",
        )
    if any(find_spec(name) is None for name in LIBRARIES):
        raise SettingInvalid(
            "SAML_IDP_METADATA_URL" if saml.metadata_url is not None else "SAML_IDP_METADATA_XML",
            source=ENVIRONMENT,
            problem="the libraries for SAML are not installed",
            fix=f"Run {INSTALL}",
        )
    return saml


SAML: tuple[Setting, ...] = (
    Setting(
        "metadata_url",
        ("SAML_IDP_METADATA_URL",),
        "Turns sign-in with SAML on: where the identity provider publishes its metadata, https. Read again every hour. "
        f"It needs an extra: `{INSTALL}`.",
        secure_url,
    ),
    Setting("metadata_xml", ("SAML_IDP_METADATA_XML",), "The metadata itself, instead of its address."),
    Setting(
        "entity_id",
        ("SAML_SP_ENTITY_ID",),
        "The name that the identity provider knows this gateway by; the audience of its assertions.",
        entity_id,
        default_doc="`/sso/saml/metadata` below `PROXY_BASE_URL`",
    ),
    Setting(
        "name_id_format",
        ("SAML_SP_NAME_ID_FORMAT",),
        "The format of the NameID, which is whom an account belongs to: `emailAddress`, `persistent` (the best, where "
        "the provider has it) or `unspecified`, or the whole URN. Another one is refused.",
        name_id_format,
        FORMATS["emailAddress"],
        default_doc="`emailAddress`",
    ),
    Setting(
        "want_assertions_signed",
        ("SAML_WANT_ASSERTIONS_SIGNED",),
        "Whether the assertion must carry a signature of its own. With neither this nor the next, one of the two does.",
        values.boolean,
        True,
    ),
    Setting(
        "want_messages_signed",
        ("SAML_WANT_MESSAGES_SIGNED",),
        "Whether the whole response must be signed.",
        values.boolean,
        False,
    ),
    Setting(
        "allow_unsolicited",
        ("SAML_ALLOW_UNSOLICITED",),
        "Whether sign-ins may begin at the identity provider. Then somebody can sign another person in to their own "
        "account unnoticed: nothing ties such a response to a browser.",
        values.boolean,
        False,
    ),
    Setting(
        "strict",
        ("SAML_STRICT",),
        "Always true: false is refused.",
        always(True, "without it issuer, audience, times and addresses are not checked, and anybody could sign in"),
        True,
    ),
    Setting(
        "validate_cert",
        ("SAML_IDP_METADATA_VALIDATE_CERT",),
        "Always true: false is refused.",
        always(
            True,
            "whoever is on the way to the metadata could put a certificate of their own into it; "
            "SAML_IDP_METADATA_XML takes the metadata without a connection",
        ),
        True,
    ),
    Setting(
        "requests_signed",
        ("SAML_AUTHN_REQUESTS_SIGNED",),
        "Always false: true is refused.",
        always(False, "requests are not signed by this version; what they ask for is checked in the response"),
        False,
    ),
)
