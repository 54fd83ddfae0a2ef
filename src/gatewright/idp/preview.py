"""What a person would get from a client for some scopes, mapping by mapping, and why a claim is missing (contract 9.3).

Nothing is issued, and nothing is written to the audit log but that somebody looked.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.domain.errors import NotFound
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.access import AccessRules
from gatewright.idp.claims import Claims, Contribution, merged
from gatewright.idp.clients import Client, Clients
from gatewright.idp.expressions.claims_read import claims_in
from gatewright.idp.expressions.engine import Outcome
from gatewright.idp.people import People
from gatewright.idp.tokens import payloads
from gatewright.idp.tokens.payloads import Content
from gatewright.oidc import scopes as scope_words
from gatewright.storage import scope_mappings, users
from gatewright.storage.database import Database
from gatewright.storage.scope_mappings import ScopeMapping

# Stand for what is made anew for each token.
RANDOM, HASH, SESSION = "<random>", "<hash of the access token>", "<session>"
DRAFT_ID = 0


class Draft(msgspec.Struct, frozen=True):
    """A mapping as somebody is writing it. `uuid` names the saved one that it stands for; None is a new one."""

    expression: str
    uuid: str | None = None
    name: str = "Draft"
    scope_name: str = "draft"
    required: bool = False


class Given(msgspec.Struct, frozen=True):
    """What one attached mapping did. `contribution` is None where its scope was not asked for."""

    mapping: ScopeMapping
    contribution: Contribution | None


class Missing(msgspec.Struct, frozen=True):
    """A claim that a mapping could give and that is not there.

    `reason` is `scope_not_requested`, `mapping_not_attached`, `returned_none`, `not_returned`, `null`, or the code of
    a failure: `error`, `stopped`, `syntax`, `refused`, `not_a_dict`, `not_json`, `too_large`, `protocol_claim`.
    """

    claim: str
    reason: str
    mapping: str
    scope: str
    line: int | None = None


class Previewed(msgspec.Struct, frozen=True):
    """`refusal` is the cause code of a request that would be refused; there are no payloads then."""

    scopes: tuple[str, ...]
    given: tuple[Given, ...]
    missing: tuple[Missing, ...]
    refusal: str | None
    access_token: dict[str, Any] | None
    id_token: dict[str, Any] | None
    userinfo: dict[str, Any] | None


class Preview:
    """Works out what a request would get."""

    def __init__(self, db: Database, clients: Clients, claims: Claims, audit: Audit) -> None:
        self._db = db
        self._clients = clients
        self._claims = claims
        self._people = People(db)
        self._access = AccessRules(db)
        self._audit = audit

    async def user(self, wanted: int | str) -> User:
        """The user with that key or `user_id`. Raises NotFound."""
        async with self._db.read() as tx:
            found = await (users.by_id(tx, wanted) if isinstance(wanted, int) else users.by_user_id(tx, wanted))
        if found is None:
            raise NotFound("There is no such user.", param="user", code="user_not_found")
        return found

    async def client(self, slug: str) -> Client:
        """The client of the application with that slug. Raises NotFound."""
        found = await self._clients.by_slug(slug)
        if found is None:
            raise NotFound("There is no such application with a provider.", param="application", code="not_found")
        return found

    async def of_provider(self, provider_id: int) -> Client:
        """The client with that key. Raises NotFound."""
        for client in await self._clients.everything():
            if client.id == provider_id:
                return client
        raise NotFound("There is no such provider with an application.", param="id", code="not_found")

    async def of(
        self,
        client: Client,
        user: User,
        origin: Origin,
        *,
        wanted: Sequence[str] | None = None,
        draft: Draft | None = None,
    ) -> Previewed:
        """The preview. `wanted` are the scopes of the request; None is every one that there is."""
        attached = with_draft(client.mappings, draft)
        known = tuple(dict.fromkeys((scope_words.OPENID, *(mapping.scope_name for mapping in attached))))
        granted = known if wanted is None else tuple(scope for scope in known if scope in wanted)
        now = self._db.clock()
        texts = [mapping.expression for mapping in attached]
        facts = await self._claims.facts(client, user, granted, texts, origin, now)
        contributions = await self._claims.contributions([one for one in attached if one.scope_name in granted], facts)
        by_place = {id(one.mapping): one for one in contributions}
        given = [Given(one, by_place.get(id(one))) for one in attached]
        claims = merged(contributions)
        refusal = await self._access.refusal(user, client)
        if refusal is None and any(one.mapping.required and one.problems for one in contributions):
            refusal = "mapping_failed"
        content = Content(
            client=client,
            subject=await self._people.subject(user, client.sub_mode),
            claims=claims,
            scope=granted,
            issued_at=now,
            expires_at=now + client.token_life,
            jti=RANDOM,
            auth_time=now,
            amr=("pwd",),
            sid=SESSION,
        )
        with_openid = refusal is None and scope_words.OPENID in granted
        return Previewed(
            scopes=granted,
            given=tuple(given),
            missing=tuple(missing(given, await self._elsewhere(attached), claims)),
            refusal=refusal,
            access_token=present(payloads.access_token(content)) if refusal is None else None,
            id_token=present(payloads.id_token(content, HASH)) if with_openid else None,
            userinfo=payloads.userinfo(claims, content.subject) if with_openid else None,
        )

    async def test(self, uuid: str, user: User, origin: Origin, context: dict[str, Any]) -> Outcome:
        """Runs one saved mapping for a person, as for the first client that it is attached to. Raises NotFound."""
        async with self._db.read() as tx:
            mapping = await scope_mappings.find(tx, uuid=uuid)
        if mapping is None:
            raise NotFound("There is no such scope mapping.", param="uuid", code="not_found")
        having = (one for one in await self._clients.everything() if mapping in one.mappings)
        client = next(having, None)
        facts = await self._claims.facts(client, user, (mapping.scope_name,), [mapping.expression], origin)
        own = msgspec.structs.replace(facts, context=context)
        return (await self._claims.contributions([mapping], own))[0].outcome

    async def report(self, actor: str, user: User, target: str, origin: Origin) -> None:
        """Who looked at whose claims."""
        await self._audit.write(Event("idp.preview", "ok", actor, user.user_id, {"of": target}, origin))

    async def _elsewhere(self, attached: Sequence[ScopeMapping]) -> list[ScopeMapping]:
        """The mappings that are not attached."""
        here = {mapping.uuid for mapping in attached}
        async with self._db.read() as tx:
            return [mapping for mapping in await scope_mappings.everything(tx) if mapping.uuid not in here]


def with_draft(attached: Sequence[ScopeMapping], draft: Draft | None) -> list[ScopeMapping]:
    """The mappings with the draft in the place of the one that it stands for, else behind them, in merging order."""
    if draft is None:
        return list(attached)
    found = [
        msgspec.structs.replace(one, expression=draft.expression) if one.uuid == draft.uuid else one for one in attached
    ]
    if draft.uuid is None or all(one.uuid != draft.uuid for one in attached):
        fresh = ScopeMapping(
            id=DRAFT_ID,
            uuid=draft.uuid or "",
            managed=None,
            name=draft.name,
            scope_name=draft.scope_name,
            description="",
            expression=draft.expression,
            required=draft.required,
        )
        found.append(fresh)
    return sorted(found, key=lambda one: (one.scope_name, one.name))


def missing(given: Sequence[Given], elsewhere: Sequence[ScopeMapping], claims: dict[str, Any]) -> list[Missing]:
    """Each claim that a mapping could give and that is not there, with the reason of each such mapping."""
    found = []
    possible: set[str] = set()
    for one in given:
        mapping, result = one.mapping, one.contribution
        names = dict.fromkeys((*claims_in(mapping.expression), *((result and result.outcome.claims) or {})))
        possible |= names.keys()
        for name in names:
            if name not in claims:
                reason, line = why(name, result)
                found.append(Missing(name, reason, mapping.name, mapping.scope_name, line))
    for mapping in elsewhere:
        absent = [name for name in claims_in(mapping.expression) if name not in claims and name not in possible]
        found += [Missing(name, "mapping_not_attached", mapping.name, mapping.scope_name) for name in absent]
    return found


def why(claim: str, result: Contribution | None) -> tuple[str, int | None]:
    """The reason why this mapping did not give this claim, and the line of its expression."""
    if result is None:
        return "scope_not_requested", None
    if result.outcome.error is not None:
        return result.outcome.error.code, result.outcome.error.line
    if result.outcome.claims is None:
        return "returned_none", None
    if claim not in result.outcome.claims:
        return "not_returned", None
    return ("null" if claim in result.claims else "protocol_claim"), None


def present(payload: dict[str, Any]) -> dict[str, Any]:
    """Without the members that a token leaves out."""
    return {name: value for name, value in payload.items() if value is not None}
