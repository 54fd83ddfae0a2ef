"""What somebody does with their own account: password, second factors. Each asks for the password once more.

A stolen session must not be enough to lock its owner out (Authentik contract 3.4).
"""

import hashlib
import secrets
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.passwords import Passwords
from gatewright.domain.clock import MINUTE, Millis
from gatewright.domain.errors import BadInput, Conflict, Forbidden
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.directory.people import end_everything, new_password
from gatewright.idp.directory.recovery import new_path
from gatewright.idp.factors.factors import PASSKEY, Factors, SetUp, new_challenge, passkeys
from gatewright.idp.login import CeremonyOver, Login, SignInRefused
from gatewright.idp.mail.letters import Notice
from gatewright.idp.mail.outbox import Outbox
from gatewright.storage import api_tokens, ceremonies, changes, keys, users
from gatewright.storage.authenticators import Authenticator
from gatewright.storage.ceremonies import Ceremony
from gatewright.storage.database import Database

REGISTER = "register"
LIFE: Millis = 10 * MINUTE


class Security(msgspec.Struct, frozen=True):
    """`is_local`: the person has a password here. `is_required`: a group asks for a second factor."""

    is_local: bool
    is_required: bool
    codes_left: int
    factors: list[Authenticator]


class OwnAccount:
    """The acts of one person on themselves. `user_pk` is the caller's, never one that was sent."""

    def __init__(
        self, db: Database, login: Login, factors: Factors, passwords: Passwords, audit: Audit, outbox: Outbox
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._login = login
        self._factors = factors
        self._passwords = passwords
        self._audit = audit

    async def security(self, user_pk: int) -> Security:
        async with self._db.read() as tx:
            local = await users.has_password(tx, user_pk)
        codes, required = await self._factors.recovery_codes_left(user_pk), await self._factors.required(user_pk)
        return Security(local, required, codes, await self._factors.of(user_pk))

    async def change_password(self, user_pk: int, old: str, new: str, origin: Origin) -> None:
        """Ends every session that the old one opened, this one too. Raises Forbidden, BadInput, TooManyRequests."""
        user = await self._confirmed(user_pk, old, origin, param="current_password")
        if secrets.compare_digest(old.encode(), new.encode()):
            raise BadInput("This is the password that you have.", param="new_password", code="password_same")
        try:
            hashed, now = await self._passwords.hash(new), self._db.clock()
        except BadInput as error:
            raise BadInput(error.message, param="new_password", hint=error.hint, code=error.error_code) from error
        async with self._db.write() as tx:
            await new_password(tx, user, hashed, now)
            await self._outbox.notice(tx, user, Notice.PASSWORD, origin)
        await self._audit.write(Event("user.password", "ok", user.user_id, user.user_id, {"by": "self"}, origin))

    async def not_me(self, user_pk: int, password: str, origin: Origin) -> str | None:
        """Somebody else was in the account: every session and token ends, command lines too, and the password with it.

        The path of the link that sets a new password; None for somebody whose password is elsewhere, and who is not
        asked for one. Keys stay: applications use them. Raises Forbidden, TooManyRequests.
        """
        user = await self._known(user_pk)
        async with self._db.read() as tx:
            local = await users.has_password(tx, user_pk)
        if local:
            await self._confirmed(user_pk, password, origin)
        nobodys, now = await self._passwords.hash(secrets.token_urlsafe(32)), self._db.clock()
        async with self._db.write() as tx:
            await self._audit.write(Event("user.not_me", "ok", user.user_id, user.user_id, origin=origin), tx)
            await api_tokens.remove_of_user(tx, user_pk)
            hashes = [await keys.revoke(tx, row.id, now) for row in await keys.living_cli(tx, user_pk)]
            path = await new_path(tx, user_pk, now) if local else None
            if local:
                await users.change(tx, user_pk, now, password_hash=nobodys)
            await end_everything(tx, user_pk, now)
            for hashed in hashes:
                if hashed is not None:
                    await changes.announce(tx, "key", hashed, now)
        return path

    async def begin_app(self, user_pk: int, password: str, name: str, origin: Origin) -> SetUp:
        """Raises Forbidden for a wrong password, Conflict for somebody whose sign-in is elsewhere."""
        return await self._factors.begin_app(await self._confirmed(user_pk, password, origin), name)

    async def confirm_app(self, user_pk: int, factor_id: str, code: str, origin: Origin) -> tuple[str, ...]:
        """Raises NotFound, WrongCode, TooManyRequests."""
        return await self._factors.confirm_app(await self._known(user_pk), factor_id, code, origin)

    async def begin_passkey(self, user_pk: int, password: str, origin: Origin) -> tuple[str, dict[str, Any]]:
        """A handle, and what to ask the browser. Raises as `begin_app`."""
        user = await self._confirmed(user_pk, password, origin)
        known = [one for one in await self._factors.of(user_pk) if one.kind == PASSKEY]
        handle, challenge, now = secrets.token_urlsafe(32), new_challenge(), self._db.clock()
        ceremony = Ceremony(_hash(handle), REGISTER, user_pk, (), challenge, {}, now + LIFE)
        async with self._db.write() as tx:
            await ceremonies.add(tx, ceremony, now)
        return handle, passkeys().creation(self._factors.rp_id, user, known, challenge)

    async def add_passkey(
        self, user_pk: int, handle: str, name: str, credential: str, origin: Origin
    ) -> tuple[str, ...]:
        """`credential` is what the browser made, as JSON. Raises CeremonyOver, PasskeyRefused, BadInput."""
        user = await self._known(user_pk)
        async with self._db.write() as tx:
            ceremony = await ceremonies.take(tx, _hash(handle), REGISTER, self._db.clock())
        if ceremony is None or ceremony.challenge is None or ceremony.user_pk != user_pk:
            raise CeremonyOver("This set-up is over. Begin again.")
        made = passkeys().created(credential, ceremony.challenge, self._factors.rp_id, self._factors.origin)
        return await self._factors.add_passkey(user, name, made, origin)

    async def remove_factor(self, user_pk: int, factor_id: str, password: str, origin: Origin) -> None:
        """Raises Forbidden, NotFound, BadInput."""
        await self._factors.remove(await self._confirmed(user_pk, password, origin), factor_id, origin)

    async def new_recovery_codes(self, user_pk: int, password: str, origin: Origin) -> tuple[str, ...]:
        """Raises Forbidden, BadInput."""
        return await self._factors.new_recovery_codes(await self._confirmed(user_pk, password, origin), origin)

    async def _confirmed(self, user_pk: int, password: str, origin: Origin, param: str = "password") -> User:
        user = await self._known(user_pk)
        async with self._db.read() as tx:
            local = await users.has_password(tx, user_pk)
        if not local:
            raise Conflict(
                "You sign in at another provider, which has your password and your factors.", code="not_local"
            )
        try:
            await self._login.check_password(user, password, origin)
        except SignInRefused as error:
            # Not 401, which a page would take for a session that is over.
            raise Forbidden("This is not your password.", param=param, code="password_wrong") from error
        return user

    async def _known(self, user_pk: int) -> User:
        async with self._db.read() as tx:
            user = await users.by_id(tx, user_pk)
        if user is None or not user.is_active:
            raise Forbidden("This account is not active.")
        return user


def _hash(handle: str) -> str:
    return hashlib.sha256(handle.encode()).hexdigest()
