"""An administrator's invitation gives a row that is there already to the first identity that opens it.

Nothing else binds: no e-mail address, no name.
"""

from gatewright.accounts.invitations import take
from gatewright.domain.clock import Millis
from gatewright.domain.people import Event, Origin
from gatewright.oidc.errors import LoginRefused
from gatewright.sso.claims import Person
from gatewright.storage import audit_log, login_transactions, users
from gatewright.storage.database import Transaction


async def bind(tx: Transaction, invitation: str, person: Person, origin: Origin, now: Millis) -> None:
    """Links the identity to the row that the invitation of that hash opens, and uses the invitation up.

    Raises LoginRefused, after which the transaction must not be committed, so that the invitation stays as it is:
    `invitation_invalid`, `identity_taken` (the identity is somebody else's already, perhaps somebody deleted),
    `user_taken` (the row belongs to another identity of this provider).
    """
    await login_transactions.lock_newcomers(tx)
    user = await take(tx, invitation, person.subject, now)
    if user is None:
        raise LoginRefused(
            "invitation_invalid",
            "This invitation was used, has expired or was taken back.",
            hint="Ask whoever invited you for a new one.",
        )
    holder = await users.by_identity(tx, person.source, person.subject)
    if holder is not None and holder.id == user.id:
        return
    if holder is not None or await users.is_linked(tx, person.source, person.subject):
        mine = f"you are {holder.user_id} here already" if holder is not None else "it was somebody's who was deleted"
        raise LoginRefused(
            "identity_taken",
            f"This invitation is for {user.user_id}, but your sign-in belongs to another account: {mine}.",
            hint="An administrator can give that account what the invitation was for, or you sign in at the provider "
            "with the account that was meant and open the invitation again.",
        )
    if any(source == person.source for source, _ in await users.identities_of(tx, user.id)):
        raise LoginRefused(
            "user_taken",
            f"{user.user_id} belongs to somebody else at this provider, who signed in before.",
            hint="An administrator makes a new user and invites you to that one.",
        )
    await users.link(tx, user.id, person.source, person.subject, now)
    details = {"source": person.source, "by": "invitation"}
    event = Event("user.link", "ok", actor=user.user_id, target=user.user_id, details=details, origin=origin)
    await audit_log.add(tx, event, now)
