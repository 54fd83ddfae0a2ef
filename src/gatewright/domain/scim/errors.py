"""What SCIM refuses, with the word that RFC 7644 has for it (3.12, table 9)."""

from gatewright.domain.errors import BadInput, Conflict


class ScimRefused(BadInput):
    """`scim_type` is one of RFC 7644's detail error keywords."""

    def __init__(self, scim_type: str, message: str, *, param: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, param=param, hint=hint)
        self.scim_type = scim_type


class ScimTaken(Conflict):
    """Another resource has the value."""

    scim_type = "uniqueness"


class VersionDiffers(BadInput):
    """If-Match names another version than the present one (RFC 7644 3.14)."""

    code = "version_differs"
    status = 412
    summary = "The resource changed meanwhile. Read it again and repeat."


class NotOffered(BadInput):
    """A part of SCIM that this server does not have (RFC 7644 3.7, 3.11)."""

    code = "not_implemented"
    status = 501
    summary = "This part of SCIM is not offered here. /ServiceProviderConfig says what is."
