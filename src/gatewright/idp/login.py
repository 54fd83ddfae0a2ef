"""Sign a local person in, with a password and what their factors ask for, and open the provider's own session."""

import hashlib
import secrets

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits, accounts_of, network_of
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.sessions import Session, Sessions
from gatewright.domain.clock import MINUTE, Millis
from gatewright.domain.errors import BadInput, TooManyRequests, Unauthenticated, Unavailable
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.factors.factors import PASSKEY, Factors, SetUp, new_challenge, passkeys
from gatewright.storage import ceremonies, sessions, users
from gatewright.storage.ceremonies import Ceremony
from gatewright.storage.database import Database

LONGEST_NAME = 254
WRONG = "This user name and password do not belong together."
# What a browser is in the middle of.
FACTOR, ENROL, ALONE = "second_factor", "enrol", "passkey"
# Each makes a row; a browser asks at every sign-in page that it shows.
QUESTIONS = 120
CEREMONY_LIFE: Millis = 10 * MINUTE


class SignInRefused(Unauthenticated):
    """One text for an unknown name, a wrong password and a deactivated account, so that it tells nothing."""

    code = "sign_in_refused"
    summary = WRONG


class CeremonyOver(Unauthenticated):
    """The second step came too late, or from another browser."""

    code = "sign_in_over"
    summary = "This sign-in took too long. Begin again."


class SignedIn(msgspec.Struct, frozen=True):
    """The new cookie value and its session. `recovery_codes` are to be shown once."""

    token: str
    session: Session
    recovery_codes: tuple[str, ...] = ()


class FactorNeeded(msgspec.Struct, frozen=True):
    """The password is right; `handle` is the browser's for the next step. `enrol`: a factor has to be set up first."""

    handle: str
    enrol: bool


class Waiting(msgspec.Struct, frozen=True):
    """Who stands between password and factor, and what they may prove it with."""

    user: User
    has_passkey: bool
    has_app: bool


