"""Sign somebody in, browser and command line alike: proof, person, user, session. The order of steps on one screen."""

import logging
from collections.abc import Awaitable, Callable

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits, network_of
from gatewright.accounts.sessions import Sessions
from gatewright.domain.clock import HOUR, MINUTE
from gatewright.domain.errors import GatewrightError, TooManyRequests
from gatewright.domain.people import PROXY_SOURCE, Event, Origin, User
from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.parameters import Parameters
from gatewright.sso.claims import Person, person
from gatewright.sso.cli_login import CliLogins, CodePrompt
from gatewright.sso.doctor.trial import Trial, Trials
from gatewright.sso.parties import RelyingParties
from gatewright.sso.provisioning import Provisioning
from gatewright.sso.relying_party import Begun, Proof
from gatewright.sso.return_to import safe_return_to
from gatewright.sso.sources import Source
from gatewright.sso.standing import Standing, read_standing, write_standing
from gatewright.sso.trusted_header import Assertion, HeaderRefused
from gatewright.storage.database import Database

logger = logging.getLogger(__name__)
LONGEST_SID = 255
# Each start is a row that lives ten minutes. High enough for a big office behind one address.
STARTS = 600

UuidOf = Callable[[str], Awaitable[str | None]]
"""From the subject that our own provider shows a client to the user's uuid; None when there is no such user."""


class Completed(msgspec.Struct, frozen=True):
    """What a sign-in came to: `session` is the new cookie's value; `prompt` is set instead for the command line.

    `trial` is set alone, for a trial, which signed nobody in.
    """

    return_to: str = ""
    session: str | None = None
    prompt: CodePrompt | None = None
    trial: Trial | None = None


