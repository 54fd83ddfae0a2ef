"""The schemas of the documents that describe this server (RFC 7643, 5 to 7), all of them to be read only."""

from gatewright.domain.scim.schema import RESOURCE_TYPE, SCHEMA, SERVICE, Attribute, Schema


def _field(name: str, kind: str = "string", *sub: Attribute, many: bool = False, needed: bool = True) -> Attribute:
    types = ("uri",) if kind == "reference" else ()
    return Attribute(
        name,
        kind,
        f"See RFC 7643: {name}.",
        multi_valued=many,
        required=needed,
        case_exact=kind == "reference",
        mutability="readOnly",
        sub_attributes=sub,
        reference_types=types,
    )


def _option(name: str, *sub: Attribute) -> Attribute:
    return _field(name, "complex", _field("supported", "boolean"), *sub)


SERVICE_SCHEMA = Schema(
    SERVICE,
    "ServiceProviderConfig",
    "What of SCIM this server offers",
    (
        _field("documentationUri", "reference", needed=False),
        _option("patch"),
        _option("bulk", _field("maxOperations", "integer"), _field("maxPayloadSize", "integer")),
        _option("filter", _field("maxResults", "integer")),
        *(_option(name) for name in ("changePassword", "sort", "etag")),
        _field(
            "authenticationSchemes",
            "complex",
            *(_field(name) for name in ("type", "name", "description")),
            _field("specUri", "reference", needed=False),
            _field("primary", "boolean", needed=False),
            many=True,
        ),
    ),
)
TYPE_SCHEMA = Schema(
    RESOURCE_TYPE,
    "ResourceType",
    "A kind of resource",
    (
        *(_field("id", needed=False), _field("name"), _field("description", needed=False)),
        *(_field("endpoint", "reference"), _field("schema", "reference")),
        _field(
            "schemaExtensions",
            "complex",
            _field("schema", "reference"),
            _field("required", "boolean"),
            many=True,
            needed=False,
        ),
    ),
)
_CHARACTERISTICS = (
    *(_field("name"), _field("type"), _field("multiValued", "boolean"), _field("description", needed=False)),
    *(_field("required", "boolean"), _field("canonicalValues", many=True, needed=False)),
    *(_field("caseExact", "boolean", needed=False), _field("mutability"), _field("returned")),
    *(_field("uniqueness", needed=False), _field("referenceTypes", many=True, needed=False)),
)
SCHEMA_SCHEMA = Schema(
    SCHEMA,
    "Schema",
    "A schema",
    (
        *(_field("id"), _field("name", needed=False), _field("description", needed=False)),
        _field(
            "attributes",
            "complex",
            *_CHARACTERISTICS,
            _field("subAttributes", "complex", *_CHARACTERISTICS, many=True, needed=False),
            many=True,
        ),
    ),
)
META_SCHEMAS = (SERVICE_SCHEMA, TYPE_SCHEMA, SCHEMA_SCHEMA)
