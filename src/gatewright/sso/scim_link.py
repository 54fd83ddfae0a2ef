"""The claim that says whom SCIM provisioned: asked of providers that the operator named, and of no others."""

from collections.abc import Mapping

from gatewright.accounts.scim import linking
from gatewright.accounts.scim.linking import Newcomer
from gatewright.domain.clock import Millis
from gatewright.domain.people import Origin, User
from gatewright.sso.claim_paths import at
from gatewright.sso.claims import Person
from gatewright.sso.sources import Source
from gatewright.storage import login_transactions
from gatewright.storage.database import Transaction

LONGEST = 255


class ScimLink:
    """`claims` is the claim with the externalId by the id of the provider (GATEWRIGHT_SCIM_ID_CLAIM)."""

    def __init__(self, claims: Mapping[str, str]) -> None:
        self._claims = claims

    async def claim(self, tx: Transaction, person: Person, source: Source, origin: Origin, now: Millis) -> User | None:
        """The provisioned person whom this newcomer is, linked from now on; None when they are nobody's."""
        external_id = self._external_id(person, source)
        if external_id is None:
            return None
        return await linking.claim(tx, Newcomer(person.source, person.subject, external_id), origin, now)

    async def note(
        self, tx: Transaction, user: User, person: Person, source: Source, origin: Origin, now: Millis
    ) -> None:
        """Remembers the id of somebody who is here already, so that SCIM finds them."""
        external_id = self._external_id(person, source)
        if external_id is not None:
            await login_transactions.lock_newcomers(tx)
            await linking.note(tx, user, external_id, origin, now)

    def _external_id(self, person: Person, source: Source) -> str | None:
        """A text of the length that SCIM may store; our own provider's people are here already."""
        path = None if source.is_embedded else self._claims.get(source.id)
        value = None if path is None else at(person.claims, path)
        return value if isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable() else None