class SignIn:
    """The use case. `uuid_of` resolves the embedded provider's subjects."""

    def __init__(
        self,
        db: Database,
        parties: RelyingParties,
        provisioning: Provisioning,
        sessions: Sessions,
        cli_logins: CliLogins,
        uuid_of: UuidOf,
        limits: Limits,
    ) -> None:
        self._db = db
        self._parties = parties
        self._provisioning = provisioning
        self._sessions = sessions
        self._cli_logins = cli_logins
        self._uuid_of = uuid_of
        self._limits = limits
        self._audit = Audit(db)
        self._trials = Trials(db, sessions, provisioning.rules, parties)
        self._standing: dict[str, Standing] = {}

    async def begin(
        self,
        source_id: str | None,
        *,
        return_to: str | None,
        browser: str | None,
        cli_login: str | None,
        ask_again: bool,
        origin: Origin,
        invitation: str | None = None,
    ) -> Begun:
        """Starts a sign-in. `ask_again`: this browser signed out, so the provider must ask for the credentials.
        `invitation` is the hash of the one whose row this sign-in is to get.

        Raises BadInput for a command-line login that is over, NotFound for an unknown source, ProviderFailed when the
        provider is, TooManyRequests, each in the audit log.
        """
        try:
            party = self._parties.get(source_id)
            source_id = party.source.id
            await self._limits.count(f"sign-in-start:{network_of(origin.address or '')}", STARTS, MINUTE)
            if cli_login is not None:
                await self._cli_logins.check(cli_login)
            return await party.begin(
                return_to=safe_return_to(return_to),
                browser=browser,
                cli_login=cli_login,
                prompt="login" if ask_again else None,
                invitation=invitation,
            )
        except GatewrightError as error:
            await self.refused(error, source_id, origin)
            raise

    async def try_out(self, source_id: str | None, *, browser: str | None, origin: Origin) -> Begun:
        """Starts a trial, which may be of a source that is not enabled. Raises as `begin` does."""
        try:
            party = self._parties.get(source_id, trial=True)
            await self._limits.count(f"sign-in-start:{network_of(origin.address or '')}", STARTS, MINUTE)
            return await party.begin(return_to=None, browser=browser, is_trial=True)
        except GatewrightError as error:
            await self.refused(error, source_id, origin)
            raise

    async def complete(
        self, parameters: Parameters, *, callback: str, browser: str | None, old_session: str | None, origin: Origin
    ) -> Completed:
        """Finishes a sign-in. Raises LoginRefused or an OAuthError, each with a cause code, each in the audit log."""
        source_id, who = None, None
        try:
            party, row = await self._parties.returned(parameters, browser, callback)
            source_id = party.source.id
            if row.is_trial:
                return Completed(trial=await self._trials.examine(party, row, parameters, old_session, origin))
            proof = await party.complete(parameters, row)
            self._parties.refuse_foreign(party.source, proof)
            who = await self._person(party.source, proof)
            await self._provisioning.make_teams(proof.teams, origin)
            user = await self._provisioning.sign_in(
                who, party.source, origin, row.invitation, dashboard=row.cli_login is None
            )
            await self._note(party.source, proof)
            if row.cli_login is not None:
                prompt = await self._cli_logins.attach(row.cli_login, user, browser or "", origin, who.kept)
                return Completed(prompt=prompt)
            session = await self._open(user, party.source, proof, old_session, origin)
            return Completed(safe_return_to(row.return_to), session)
        except GatewrightError as error:
            await self.refused(error, source_id, origin, who)
            raise

    async def by_assertion(
        self,
        said: Assertion,
        *,
        cli_login: str | None,
        browser: str,
        old_session: str | None,
        return_to: str | None,
        origin: Origin,
    ) -> Completed:
        """Signs in whom an authenticating proxy in front, or a SAML response, names.

        Raises LoginRefused or BadInput, in the audit log.
        """
        source = said.source
        try:
            who = person(said.claims, source.provider.claims, source=said.identity, subject=said.subject)
            user = await self._provisioning.sign_in(who, source, origin, dashboard=cli_login is None)
            if cli_login is not None:
                prompt = await self._cli_logins.attach(cli_login, user, browser, origin, who.kept)
                return Completed("", prompt=prompt)
            await self._end(old_session, origin)
            # What a proxy signed in lasts as long as the proxy names the same person.
            binding = said.binding if source.id == PROXY_SOURCE else None
            token, _ = await self._sessions.open(user, origin, source=source.id, provider_sid=binding)
            details = {"source": said.identity, "role": user.role, "rule": user.role_reason.rule}
            await self._audit.write(Event("login.sso", "ok", actor=user.user_id, details=details, origin=origin))
            return Completed(safe_return_to(return_to), session=token)
        except GatewrightError as error:
            await self.refused(error, said.identity, origin)
            raise

    async def ignored(self, error: HeaderRefused, origin: Origin) -> None:
        """Headers of somebody who is not the proxy: once an hour into the audit log, however often they come."""
        try:
            await self._limits.count(f"sign-in-header:{error.error_code}", 1, HOUR)
        except TooManyRequests:
            return
        await self.refused(error, PROXY_SOURCE, origin)

    async def check_cli_login(self, cli_login: str, origin: Origin) -> None:
        """Raises BadInput for a command-line login that is over, in the audit log too."""
        try:
            await self._cli_logins.check(cli_login)
        except GatewrightError as error:
            await self.refused(error, None, origin)
            raise

    async def is_signed_in(self, session_token: str | None, origin: Origin) -> bool:
        """Whether the browser has a living session."""
        return await self._sessions.find(session_token, origin) is not None

    async def standing(self, source_id: str) -> Standing | None:
        """What the last sign-in said about the source's issuer, on any worker; None before the first."""
        return await read_standing(self._db, source_id)

    async def refused(
        self, error: GatewrightError, source_id: str | None, origin: Origin, who: Person | None = None
    ) -> None:
        """Into the audit log: why somebody was not signed in, who it was once they had proved it, and what helps."""
        details, target = {"source": source_id, "message": error.message}, None
        if who is not None:
            details |= {"issuer": who.source, "subject": who.subject}
            target = who.user_id or who.subject
        party = self._parties.find(source_id)
        fix = (None if party is None else party.fix(error.error_code)) or error.hint
        if fix is not None:
            details["fix"] = fix
        await self._audit.write(Event("login.sso", error.error_code, target=target, details=details, origin=origin))

    async def _open(self, user: User, source: Source, proof: Proof, old_session: str | None, origin: Origin) -> str:
        """The cookie's value of a new session."""
        await self._end(old_session, origin)
        token, _ = await self._sessions.open(
            user,
            origin,
            source=source.id,
            amr=_methods(proof),
            id_token=proof.id_token,
            provider_sid=_sid(proof) if source.is_embedded else None,
            outside_sid=None if source.is_embedded else _sid(proof),
        )
        reason = user.role_reason
        steps = [step.text for step in reason.steps]
        details = {"source": source.id, "role": user.role, "rule": reason.rule, "steps": steps}
        await self._audit.write(Event("login.sso", "ok", actor=user.user_id, details=details, origin=origin))
        return token

    async def _person(self, source: Source, proof: Proof) -> Person:
        subject: str | None = proof.subject
        if source.is_embedded:
            subject = await self._uuid_of(proof.subject)
        if subject is None:
            raise LoginRefused("not_linked", "The account that signed in does not exist any more.")
        identity = source.identity_source(proof.issuer)
        return person(proof.claims, source.provider.claims, source=identity, subject=subject)

    async def _note(self, source: Source, proof: Proof) -> None:
        """Remembers how far the issuer can be trusted, for the dashboard and the doctor; written when it changes."""
        standing = Standing(source.id, proof.issuer, proof.doubt, proof.notes)
        if standing == self._standing.get(source.id):
            return
        if standing.doubt is not None:
            logger.warning("unverified issuer: %s", standing.doubt)
        for note in standing.notes:
            logger.warning("sign-in provider %s: %s", source.id, note)
        await write_standing(self._db, standing)
        self._standing[source.id] = standing

    async def _end(self, old_session: str | None, origin: Origin) -> None:
        """A new sign-in never continues the session that the browser had."""
        old = await self._sessions.find(old_session, origin)
        if old is not None:
            await self._sessions.end(old.row.id)


def _sid(proof: Proof) -> str | None:
    """The session at the provider, whose end ends this one too."""
    sid = proof.claims.get("sid")
    return sid if isinstance(sid, str) and 0 < len(sid) <= LONGEST_SID and sid.isprintable() else None


def _methods(proof: Proof) -> tuple[str, ...]:
    found = proof.claims.get("amr")
    names = [name[:50] for name in found[:10] if isinstance(name, str)] if isinstance(found, list) else []
    return tuple(name for name in names if name.isprintable())
