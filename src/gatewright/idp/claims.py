"""The claims of a person for a client: every attached mapping of a granted scope, merged (contract 2.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.domain.clock import Millis
from gatewright.domain.errors import GatewrightError, Unavailable
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.clients import Client
from gatewright.idp.expressions.engine import Expressions, Outcome
from gatewright.idp.expressions.facts import Facts
from gatewright.idp.expressions.noting import NotedEvents
from gatewright.idp.expressions.reading import PROTOCOL_CLAIMS, Failure
from gatewright.idp.gathering import Gathering, asked
from gatewright.oidc.errors import ServerError
from gatewright.storage.database import Database, Transaction
from gatewright.storage.scope_mappings import ScopeMapping

RESERVED = PROTOCOL_CLAIMS
"""Claims of the protocol. Authentik lets a mapping overwrite them (contract 0.7); here it cannot."""


class MappingStopped(Unavailable):
    code = "mapping_stopped"
    summary = "A required scope mapping took too long, or the machine stalled. Nobody signs in without its claims."


class MappingFailed(ServerError):
    """A required mapping failed: nobody signs in without its claims. The cause is in the audit log."""

    summary = "A required scope mapping failed. Nobody signs in without its claims."


class Contribution(msgspec.Struct, frozen=True):
    """What one mapping gave. `claims` are those that count; `problems` say what does not, and why."""

    mapping: ScopeMapping
    outcome: Outcome
    claims: dict[str, Any]
    problems: tuple[Failure, ...]


class Claims:
    """Evaluates mappings. What goes wrong with one is in the audit log, with its name, line and cause.

    Where a mapping is required, a failure ends the request: a role that only could not be worked out is no missing
    role. Where it is not, its claims are missing. A claim of the protocol in its result is such a failure too.
    """

    def __init__(self, db: Database, expressions: Expressions, audit: Audit) -> None:
        self._db = db
        self._expressions = expressions
        self._gathering = Gathering()
        self._audit = audit
        self._noted = NotedEvents(audit, db.clock)

    async def grounds(self, tx: Transaction, client: Client, user: User, scopes: Sequence[str]) -> Facts:
        """What the mappings of the granted scopes get to know, to be read with whatever the request reads."""
        texts = [mapping.expression for mapping in client.mappings if mapping.scope_name in scopes]
        return await self._gathering.facts(tx, client, user, scopes, texts)

    async def of(
        self, client: Client, user: User, grounds: Facts, origin: Origin, auth_time: Millis | None = None
    ) -> dict[str, Any]:
        """The claims that the granted scopes give, null members left out. Raises MappingFailed, MappingStopped."""
        granted = [mapping for mapping in client.mappings if mapping.scope_name in grounds.scopes]
        given = await self.contributions(granted, asked(grounds, origin, auth_time))
        for one in given:
            await self._noted.write(one.outcome.events, one.mapping.name, user, origin)
            for problem in one.problems:
                await self._report(client, user, one.mapping, problem, origin)
        for one in given:
            if one.mapping.required and one.problems:
                raise refusal(one, origin)
        return merged(given)

    async def contributions(self, mappings: Sequence[ScopeMapping], facts: Facts) -> list[Contribution]:
        """Evaluates mappings. Writes nothing and raises nothing: what went wrong is in the answers."""
        wanted = [
            (one.expression, msgspec.structs.replace(facts, mapping_name=one.name, scope_name=one.scope_name))
            for one in mappings
        ]
        outcomes = await self._expressions.evaluate_all(wanted)
        return [contribution(*pair) for pair in zip(mappings, outcomes, strict=True)]

    async def facts(
        self,
        client: Client | None,
        user: User,
        scopes: Sequence[str],
        expressions: Sequence[str],
        origin: Origin | None,
        auth_time: Millis | None = None,
    ) -> Facts:
        """What mappings with these expressions get to know."""
        async with self._db.read() as tx:
            found = await self._gathering.facts(tx, client, user, scopes, expressions)
        return asked(found, origin, auth_time)

    async def _report(
        self, client: Client, user: User, mapping: ScopeMapping, failure: Failure, origin: Origin
    ) -> None:
        details = {
            "line": failure.line,
            "cause": failure.cause,
            "code": failure.code,
            "scope": mapping.scope_name,
            "client": client.client_id,
        }
        event = Event("idp.mapping", "mapping_failed", user.user_id, mapping.name, details, origin)
        await self._audit.write(event)


def contribution(mapping: ScopeMapping, outcome: Outcome) -> Contribution:
    claims = outcome.claims or {}
    problems = [] if outcome.error is None else [outcome.error]
    problems += [protocol_claim(name) for name in sorted(RESERVED & claims.keys())]
    kept = {name: value for name, value in claims.items() if name not in RESERVED}
    return Contribution(mapping, outcome, kept, tuple(problems))


def refusal(given: Contribution, origin: Origin) -> GatewrightError:
    """What the client is told of a required mapping that failed: which one, and where to look for the cause."""
    name, reference = given.mapping.name, origin.reference or "unknown"
    if any(problem.stopped for problem in given.problems):
        return MappingStopped(
            f"The scope mapping {name!r} could not be worked out now. Try again. Request {reference}."
        )
    words = f"The scope mapping {name!r} failed, and nobody signs in without its claims. Request {reference}."
    return MappingFailed(words, cause="mapping_failed")


def protocol_claim(name: str) -> Failure:
    return Failure(f"the claim {name} is the protocol's own", code="protocol_claim")


def merged(given: Sequence[Contribution]) -> dict[str, Any]:
    """The claims of all mappings, null members left out."""
    found: dict[str, Any] = {}
    for one in given:
        merge(found, one.claims)
    return {name: value for name, value in found.items() if value is not None}


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
