"""A person's second factors: set one up, prove one, take one away (Authentik contract 3.4)."""

import secrets
import uuid
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits
from gatewright.domain.errors import BadInput, NotFound, TooManyRequests
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.factors import recovery, totp
from gatewright.idp.mail.letters import Notice
from gatewright.idp.mail.outbox import Outbox
from gatewright.oidc import redirect_uris
from gatewright.storage import authenticators, groups
from gatewright.storage.authenticators import Authenticator
from gatewright.storage.database import Database, Transaction

APP, PASSKEY = "totp", "webauthn"
PURPOSE = "authenticators.secret"
MOST = 20
LONGEST_NAME = 100


class WrongCode(BadInput):
    code = "code_wrong"
    summary = "This code is not right, or it was used already. Wait for the next one and try again."


class SetUp(msgspec.Struct, frozen=True):
    """An authenticator app to be: its secret as text, and the address that its QR code says."""

    id: str
    secret: str
    address: str


@cache
def passkeys() -> ModuleType:
    """The passkey module, at the first need: its library costs every worker memory that few ever use."""
    return import_module("gatewright.idp.factors.passkeys")


class Factors:
    """Second factors by person. `base_url` gives the relying party id and the origin of passkeys."""

    def __init__(self, db: Database, limits: Limits, audit: Audit, base_url: str, outbox: Outbox | None = None) -> None:
        self._db = db
        # Without one nobody is told.
        self._outbox = outbox or Outbox(db, base_url)
        self._limits = limits
        self._audit = audit
        self._host = urlsplit(base_url).netloc
        self.origin = redirect_uris.origin(base_url) or base_url
        self.rp_id = urlsplit(base_url).hostname or ""

    async def of(self, user_pk: int) -> list[Authenticator]:
        """The confirmed ones, the oldest first."""
        async with self._db.read() as tx:
            return await authenticators.of_user(tx, user_pk)

    async def recovery_codes_left(self, user_pk: int) -> int:
        async with self._db.read() as tx:
            return await authenticators.recovery_codes_left(tx, user_pk)

    async def asked(self, user_pk: int) -> tuple[bool, bool]:
        """Whether the person has a factor, and whether a group that they are in, parents included, asks for one."""
        async with self._db.read() as tx:
            has_some = bool(await authenticators.of_user(tx, user_pk))
            return has_some, any(one.group.requires_mfa for one in await groups.memberships(tx, user_pk))

    async def required(self, user_pk: int) -> bool:
        """Whether a group that the person is in, parents included, asks for a second factor."""
        return (await self.asked(user_pk))[1]

    async def begin_app(self, user: User, name: str) -> SetUp:
        """A secret for an authenticator app, which counts once a code of it was typed. Forgets an unfinished one."""
        secret = totp.new_secret()
        async with self._db.write() as tx:
            await self._check_room(tx, user.id)
            await authenticators.drop_unconfirmed(tx, user.id)
            row = await authenticators.add(
                tx,
                uuid=str(uuid.uuid4()),
                user_pk=user.id,
                kind=APP,
                name=named(name, "Authenticator app"),
                secret=self._db.sealer.seal(secret.hex(), PURPOSE),
                created_at=self._db.clock(),
            )
        return SetUp(row.uuid, totp.typed(secret), totp.address(secret, self._host, user.username))

    async def unfinished_app(self, user: User, factor_id: str) -> SetUp:
        """The same set-up again, for a page that is shown once more. Raises NotFound."""
        async with self._db.read() as tx:
            row = await authenticators.unconfirmed(tx, user.id, factor_id)
        if row is None:
            raise NotFound("This set-up is over. Begin again.", code="factor_not_found")
        secret = self._secret(row)
        return SetUp(row.uuid, totp.typed(secret), totp.address(secret, self._host, user.username))

    async def confirm_app(self, user: User, factor_id: str, code: str, origin: Origin) -> tuple[str, ...]:
        """Counts the app as a factor. Returns recovery codes when it is the person's first factor, else nothing.

        Raises NotFound, WrongCode, TooManyRequests.
        """
        await self._count_guess(user, origin)
        now = self._db.clock()
        async with self._db.write() as tx:
            row = await authenticators.unconfirmed(tx, user.id, factor_id)
            if row is None:
                raise NotFound("This set-up is over. Begin again.", code="factor_not_found")
            step = totp.matching_step(self._secret(row), digits(code), now, row.last_step)
            good = step is not None and await authenticators.use_step(tx, row.id, step, now, confirm=True)
            codes = await self._first_codes(tx, user.id) if good else ()
        if not good:
            raise await self._wrong(user, origin)
        await self._added(user, row.name, APP, origin)
        return codes

    async def add_passkey(self, user: User, name: str, new: Any, origin: Origin) -> tuple[str, ...]:
        """Counts a passkey (`passkeys.NewPasskey`) as a factor. Returns as `confirm_app`. Raises BadInput."""
        now = self._db.clock()
        label = named(name, "Passkey")
        async with self._db.write() as tx:
            await self._check_room(tx, user.id)
            if await authenticators.by_credential(tx, new.credential_id) is not None:
                raise BadInput("This passkey is set up already.", param="credential", code="passkey_known")
            await authenticators.add(
                tx,
                **{**msgspec.structs.asdict(new), "transports": list(new.transports)},
                uuid=str(uuid.uuid4()),
                user_pk=user.id,
                kind=PASSKEY,
                name=label,
                confirmed_at=now,
                created_at=now,
            )
            codes = await self._first_codes(tx, user.id)
        await self._added(user, label, PASSKEY, origin)
        return codes

    async def prove_code(self, user: User, code: str, origin: Origin) -> str:
        """A code of an app, or a recovery code, which is used up. Returns which: `otp` or `recovery`.

        Guesses count by account, before the code is looked at, and each makes the next wait longer.
        Raises WrongCode, TooManyRequests.
        """
        await self._count_guess(user, origin)
        kind = await self._matching(user, code)
        if kind is None:
            raise await self._wrong(user, origin)
        await self._limits.forgive_guesses(user.id)
        if kind == "recovery":
            await self._audit.write(Event("idp.factor.recovery_code", "ok", user.user_id, user.user_id, origin=origin))
        return kind

    async def prove_if_set_up(self, user: User, code: str, origin: Origin) -> tuple[str, ...]:
        """For a form that asks for everything at once: how a code proved the person, nothing where no factor is set up.

        Raises as `prove_code`. Nothing typed is no guess.
        """
        if not await self.of(user.id):
            return ()
        if not code.strip():
            raise WrongCode(param="code")
        return ("otp", "mfa") if await self.prove_code(user, code, origin) == "otp" else ("mfa",)

    async def prove_passkey(self, answer: str, challenge: bytes, *, alone: bool) -> tuple[Authenticator, bool]:
        """The passkey that answered, and whether its device verified the person. Raises `passkeys.PasskeyRefused`."""
        module = passkeys()
        async with self._db.read() as tx:
            factor = await authenticators.by_credential(tx, module.credential_id(answer))
        if factor is None:
            raise module.PasskeyRefused()
        found = module.asserted(answer, challenge, self.rp_id, self.origin, factor, alone=alone)
        async with self._db.write() as tx:
            await authenticators.used_passkey(
                tx, factor.id, found.sign_count, self._db.clock(), backed_up=found.is_backed_up
            )
        return factor, bool(found.verified)

    async def remove(self, user: User, factor_id: str, origin: Origin) -> None:
        """Takes a factor away, and the recovery codes with the last one. Raises NotFound, BadInput."""
        mandatory = await self.required(user.id)
        async with self._db.write() as tx:
            others = [one for one in await authenticators.of_user(tx, user.id) if one.uuid != factor_id]
            if mandatory and not others:
                raise BadInput(
                    "A group that you are in asks for a second factor. Set up another one first.",
                    code="factor_required",
                )
            if not await authenticators.remove(tx, user.id, factor_id):
                raise NotFound("You have no such factor.", code="factor_not_found")
            if not others:
                await authenticators.remove_all(tx, user.id)
        await self._audit.write(Event("idp.factor.remove", "ok", user.user_id, factor_id, origin=origin))
        await self._outbox.tell(user, Notice.FACTOR_REMOVED, origin)

    async def reset(self, user: User, actor: str, origin: Origin) -> None:
        """Takes every factor of somebody who lost them away, by an administrator."""
        event = Event("idp.factor.reset", "ok", actor, user.user_id, origin=origin)
        async with self._db.write() as tx:
            await authenticators.remove_all(tx, user.id)
            await self._audit.write(event, tx)
            # Not from where: that would be the administrator's address.
            await self._outbox.notice(tx, user, Notice.FACTORS_RESET, Origin())
        await self._limits.forgive_guesses(user.id)

    async def new_recovery_codes(self, user: User, origin: Origin) -> tuple[str, ...]:
        """Ten fresh codes; those before are void. Raises BadInput for somebody without a factor."""
        async with self._db.write() as tx:
            if not await authenticators.of_user(tx, user.id):
                raise BadInput("Set up a second factor first.", code="factor_missing")
            codes = await self._codes(tx, user.id)
        await self._audit.write(Event("idp.factor.recovery_codes", "ok", user.user_id, user.user_id, origin=origin))
        return codes

    async def _count_guess(self, user: User, origin: Origin) -> None:
        try:
            await self._limits.count_guess(user.id)
        except TooManyRequests:
            await self._audit.write(Event("idp.factor", "too_many_attempts", actor=user.user_id, origin=origin))
            raise

    async def _wrong(self, user: User, origin: Origin) -> WrongCode:
        await self._audit.write(Event("idp.factor", "code_wrong", actor=user.user_id, origin=origin))
        return WrongCode(param="code")

    async def _matching(self, user: User, code: str) -> str | None:
        now = self._db.clock()
        async with self._db.write() as tx:
            if recovery.looks_like_one(code):
                stored = recovery.stored(code, user.id)
                return "recovery" if await authenticators.use_recovery_code(tx, user.id, stored, now) else None
            for row in await authenticators.of_user(tx, user.id):
                if row.kind != APP:
                    continue
                step = totp.matching_step(self._secret(row), digits(code), now, row.last_step)
                if step is not None and await authenticators.use_step(tx, row.id, step, now):
                    return "otp"
        return None

    async def _check_room(self, tx: Transaction, user_pk: int) -> None:
        if len(await authenticators.of_user(tx, user_pk)) >= MOST:
            raise BadInput(f"You have {MOST} factors. Remove one first.", code="too_many_factors")

    async def _first_codes(self, tx: Transaction, user_pk: int) -> tuple[str, ...]:
        if await authenticators.recovery_codes_left(tx, user_pk):
            return ()
        return await self._codes(tx, user_pk)

    async def _codes(self, tx: Transaction, user_pk: int) -> tuple[str, ...]:
        codes = recovery.new_codes()
        hashes = [recovery.stored(code, user_pk) for code in codes]
        await authenticators.replace_recovery_codes(tx, user_pk, hashes, self._db.clock())
        return codes

    async def _added(self, user: User, name: str, kind: str, origin: Origin) -> None:
        await self._limits.forgive_guesses(user.id)
        details = {"kind": kind}
        await self._audit.write(Event("idp.factor.add", "ok", user.user_id, name, details, origin))
        await self._outbox.tell(user, Notice.FACTOR_ADDED, origin)

    def _secret(self, row: Authenticator) -> bytes:
        return bytes.fromhex(self._db.sealer.open(row.secret or b"", PURPOSE))


def new_challenge() -> bytes:
    """Fresh bytes for a passkey to sign (WebAuthn 13.4.3)."""
    return secrets.token_bytes(32)


def digits(code: str) -> str:
    """The code without the spaces that apps show in it."""
    return "".join(code.split())[:10]


def named(name: str, default: str) -> str:
    """A factor's name as it is stored."""
    kept = "".join(char for char in name.strip() if char.isprintable())[:LONGEST_NAME]
    return kept or default
