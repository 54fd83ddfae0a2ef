"""Whom a directory provisioned, and who signs in: one person by the id that both sides know, never by a name."""

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.people import Event, Origin, User
from gatewright.storage import audit_log, scim, users
from gatewright.storage.database import Transaction
from gatewright.storage.scim import PERSONS, PersonRow


class Newcomer(msgspec.Struct, frozen=True):
    """An identity that is nobody's yet, and the external id that the provider vouches for."""

    source: str
    subject: str
    external_id: str


async def claim(tx: Transaction, newcomer: Newcomer, origin: Origin, now: Millis) -> User | None:
    """Links the identity to the person whom SCIM provisioned with that id; None when there is none.

    Once: whoever has an identity gets no second one so. Call it under the newcomers' lock.
    """
    user_pk = await scim.unlinked(tx, newcomer.external_id)
    user = None if user_pk is None else await users.by_id(tx, user_pk)
    if user is None:
        return None
    await users.link(tx, user.id, newcomer.source, newcomer.subject, now)
    details = {"source": newcomer.source, "external_id": newcomer.external_id}
    await audit_log.add(tx, Event("scim.user.link", "ok", user.user_id, user.user_id, details, origin), now)
    return user


async def note(tx: Transaction, user: User, external_id: str, origin: Origin, now: Millis) -> None:
    """Lets SCIM find somebody who signed in before they were provisioned: by the id alone.

    Their own name may be one that they chose, so the id stands in for the userName until the directory tells one.
    Call it under the newcomers' lock.
    """
    if user.kind not in PERSONS or user.is_break_glass or await scim.is_provisioned(tx, user.id):
        return
    if await scim.external_id_is_taken(tx, external_id):
        return
    await scim.put(tx, PersonRow(user, external_id, external_id, {}), now)
    details = {"external_id": external_id}
    await audit_log.add(tx, Event("scim.user.note", "ok", user.user_id, user.user_id, details, origin), now)
