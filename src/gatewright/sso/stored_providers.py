"""Providers that administrators add, change and remove at run time; secrets are sealed and never shown again."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput, Conflict, NotFound, Unavailable
from gatewright.domain.people import Event, Origin
from gatewright.settings.profiles.options import with_email
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.parties import RelyingParties
from gatewright.sso.provider_checks import (
    SECRETS,
    check,
    check_secrets_stay,
    followed,
    given_again,
    merged,
    with_profile,
)
from gatewright.sso.sources import CALLBACK, Source, secret_of
from gatewright.sso.standing import Standing, read_standing
from gatewright.storage import audit_log, changes, sign_in_providers
from gatewright.storage.changes import Change
from gatewright.storage.database import Database, Transaction
from gatewright.storage.sign_in_providers import ProviderRow

PURPOSE = "sign_in_providers.secrets"
KIND = "sign_in_provider"
LITELLM_IDS = ("google", "microsoft", "generic")
"""Providers by LiteLLM's names are registered with LiteLLM's redirect URI."""

SEALED = (*SECRETS, "headers")
"""Values of headers may be credentials as well."""

MOST = 50


class Stored(msgspec.Struct, frozen=True):
    """A stored provider as it is now, its secrets included."""

    provider: SignInProvider
    is_enabled: bool
    row: ProviderRow

    def __repr__(self) -> str:
        return f"Stored({self.provider!r})"


class StoredProviders:
    """`fixed` are the sources of the variables, which nobody changes at run time; `policy` holds for typed URLs.

    `by_email`: who may sign in is restricted by e-mail domain already.
    """

    def __init__(
        self,
        db: Database,
        fixed: Sequence[Source],
        parties: RelyingParties,
        policy: AddressPolicy,
        *,
        by_email: bool,
    ) -> None:
        self._db = db
        self._fixed = tuple(fixed)
        self._parties = parties
        self._policy = policy
        self._by_email = by_email
        self._stale = True
        self._one_at_a_time = asyncio.Lock()

    def apply(self, change: Change) -> None:
        """Notes that the sources must be read again."""
        self._stale = self._stale or change.kind == KIND

    async def refresh(self) -> None:
        """Reads the sources again where something changed. Raises Unavailable and keeps those known."""
        if not self._stale:
            return
        async with self._one_at_a_time:
            self._stale = False
            try:
                stored = await self.everything()
            except Unavailable:
                self._stale = True
                raise
            fixed = {source.id for source in self._fixed}
            added = [self.source_of(one) for one in stored if one.provider.id not in fixed]
            self._parties.set([*self._fixed, *added])

    async def standing(self, source_id: str) -> Standing | None:
        """What the last sign-in through a source said about it."""
        return await read_standing(self._db, source_id)

    @property
    def fixed(self) -> tuple[Source, ...]:
        return self._fixed

    async def everything(self) -> list[Stored]:
        """All of them, oldest first."""
        async with self._db.read() as tx:
            return [self._opened(row) for row in await sign_in_providers.everything(tx)]

    async def get(self, provider_id: str) -> Stored:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await self._known(tx, provider_id)

    async def create(self, fields: Mapping[str, Any], *, is_enabled: bool, actor: str, origin: Origin) -> Stored:
        """A provider of these members; what they leave out is its profile's.

        Raises BadInput for a field, Conflict for an id that is taken or the variables'.
        """
        provider = _converted(with_profile(fields))
        self._refuse_fixed(provider.id)
        check(provider, by_email=self._by_email)
        now = self._db.clock()
        row = self._row(provider, is_enabled, ProviderRow(provider.id, "", {}, None, is_enabled, now, actor, now))
        async with self._db.write() as tx:
            known = await sign_in_providers.everything(tx)
            if any(one.id == provider.id for one in known):
                raise Conflict(f"There is a provider {provider.id!r} already.", param="id", code="provider_exists")
            if len(known) >= MOST:
                raise BadInput(f"There are {MOST} providers already.", code="too_many_providers")
            await sign_in_providers.add(tx, row)
            await self._told(tx, "create", provider.id, sorted(row.fields), actor, origin)
        await self.refresh()
        return self._opened(row)

    async def change(
        self, provider_id: str, changed: Mapping[str, Any], *, is_enabled: bool | None, actor: str, origin: Origin
    ) -> Stored:
        """Changes the named members (a JSON merge patch, RFC 7396). Raises NotFound, or BadInput for a field."""
        self._refuse_fixed(provider_id)
        async with self._db.write() as tx:
            before = await self._known(tx, provider_id)
            wanted = _converted({**merged(msgspec.to_builtins(before.provider), changed), "id": provider_id})
            after = followed(before.provider, wanted)
            check(after, by_email=self._by_email)
            check_secrets_stay(before.provider, after, given_again(before.provider, changed))
            enabled = before.is_enabled if is_enabled is None else is_enabled
            row = msgspec.structs.replace(self._row(after, enabled, before.row), updated_at=self._db.clock())
            await sign_in_providers.change(tx, row)
            await self._told(tx, "update", provider_id, sorted(changed), actor, origin)
        await self.refresh()
        return self._opened(row)

    async def remove(self, provider_id: str, *, actor: str, origin: Origin) -> None:
        """Nobody signs in through it any more; sessions and people stay. Raises NotFound."""
        self._refuse_fixed(provider_id)
        async with self._db.write() as tx:
            if not await sign_in_providers.remove(tx, provider_id):
                raise _unknown(provider_id)
            await self._told(tx, "delete", provider_id, [], actor, origin)
        await self.refresh()

    async def _told(
        self, tx: Transaction, act: str, provider_id: str, fields: Collection[str], actor: str, origin: Origin
    ) -> None:
        now = self._db.clock()
        event = Event(f"sign_in_provider.{act}", "ok", actor, provider_id, {"fields": list(fields)}, origin)
        await audit_log.add(tx, event, now)
        await changes.announce(tx, KIND, provider_id, now)
        self._stale = True

    def _refuse_fixed(self, provider_id: str) -> None:
        if any(source.id == provider_id for source in self._fixed):
            raise Conflict(
                f"The provider {provider_id!r} comes from the gateway's variables.",
                param="id",
                hint="Change it there, or choose another id.",
                code="provider_fixed",
            )

    async def _known(self, tx: Transaction, provider_id: str) -> Stored:
        row = await sign_in_providers.by_id(tx, provider_id)
        if row is None:
            raise _unknown(provider_id)
        return self._opened(row)

    def source_of(self, stored: Stored) -> Source:
        """The source that a stored provider is."""
        provider = stored.provider
        options = with_email(provider.profile, provider.options, by_email=self._by_email)
        provider = msgspec.structs.replace(provider, options=options)
        callback = CALLBACK if provider.id in LITELLM_IDS else f"{CALLBACK}/{provider.id}"
        return Source(provider, secret_of(provider), self._policy, callback, is_enabled=stored.is_enabled)

    def _row(self, provider: SignInProvider, is_enabled: bool, before: ProviderRow) -> ProviderRow:
        fields = msgspec.to_builtins(provider)
        secrets = {name: fields.pop(name) for name in SEALED}
        sealed = self._db.sealer.seal(json.dumps(secrets), PURPOSE)
        return msgspec.structs.replace(
            before, profile=provider.profile, fields=fields, secrets=sealed, is_enabled=is_enabled
        )

    def _opened(self, row: ProviderRow) -> Stored:
        secrets = {} if row.secrets is None else json.loads(self._db.sealer.open(row.secrets, PURPOSE))
        return Stored(msgspec.convert({**row.fields, **secrets}, SignInProvider), row.is_enabled, row)


def _converted(fields: Mapping[str, Any]) -> SignInProvider:
    try:
        return msgspec.convert(fields, SignInProvider)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$.")
        raise BadInput(f"{problem}.", param=path.rstrip("`") or None, code="field_invalid") from error


def _unknown(provider_id: str) -> NotFound:
    return NotFound(f"There is no sign-in provider {provider_id[:60]!r}.", param="id", code="provider_not_found")
