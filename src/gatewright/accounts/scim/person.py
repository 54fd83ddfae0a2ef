"""A user's row as a SCIM document, and back."""

from typing import Any

from gatewright.accounts.scim.resource import Resource, version_of
from gatewright.domain.scim.documents import Document
from gatewright.domain.scim.errors import ScimRefused
from gatewright.storage.scim import Email, PersonRow

OWN = frozenset({"userName", "externalId", "displayName", "active", "groups"})
"""Attributes that have columns; the others are kept as they came, e-mail addresses also in a table to find them by."""

LONGEST = {"userName": 255, "externalId": 255, "displayName": 200}
LONGEST_EMAIL = 254


def document_of(row: PersonRow) -> Document:
    """The attributes of a person, those that have no value left out."""
    own: Document = {
        "userName": row.user_name or row.user.username,
        "externalId": row.external_id,
        "displayName": row.user.display_name,
        "active": row.user.is_active,
        "groups": [{"value": team.team_id, "display": team.alias or team.team_id} for team in row.teams] or None,
    }
    found = {**{name: value for name, value in own.items() if value is not None}, **row.attributes}
    if emails := _emails(row):
        found["emails"] = emails
    return found


def resource_of(row: PersonRow) -> Resource:
    document, user = document_of(row), row.user
    version = version_of(user.uuid, document, user.created_at, user.updated_at)
    return Resource(user.uuid, document, user.created_at, user.updated_at, version)


def columns_of(document: Document, before: PersonRow | None) -> dict[str, Any]:
    """The columns of `users` that the document says anew. Raises ScimRefused for a text that no column holds."""
    for name, longest in LONGEST.items():
        value = document.get(name, "")
        if len(value) > longest or not value.isprintable():
            raise ScimRefused("invalidValue", f"{name} is longer than {longest} characters or not printable.")
    email, shown, active = primary(document), document.get("displayName"), document.get("active", True)
    if before is None:
        return {"email": email, "display_name": shown, "is_active": active}
    columns: dict[str, Any] = {}
    if shown != before.user.display_name:
        columns["display_name"] = shown
    if email != before.user.email:
        # Nobody proved the new one.
        columns |= {"email": email, "email_verified": False}
    if active != before.user.is_active:
        columns["is_active"] = active
    return columns


def primary(document: Document) -> str | None:
    """The primary address in lower case, as sign-ins store it; the first one where none is called so."""
    found = [one for one in document.get("emails", ()) if one.get("value")]
    chosen = next((one for one in found if one.get("primary") is True), found[0] if found else None)
    return None if chosen is None else str(chosen["value"]).lower()


def emails_in(document: Document) -> tuple[Email, ...]:
    """The addresses to find the person by. Raises ScimRefused for one that is too long."""
    found: dict[tuple[str, str], Email] = {}
    for one in document.get("emails", ()):
        value = one.get("value")
        if value is None:
            continue
        if len(value) > LONGEST_EMAIL or not value.isprintable():
            raise ScimRefused("invalidValue", f"An address has more than {LONGEST_EMAIL} characters.", param="emails")
        kind = str(one.get("type") or "")
        found[value.lower(), kind] = Email(value.lower(), kind)
    return tuple(found.values())


def kept_as_it_came(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in OWN and value}


def _emails(row: PersonRow) -> list[Document]:
    """The addresses as they came, and before them the one that the sign-in provider told since."""
    mail, given = row.user.email, list(row.attributes.get("emails", ()))
    if mail is None or mail in (str(one.get("value")).lower() for one in given):
        return given
    return [{"value": mail, "primary": True}, *({**one, "primary": False} for one in given)]
