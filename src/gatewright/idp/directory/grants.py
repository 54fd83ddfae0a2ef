"""What people have at the provider: sessions, consents, tokens. Listed, and taken away."""

from collections.abc import Sequence

import msgspec

from gatewright.domain.keys import key_hash
from gatewright.domain.people import Event
from gatewright.grants.tokens import Tokens
from gatewright.idp.directory.acting import DELETED, By, Changed, absent, record
from gatewright.idp.directory.people import Person, persons
from gatewright.storage import access_tokens, audit_log, authorization_codes, session_ends, sessions
from gatewright.storage.applications import Application
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import applications, providers
from gatewright.storage.directory import grants as rows
from gatewright.storage.directory import people as people_rows
from gatewright.storage.directory.grants import ConsentView, SessionView, TokenView
from gatewright.storage.directory.providers import StoredProvider
from gatewright.storage.listing import Filter, Wish

CONSENT = "authentik_stages_consent.userconsent"


class Consented(msgspec.Struct, frozen=True):
    """A consent, whose it is, and for which application."""

    consent: ConsentView
    person: Person
    application: Application


class Issued(msgspec.Struct, frozen=True):
    """A token, whose it is, and for which client. `number` stands for it outside."""

    number: int
    token: TokenView
    person: Person
    provider: StoredProvider


class DirectoryGrants:
    """`mine` is the person whose things alone are shown and ended; None for everybody's."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tokens = Tokens(db)

    async def sessions(self, wish: Wish, mine: int | None) -> tuple[int, list[SessionView]]:
        async with self._db.read() as tx:
            return await rows.session_page(tx, own(wish, mine), self._db.clock())

    async def session(self, session_id: int, mine: int | None) -> SessionView:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await self._session(tx, session_id, mine)

    async def end_session(self, session_id: int, by: By, mine: int | None) -> None:
        """Ends the session on every worker, with the tokens that came of it. Raises NotFound."""
        now = self._db.clock()
        async with self._db.write() as tx:
            found = await self._session(tx, session_id, mine)
            details = {"session": session_id, "kind": found.kind}
            event = Event("session.end", "ok", by.actor, f"user:{found.user_pk}", details, by.origin)
            await audit_log.add(tx, event, now)
            await session_ends.end(tx, session_id, now)

    async def consents(self, wish: Wish, mine: int | None) -> tuple[int, list[Consented]]:
        async with self._db.read() as tx:
            count, found = await rows.consent_page(tx, own(wish, mine), self._db.clock())
            return count, await _consented(tx, found)

    async def consent(self, consent_id: int, mine: int | None) -> Consented:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await self._consent(tx, consent_id, mine)

    async def withdraw(self, consent_id: int, by: By, mine: int | None) -> None:
        """Ends what the client has of the person too; it asks anew at the next sign-in. Raises NotFound."""
        async with self._db.write() as tx:
            found = await self._consent(tx, consent_id, mine)
            await rows.remove_consent(tx, consent_id)
            await self._tokens.revoke_client(tx, found.consent.user_pk, found.consent.provider_id)
            named = Changed(CONSENT, str(consent_id), found.application.name)
            await record(tx, by, DELETED, named, self._db.clock())

    async def tokens(self, kind: str, wish: Wish, mine: int | None) -> tuple[int, list[Issued]]:
        """`kind` is `code`, `access` or `refresh`."""
        async with self._db.read() as tx:
            count, found = await rows.token_page(tx, kind, own(wish, mine), self._db.clock())
            return count, await _issued(tx, found)

    async def token(self, kind: str, number: int, mine: int | None) -> Issued:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return (await _issued(tx, [await self._token(tx, kind, number, mine)]))[0]

    async def revoke(self, kind: str, number: int, by: By, mine: int | None) -> None:
        """Revokes the token, a refresh token with all that came of it, or uses a code up. Raises NotFound."""
        now = self._db.clock()
        async with self._db.write() as tx:
            found = await self._token(tx, kind, number, mine)
            if kind == rows.REFRESH:
                await self._tokens.revoke_family(tx, found.family)
            elif kind == rows.CODE:
                await authorization_codes.redeem(tx, found.key, found.provider_id, now)
            else:
                await access_tokens.revoke(tx, found.key, now)
            event = Event("token.revoke", "ok", by.actor, f"user:{found.user_pk}", {"kind": kind}, by.origin)
            await audit_log.add(tx, event, now)

    async def _session(self, tx: Transaction, session_id: int, mine: int | None) -> SessionView:
        row = await sessions.by_id(tx, session_id, self._db.clock())
        if row is None or mine not in (None, row.user_pk):
            raise absent("AuthenticatedSession")
        names = [one.name for one in msgspec.structs.fields(SessionView)]
        return SessionView(**{name: getattr(row, name) for name in names})

    async def _consent(self, tx: Transaction, consent_id: int, mine: int | None) -> Consented:
        found = await rows.consent(tx, consent_id)
        shown = await _consented(tx, [] if found is None or mine not in (None, found.user_pk) else [found])
        if not shown:
            raise absent("UserConsent")
        return shown[0]

    async def _token(self, tx: Transaction, kind: str, number: int, mine: int | None) -> TokenView:
        for found in await rows.token_numbers(tx, kind, mine, self._db.clock()):
            if number_of(found.key) == number:
                return found
        raise absent("Token")


def number_of(key: str) -> int:
    """A whole number that stands for a token: Authentik's clients know tokens by one. It tells nothing of the token."""
    return int(key_hash(f"number {key}")[:12], 16)


def own(wish: Wish, mine: int | None) -> Wish:
    """The wish, for one person's things alone when it is not for everybody's."""
    if mine is None:
        return wish
    return msgspec.structs.replace(wish, filters=(*wish.filters, Filter("user", "is", mine)))


async def _consented(tx: Transaction, found: Sequence[ConsentView]) -> list[Consented]:
    """A consent for a client whose application is gone is left out."""
    known = await _people(tx, [one.user_pk for one in found])
    apps = await applications.by_ids(tx, [one.application_id for one in found if one.application_id is not None])
    return [
        Consented(one, known[one.user_pk], apps[one.application_id])
        for one in found
        if one.user_pk in known and one.application_id in apps
    ]


async def _issued(tx: Transaction, found: Sequence[TokenView]) -> list[Issued]:
    known = await _people(tx, [one.user_pk for one in found])
    clients = await providers.by_ids(tx, sorted({one.provider_id for one in found}))
    return [
        Issued(number_of(one.key), one, known[one.user_pk], clients[one.provider_id])
        for one in found
        if one.user_pk in known
    ]


async def _people(tx: Transaction, user_pks: Sequence[int]) -> dict[int, Person]:
    people = await people_rows.by_ids(tx, sorted(set(user_pks)))
    return {person.user.id: person for person in await persons(tx, list(people.values()))}