class Login:
    """The sign-in of the provider's pages."""

    def __init__(
        self, db: Database, sessions: Sessions, passwords: Passwords, limits: Limits, factors: Factors, audit: Audit
    ) -> None:
        self._db = db
        self._sessions = sessions
        self._passwords = passwords
        self._limits = limits
        self._factors = factors
        self._audit = audit
        self._somebody_can = False

    async def session(self, token: str | None) -> Session | None:
        """The living session behind the provider's cookie."""
        return await self._sessions.find(token)

    async def nobody_yet(self) -> bool:
        """Whether nobody can sign in, because the set-up link was not used. Once somebody can, somebody always can."""
        if not self._somebody_can:
            async with self._db.read() as tx:
                self._somebody_can = await users.any_local(tx)
        return not self._somebody_can

    async def sign_in(self, name: str, password: str, origin: Origin, old_token: str | None) -> SignedIn | FactorNeeded:
        """A session, or what is missing to one. The session that the browser had ends: no id outlives a sign-in.

        Raises SignInRefused, TooManyRequests.
        """
        user = await self._with_password(name, password, origin)
        has_some, required = await self._factors.asked(user.id)
        if has_some or required:
            purpose = FACTOR if has_some else ENROL
            return FactorNeeded(await self._begin(purpose, user.id), enrol=purpose == ENROL)
        return await self._open(user, ("pwd",), origin, old_token)

    async def waiting(self, handle: str | None) -> Waiting:
        """Whose second factor is asked for. Raises CeremonyOver."""
        _, user = await self._going_on(handle, FACTOR)
        kinds = {factor.kind for factor in await self._factors.of(user.id)}
        return Waiting(user, PASSKEY in kinds, bool(kinds - {PASSKEY}))

    async def with_code(self, handle: str | None, code: str, origin: Origin, old_token: str | None) -> SignedIn:
        """A code of an app or a recovery code. Raises CeremonyOver, WrongCode, TooManyRequests."""
        ceremony, user = await self._going_on(handle, FACTOR)
        proved = await self._factors.prove_code(user, code, origin)
        await self._end(ceremony)
        return await self._open(user, ("pwd", *(("otp",) if proved == "otp" else ()), "mfa"), origin, old_token)

    async def just_enrolled(self, handle: str | None, session: Session) -> bool:
        """Whether this browser's set-up of a first factor opened the session a moment ago. True once."""
        if not handle or self._db.clock() - session.row.created_at > CEREMONY_LIFE:
            return False
        async with self._db.write() as tx:
            return await ceremonies.take_ended(tx, _hash(handle), ENROL, session.user.id)

    async def passkey_question(self, handle: str | None, origin: Origin) -> tuple[str, dict[str, object]]:
        """What to ask the browser's passkey, with the handle to bring the answer with.

        With a handle of a second step only that person's keys are asked; without one whichever the device has.
        Raises TooManyRequests.
        """
        await self._limits.count(f"sign-in:passkey:{network_of(origin.address or '')}", QUESTIONS)
        challenge, module = new_challenge(), passkeys()
        found = await self._find(handle, FACTOR)
        if found is not None and found.user_pk is not None and handle is not None:
            known = [one for one in await self._factors.of(found.user_pk) if one.kind == PASSKEY]
            async with self._db.write() as tx:
                await ceremonies.challenge(tx, _hash(handle), FACTOR, challenge, self._db.clock())
            return handle, module.request(self._factors.rp_id, challenge, known, alone=False)
        fresh = await self._begin(ALONE, None, challenge)
        return fresh, module.request(self._factors.rp_id, challenge, (), alone=True)

    async def with_passkey(self, handle: str | None, answer: str, origin: Origin, old_token: str | None) -> SignedIn:
        """A passkey's answer: the second factor, or alone. Raises CeremonyOver, PasskeyRefused, SignInRefused."""
        second = await self._take(handle, FACTOR)
        ceremony = second or await self._take(handle, ALONE)
        if ceremony is None or ceremony.challenge is None:
            raise CeremonyOver()
        try:
            factor, _ = await self._factors.prove_passkey(answer, ceremony.challenge, alone=second is None)
        except BadInput as error:
            target = None if second is None else await self._name(second.user_pk)
            await self._audit.write(Event("idp.login", error.error_code, target=target, origin=origin))
            raise
        async with self._db.read() as tx:
            user = await users.by_id(tx, factor.user_pk)
        strange = second is not None and second.user_pk != factor.user_pk
        if user is None or not user.is_active or strange:
            cause = "passkey_of_another" if strange else "user_inactive"
            await self._audit.write(Event("idp.login", cause, target=user.user_id if user else None, origin=origin))
            raise SignInRefused("This passkey cannot sign in here.")
        # A passkey alone is two factors: the device, and what unlocked it (RFC 8176: `user`, `hwk` or `swk`).
        kind = "swk" if factor.is_backed_up else "hwk"
        return await self._open(user, (*(("pwd",) if second else ("user",)), kind, "mfa"), origin, old_token)

    async def enrolment(self, handle: str | None) -> tuple[User, SetUp]:
        """The authenticator app that has to be set up before the sign-in goes on. Raises CeremonyOver."""
        ceremony, user = await self._going_on(handle, ENROL)
        begun = ceremony.data.get("factor")
        if isinstance(begun, str):
            return user, await self._factors.unfinished_app(user, begun)
        made = await self._factors.begin_app(user, "")
        async with self._db.write() as tx:
            await ceremonies.note(tx, ceremony.handle_hash, {"factor": made.id})
        return user, made

    async def enrolled(self, handle: str | None, code: str, origin: Origin, old_token: str | None) -> SignedIn:
        """The app's first code. Raises CeremonyOver, WrongCode, TooManyRequests."""
        ceremony, user = await self._going_on(handle, ENROL)
        codes = await self._factors.confirm_app(user, str(ceremony.data.get("factor", "")), code, origin)
        await self._end(ceremony)
        found = await self._open(user, ("pwd", "otp", "mfa"), origin, old_token)
        return msgspec.structs.replace(found, recovery_codes=codes)

    async def check_password(self, user: User, password: str, origin: Origin) -> None:
        """Asks for the password once more, before something that a thief of a session would do.

        Raises SignInRefused, TooManyRequests.
        """
        found = await self._with_password(user.username, password, origin)
        if found.id != user.id:
            raise SignInRefused()

    async def _with_password(self, name: str, password: str, origin: Origin) -> User:
        typed = name.strip()[:LONGEST_NAME].replace("\x00", "")
        async with self._db.read() as tx:
            found = await users.with_password(tx, typed)
        accounts = accounts_of(found[0] if found else None, typed)
        try:
            await self._limits.count_sign_in(accounts, origin.address)
        except TooManyRequests:
            await self._report("too_many_attempts", typed, origin)
            raise
        matches = await self._passwords.matches(password, found[1] if found else None)
        if found is None or not matches or not found[0].is_active:
            cause = "user_unknown" if found is None else "password_wrong" if not matches else "user_inactive"
            await self._report(cause, typed, origin)
            raise SignInRefused()
        await self._limits.forgive(accounts, origin.address)
        return found[0]

    async def _open(self, user: User, amr: tuple[str, ...], origin: Origin, old_token: str | None) -> SignedIn:
        old = await self._sessions.find(old_token)
        source = "password" if "pwd" in amr else "passkey"
        async with self._db.write() as tx:
            opening = self._sessions.within(tx)
            token, row = await opening.open(user, origin, source=source, amr=amr)
            if old is not None and old.user.id == user.id:
                # The same person again: for their applications the session goes on.
                row = await sessions.succeed(tx, old.row.id, row.id)
            now = self._db.clock()
            person = await users.change(tx, user.id, now, last_login_at=now)
            if person is None or not person.is_active:
                raise Unavailable("The session could not be opened. Try again.", code="session_not_opened")
            await self._audit.write(Event("idp.login", "ok", user.user_id, None, {"amr": list(amr)}, origin), tx)
            if old is not None:
                await opening.end(old.row.id)
        return SignedIn(token, Session(row, person))

    async def _begin(self, purpose: str, user_pk: int | None, challenge: bytes | None = None) -> str:
        handle, now = secrets.token_urlsafe(32), self._db.clock()
        ceremony = Ceremony(_hash(handle), purpose, user_pk, ("pwd",), challenge, {}, now + CEREMONY_LIFE)
        async with self._db.write() as tx:
            await ceremonies.add(tx, ceremony, now)
        return handle

    async def _name(self, user_pk: int | None) -> str | None:
        async with self._db.read() as tx:
            user = None if user_pk is None else await users.by_id(tx, user_pk)
        return None if user is None else user.user_id

    async def _find(self, handle: str | None, purpose: str) -> Ceremony | None:
        if not handle:
            return None
        async with self._db.read() as tx:
            return await ceremonies.find(tx, _hash(handle), purpose, self._db.clock())

    async def _going_on(self, handle: str | None, purpose: str) -> tuple[Ceremony, User]:
        found = await self._find(handle, purpose)
        if found is None or found.user_pk is None:
            raise CeremonyOver()
        async with self._db.read() as tx:
            user = await users.by_id(tx, found.user_pk)
        if user is None or not user.is_active:
            raise CeremonyOver()
        return found, user

    async def _take(self, handle: str | None, purpose: str) -> Ceremony | None:
        if not handle:
            return None
        async with self._db.write() as tx:
            return await ceremonies.take(tx, _hash(handle), purpose, self._db.clock())

    async def _end(self, ceremony: Ceremony) -> None:
        """Of two requests with the same handle and two good codes one signs in."""
        async with self._db.write() as tx:
            if await ceremonies.take(tx, ceremony.handle_hash, ceremony.purpose, self._db.clock()) is None:
                raise CeremonyOver()

    async def _report(self, cause: str, typed: str, origin: Origin) -> None:
        await self._audit.write(Event("idp.login", cause, target=typed or None, origin=origin))


def _hash(handle: str) -> str:
    return hashlib.sha256(handle.encode()).hexdigest()
