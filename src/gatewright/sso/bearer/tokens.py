"""A signed token of an outside issuer to a caller, remembered until it ends."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.users import EMBEDDED_SOURCE
from gatewright.domain.clock import MINUTE, SECOND, Clock, Millis
from gatewright.domain.errors import Forbidden, GatewrightError, Unauthenticated
from gatewright.domain.keys import Principal
from gatewright.domain.people import Event, Origin, User
from gatewright.oidc import bearer, jwt
from gatewright.oidc.errors import InvalidToken, TokenInvalid
from gatewright.oidc.jwt import VerifiedClaims
from gatewright.settings.jwt_auth import JwtAuth
from gatewright.sso.bearer.key_sets import KeySet, KeySets
from gatewright.sso.bearer.reading import Said, read
from gatewright.sso.bearer.standing import Standings, row_hash
from gatewright.storage.changes import Change

# Bounds on memory: tokens in use, and tokens that were refused just now.
MOST_KNOWN, MOST_REFUSED = 20_000, 5_000
REFUSED_FOR: Millis = 30 * SECOND
# A token of our own can be revoked, of which nobody tells this cache.
OWN_KEPT_FOR: Millis = MINUTE

T = TypeVar("T")

Own = Callable[[str], Awaitable[User]]
"""The person behind an access token of the embedded provider. Raises InvalidToken for one that is over."""


class Known(msgspec.Struct, frozen=True):
    """A token that counts, until when, the row of its identity, and whose that is."""

    caller: Principal
    until: Millis
    row_hash: str
    user_pk: int | None


class Refused(msgspec.Struct, frozen=True):
    """Why a token did not count, remembered until then."""

    kind: type[GatewrightError]
    message: str
    code: str
    hint: str | None
    until: Millis


class Tokens:
    """Answers who a token speaks for. By the hash of the whole token: two that begin alike are two."""

    def __init__(
        self, auth: JwtAuth, sets: KeySets, standings: Standings, audit: Audit, clock: Clock, own: Own, own_issuers: str
    ) -> None:
        self._auth = auth
        self._sets = sets
        self._standings = standings
        self._audit = audit
        self._clock = clock
        self._own, self._own_issuers = own, own_issuers
        self._known: dict[str, Known] = {}
        self._refused: dict[str, Refused] = {}
        self._pending: dict[str, asyncio.Task[Principal | Refused]] = {}
        self._epoch = 0

    async def authenticate(self, token: str, origin: Origin) -> Principal:
        """The caller. Raises Unauthenticated, Forbidden with the cause as code, and Unavailable without keys."""
        hashed, now = hashlib.sha256(token.encode()).hexdigest(), self._clock()
        known = self._known.get(hashed)
        if known is not None and known.until > now:
            return known.caller
        answer: Principal | Refused | None = self._refused.get(hashed)
        if not isinstance(answer, Refused) or answer.until <= now:
            answer = await self._ask_once(hashed, token, origin)
        if isinstance(answer, Refused):
            raise answer.kind(answer.message, code=answer.code, hint=answer.hint)
        return answer

    def apply(self, change: Change) -> None:
        """Forgets what the change touched; of a team it may be any token that names it."""
        self._epoch += 1
        if change.kind in ("user", "team", "key"):
            self._refused.clear()
        if change.kind == "team":
            self._known.clear()
        elif change.kind == "user":
            user_pk = int(change.ref)
            self._forget([one for one, known in self._known.items() if known.user_pk == user_pk])
        elif change.kind == "key":
            self._forget([one for one, known in self._known.items() if known.row_hash == change.ref])

    def _forget(self, hashes: list[str]) -> None:
        for hashed in hashes:
            del self._known[hashed]

    async def _ask_once(self, hashed: str, token: str, origin: Origin) -> Principal | Refused:
        task = self._pending.get(hashed)
        if task is None:
            task = self._pending[hashed] = asyncio.create_task(self._ask(hashed, token, origin))
            task.add_done_callback(lambda _: self._pending.pop(hashed, None))
        return await asyncio.shield(task)

    async def _ask(self, hashed: str, token: str, origin: Origin) -> Principal | Refused:
        epoch = self._epoch
        try:
            said = await self._said(token)
            caller, user_pk = await self._standings.of(said, origin)
        except (TokenInvalid, Unauthenticated, Forbidden) as error:
            refused = self._refusal(error)
            await self._tell(token, refused, origin)
            self._keep(self._refused, hashed, refused, MOST_REFUSED, epoch)
            return refused
        until = caller.expires_at or said.ends_at
        if said.issuer == EMBEDDED_SOURCE:
            until = min(until, self._clock() + OWN_KEPT_FOR)
        known = Known(caller, until, row_hash(said.issuer, said.subject), user_pk)
        self._keep(self._known, hashed, known, MOST_KNOWN, epoch)
        return caller

    def _keep(self, kept: dict[str, T], hashed: str, value: T, most: int, epoch: int) -> None:
        """Unless a change arrived meanwhile, which may be about this one."""
        if epoch == self._epoch:
            if len(kept) >= most:
                kept.pop(next(iter(kept)))
            kept[hashed] = value

    async def _said(self, token: str) -> Said:
        keys = self._sets.of(bearer.peek(token).issuer)
        if keys is None:
            raise TokenInvalid(
                "jwt_issuer",
                "The token's issuer is not one of those that count here.",
                hint="The operator names them in JWT_ISSUER or litellm_jwtauth.issuers.",
            )
        claims = await _verified(token, keys)
        trusted = keys.issuer
        now = self._clock() // SECOND
        subject = bearer.validate(claims, issuer=trusted.issuer, audiences=trusted.audiences, now=now)
        said = read(claims, subject, trusted, self._auth)
        if not trusted.issuer.startswith(self._own_issuers):
            return said
        try:
            person = await self._own(token)
        except InvalidToken as error:
            raise TokenInvalid(f"jwt_{error.cause}", "The access token is unknown, over or revoked.") from error
        return msgspec.structs.replace(said, issuer=EMBEDDED_SOURCE, subject=person.uuid, user_pk=person.id)

    def _refusal(self, error: GatewrightError) -> Refused:
        kind = Forbidden if isinstance(error, Forbidden) else Unauthenticated
        return Refused(kind, error.message, error.error_code, error.hint, self._clock() + REFUSED_FOR)

    async def _tell(self, token: str, refused: Refused, origin: Origin) -> None:
        """A line in the audit log, once for a token in a while; of a flood of them the log bounds the lines."""
        try:
            issuer = bearer.peek(token).issuer
        except TokenInvalid:
            issuer = ""
        shown = "".join(char if char.isprintable() else "?" for char in issuer[:200])
        await self._audit.write(Event("jwt.refused", refused.code, details={"issuer": shown}, origin=origin))


async def _verified(token: str, keys: KeySet) -> VerifiedClaims:
    """The claims, by keys as fresh as it takes. Where keys have no ids a change of them shows as a bad signature."""
    jwks = await keys.keys()
    if not keys.has(bearer.peek(token).kid) and await keys.refresh():
        jwks = await keys.keys()
    try:
        return jwt.verify(token, jwks, kind=bearer.KIND)
    except TokenInvalid as error:
        if error.error_code != "jwt_signature" or not await keys.refresh():
            raise
    return jwt.verify(token, await keys.keys(), kind=bearer.KIND)
