"""The claims of a person for a client: every attached mapping of a granted scope, merged (contract 2.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.domain.errors import Unavailable
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.access import AccessRules
from gatewright.idp.clients import Client
from gatewright.idp.expressions.engine import Expressions
from gatewright.idp.expressions.facts import EntitlementFacts, Facts
from gatewright.idp.expressions.reading import PROTOCOL_CLAIMS, Failure
from gatewright.idp.people import People
from gatewright.oidc.scopes import OPENID
from gatewright.storage import scope_mappings
from gatewright.storage.database import Database
from gatewright.storage.scope_mappings import ScopeMapping

RESERVED = PROTOCOL_CLAIMS
"""Claims of the protocol. Authentik lets a mapping overwrite them (contract 0.7); here it cannot."""


class MappingStopped(Unavailable):
    code = "mapping_stopped"
    summary = "A scope mapping took too long, or the machine stalled. Nobody signs in with claims that are missing so."


class Claims:
    """Evaluates mappings. One that fails gives no claim and an audit event with its name, line and cause.

    One that was stopped ends the request instead: a role that only could not be worked out is no missing role.
    """

    def __init__(self, db: Database, expressions: Expressions, people: People, audit: Audit) -> None:
        self._db = db
        self._expressions = expressions
        self._people = people
        self._access = AccessRules(db)
        self._audit = audit

    async def mappings(self, client: Client) -> list[ScopeMapping]:
        """The client's mappings in the order of merging."""
        async with self._db.read() as tx:
            return await scope_mappings.of_provider(tx, client.id)

    async def scopes(self, client: Client) -> tuple[str, ...]:
        """The scopes that the client may ask for. `openid` needs no mapping: it carries no claim of its own."""
        return tuple(dict.fromkeys((OPENID, *(mapping.scope_name for mapping in await self.mappings(client)))))

    async def of(self, client: Client, user: User, scopes: Sequence[str], origin: Origin) -> dict[str, Any]:
        """The claims that the granted scopes give, null members left out. Raises MappingStopped."""
        facts = await self._facts(client, user, scopes, origin)
        merged: dict[str, Any] = {}
        for mapping in await self.mappings(client):
            if mapping.scope_name not in scopes:
                continue
            own = msgspec.structs.replace(facts, mapping_name=mapping.name, scope_name=mapping.scope_name)
            outcome = await self._expressions.evaluate(mapping.expression, own)
            if outcome.error is not None:
                await self._report(client, user, mapping, outcome.error, origin)
                if outcome.error.stopped:
                    raise MappingStopped(f"The scope mapping {mapping.name!r} could not be worked out now. Try again.")
            claims = outcome.claims or {}
            for name in sorted(RESERVED & claims.keys()):
                await self._report(client, user, mapping, Failure(f"the claim {name} is the protocol's own"), origin)
            merge(merged, {name: value for name, value in claims.items() if name not in RESERVED})
        return {name: value for name, value in merged.items() if value is not None}

    async def _facts(self, client: Client, user: User, scopes: Sequence[str], origin: Origin) -> Facts:
        person = await self._people.facts(user)
        entitled = await self._access.entitlements(user.id, client.application_id)
        entitlements = tuple(EntitlementFacts(one.name, one.uuid, one.attributes) for one in entitled)
        return Facts(person, client.for_expressions, tuple(scopes), entitlements, origin)

    async def _report(
        self, client: Client, user: User, mapping: ScopeMapping, failure: Failure, origin: Origin
    ) -> None:
        details = {
            "line": failure.line,
            "cause": failure.cause,
            "scope": mapping.scope_name,
            "client": client.client_id,
        }
        event = Event("idp.mapping", "mapping_failed", user.user_id, mapping.name, details, origin)
        await self._audit.write(event)


def merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Deep merge: mappings into mappings, lists joined with each value once (contract 0.8), else the later wins."""
    for name, value in other.items():
        before = into.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merge(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            into[name] = before + [item for item in value if item not in before]
        else:
            into[name] = value
