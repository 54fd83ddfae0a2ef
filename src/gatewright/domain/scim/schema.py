"""The schemas of this server as data (RFC 7643): what /Schemas answers, and what bodies and paths are held to."""

from typing import Any

import msgspec

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
SERVICE = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"


class Attribute(msgspec.Struct, frozen=True, rename="camel"):
    """One attribute's characteristics (RFC 7643, 2.2 and 7)."""

    name: str
    type: str = "string"
    description: str = ""
    multi_valued: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    sub_attributes: tuple["Attribute", ...] = ()
    canonical_values: tuple[str, ...] = ()
    reference_types: tuple[str, ...] = ()

    def sub(self, name: str) -> "Attribute | None":
        """The sub-attribute of that name, whatever its case."""
        return next((one for one in self.sub_attributes if one.name.lower() == name.lower()), None)

    @property
    def is_read_only(self) -> bool:
        return self.mutability == "readOnly"


class Schema(msgspec.Struct, frozen=True):
    """A schema: its URN, name and attributes."""

    id: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]


class Kind(msgspec.Struct, frozen=True):
    """A kind of resource: its schema, the extensions that it may carry, and where it lives below the base address."""

    name: str
    endpoint: str
    core: Schema
    extensions: tuple[Schema, ...] = ()

    def attribute(self, name: str, schema: str | None = None) -> Attribute | None:
        """The attribute, whatever the case of its names; `id`, `externalId` and `meta` belong to every kind."""
        if schema is None or schema.lower() == self.core.id.lower():
            found = (*COMMON, *self.core.attributes)
        else:
            extension = self.extension(schema)
            found = () if extension is None else extension.attributes
        return next((one for one in found if one.name.lower() == name.lower()), None)

    def extension(self, urn: str) -> Schema | None:
        """The extension of that URN, whatever its case."""
        return next((one for one in self.extensions if one.id.lower() == urn.lower()), None)


def _complex(name: str, description: str, *sub: Attribute, **more: Any) -> Attribute:
    return Attribute(name, "complex", description, sub_attributes=sub, **more)


def _text(name: str, description: str, **more: Any) -> Attribute:
    return Attribute(name, "string", description, **more)


def _texts(**described: str) -> tuple[Attribute, ...]:
    return tuple(_text(name, description) for name, description in described.items())


def _plural(name: str, description: str, types: tuple[str, ...]) -> Attribute:
    """A list of values with a type, a word to show, and one of them the primary one (RFC 7643, 2.4)."""
    return _complex(
        name,
        description,
        _text("value", "The value."),
        _text("display", "A name to show."),
        _text("type", "What it is for.", canonical_values=types),
        Attribute("primary", "boolean", "Whether it is the preferred one."),
        multi_valued=True,
    )


COMMON = (
    _text("id", "This server's id.", case_exact=True, mutability="readOnly", returned="always", uniqueness="server"),
    _text("externalId", "The client's own id.", case_exact=True),
    _complex("meta", "About the resource.", mutability="readOnly"),
)
NAME = _complex(
    "name",
    "The parts of the name.",
    *_texts(
        formatted="The whole name.",
        familyName="The family name.",
        givenName="The given name.",
        middleName="Middle names.",
        honorificPrefix="A title before the name.",
        honorificSuffix="A title after the name.",
    ),
)
ADDRESSES = _complex(
    "addresses",
    "Postal addresses.",
    *_texts(
        formatted="The whole address.",
        streetAddress="Street and number.",
        locality="The city.",
        region="The state or region.",
        postalCode="The postal code.",
        country="The country.",
    ),
    _text("type", "What it is for.", canonical_values=("work", "home", "other")),
    Attribute("primary", "boolean", "Whether it is the preferred one."),
    multi_valued=True,
)
GROUPS = _complex(
    "groups",
    "The teams that the person is in. Change the group instead.",
    _text("value", "The team's id.", mutability="readOnly", case_exact=True),
    Attribute("$ref", "reference", "The group.", mutability="readOnly", reference_types=("Group",)),
    _text("display", "The team's name.", mutability="readOnly"),
    multi_valued=True,
    mutability="readOnly",
)
MEMBERS = _complex(
    "members",
    "The people in the team.",
    _text("value", "The person's id.", mutability="immutable", case_exact=True),
    Attribute("$ref", "reference", "The person.", mutability="immutable", reference_types=("User",)),
    _text("type", "Always User: teams hold people.", mutability="immutable", canonical_values=("User",)),
    multi_valued=True,
)
MANAGER = _complex(
    "manager",
    "Whom the person reports to. It is kept and means nothing here.",
    _text("value", "The manager's id.", case_exact=True),
    Attribute("$ref", "reference", "The manager.", reference_types=("User",)),
    _text("displayName", "The manager's name.", mutability="readOnly"),
)
USERS = Kind(
    "User",
    "/Users",
    Schema(
        USER,
        "User",
        "A person",
        (
            _text("userName", "The client's name for the person.", required=True, uniqueness="server"),
            NAME,
            *_texts(displayName="The name to show.", nickName="A casual name."),
            Attribute("profileUrl", "reference", "A page about them.", reference_types=("external",)),
            *_texts(
                title="The job title.",
                userType="The relation to the organization.",
                preferredLanguage="A language.",
                locale="A locale.",
                timezone="A time zone.",
            ),
            Attribute("active", "boolean", "Whether they may sign in and their keys work.", required=True),
            _plural("emails", "E-mail addresses; the primary one is the account's.", ("work", "home", "other")),
            _plural("phoneNumbers", "Telephone numbers.", ("work", "home", "mobile", "fax", "pager", "other")),
            ADDRESSES,
            GROUPS,
        ),
    ),
    (
        Schema(
            ENTERPRISE,
            "EnterpriseUser",
            "What an organization says of a person. It is kept and means nothing here.",
            (
                *_texts(
                    employeeNumber="The personnel number.",
                    costCenter="The cost center.",
                    organization="The organization.",
                    division="The division.",
                    department="The department.",
                ),
                MANAGER,
            ),
        ),
    ),
)
TEAMS = Kind(
    "Group",
    "/Groups",
    Schema(GROUP, "Group", "A team", (_text("displayName", "The team's alias.", required=True), MEMBERS)),
)
KINDS = (USERS, TEAMS)
