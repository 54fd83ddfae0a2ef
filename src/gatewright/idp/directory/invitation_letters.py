"""Send an invitation by e-mail. Its token is not known any more: the message carries a new one, the only good one."""

import hashlib
import secrets
from collections.abc import Sequence

from gatewright.domain.errors import Conflict, FieldsInvalid
from gatewright.domain.mail import deliverable
from gatewright.domain.people import Event
from gatewright.idp.directory.acting import By, absent
from gatewright.idp.directory.invitations import PATH
from gatewright.idp.mail.outbox import Addressed, Outbox
from gatewright.storage import audit_log
from gatewright.storage.database import Database
from gatewright.storage.directory import invitations as rows

MAIL = "invitation"
MOST = 20


class InvitationLetters:
    """Every address gets a message of its own, with the same link."""

    def __init__(self, db: Database, outbox: Outbox) -> None:
        self._db = db
        self._outbox = outbox

    async def send(self, key: str, addresses: Sequence[str], by: By) -> None:
        """Without addresses: to the one that the invitation fixes. The link before is void.

        Raises NotFound, FieldsInvalid, Conflict for an invitation that is over and without a mail server.
        """
        self._outbox.check_on()
        now, token = self._db.clock(), secrets.token_urlsafe(32)
        async with self._db.write() as tx:
            found = await rows.by_uuid(tx, key.lower())
            if found is None:
                raise absent("Invitation")
            if found.expires_at <= now or (found.single_use and found.used_at is not None):
                raise Conflict("This invitation was used or has expired.", code="invitation_over")
            to = checked(addresses or [str(found.fixed_data.get("email") or "")])
            await rows.change(tx, found.id, token_hash=hashlib.sha256(token.encode()).hexdigest())
            life = found.expires_at - now
            letter = self._outbox.writer.invitation(f"{PATH}?itoken={token}", life, once=found.single_use)
            for address in to:
                await self._outbox.put(tx, Addressed(MAIL, address, letter), life)
            details = {"invitation": found.name, "pk": found.uuid, "to": to}
            await audit_log.add(tx, Event("invitation.send", "ok", by.actor, None, details, by.origin), now)


def checked(addresses: Sequence[str]) -> list[str]:
    """Each address once. Raises FieldsInvalid."""
    if len(addresses) > MOST:
        raise FieldsInvalid({"email_addresses": [f"At most {MOST} addresses at a time."]})
    found = [deliverable(one.strip()) for one in addresses]
    if wrong := [one for one, good in zip(addresses, found, strict=True) if good is None]:
        text = f"{wrong[0][:60]!r} is no address that a message can go to." if wrong[0] else "Give an e-mail address."
        raise FieldsInvalid({"email_addresses": [text]})
    return list(dict.fromkeys(one for one in found if one is not None))
