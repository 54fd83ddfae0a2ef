"""`/key/generate`, `/key/update`, `/key/info`, `/key/delete` (contract litellm 3.4)."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from gatewright.accounts.keys import KeyChange, Keys, NewKey
from gatewright.accounts.ui_flags import NO_CUSTOM_KEYS, UiFlags
from gatewright.accounts.users import Users
from gatewright.domain.clock import Clock
from gatewright.domain.errors import BadInput, Conflict, Forbidden, NotFound
from gatewright.domain.limits import NO_LIMITS
from gatewright.domain.people import User
from gatewright.gateway.deployments import Deployments
from gatewright.spend.reports import Reports
from gatewright.storage.keys import KeyRow
from gatewright.web.api import key_rules
from gatewright.web.api.wire import answer, clean
from gatewright.web.call import Call
from gatewright.web.litellm.fields import asked, only_admins, storable
from gatewright.web.litellm.limits import LimitFields, limits_asked
from gatewright.web.litellm.rows import GeneratedKey, KeyInfo, key_fields
from gatewright.web.routing import Access, Dialect, Route

MOST_DELETED_AT_ONCE = 1000
OF_VIRTUAL_KEYS = ("key_alias", "duration", "models", "metadata")


class Generate(LimitFields, msgspec.Struct, frozen=True, kw_only=True):
    """The fields of /key/generate that work here."""

    key_alias: str | None = None
    key: str | None = None
    duration: str | None = None
    models: list[str] = []
    user_id: str | None = None
    team_id: str | None = None
    metadata: dict[str, Any] = {}


class Update(LimitFields, msgspec.Struct, frozen=True, kw_only=True):
    """The fields of /key/update that work here. `key` names the key; without it `key_alias` does."""

    key: str | None = None
    key_alias: str | UnsetType | None = UNSET
    duration: str | UnsetType | None = UNSET
    models: list[str] | UnsetType | None = UNSET
    team_id: str | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET


class Delete(msgspec.Struct, frozen=True):
    """Keys by secret or hash, and keys by alias."""

    keys: list[str] = []
    key_aliases: list[str] = []


class KeyRoutes:
    """LiteLLM's key routes. Keys that the caller may not see are answered as if they did not exist."""

    def __init__(
        self,
        keys: Keys,
        users: Users,
        deployments: Deployments,
        reports: Reports,
        clock: Clock,
        *,
        flags: UiFlags,
    ) -> None:
        self._flags = flags
        self._keys = keys
        self._users = users
        self._deployments = deployments
        self._reports = reports
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route("/key/generate", ("POST",), self.generate, Access.WRITER, Dialect.LITELLM),
            Route("/key/update", ("POST",), self.update, Access.WRITER, Dialect.LITELLM),
            Route("/key/info", ("GET",), self.info, Access.CALLER, Dialect.LITELLM),
            Route("/key/delete", ("POST",), self.delete, Access.CALLER, Dialect.LITELLM),
        ]

    async def generate(self, call: Call) -> Response:
        """The row with the secret, shown this once. Raises BadInput, Forbidden for another's user_id."""
        principal, wanted, now = call.principal, await asked(call, Generate), self._clock()
        key_rules.check_maker(principal)
        limits = limits_asked(wanted)
        if wanted.key is not None and await self._flags.keys_must_be_generated():
            raise Forbidden(
                "Nobody brings the secret of a key here: it is generated.",
                param="key",
                hint=f"Leave it out, or have an administrator switch {NO_CUSTOM_KEYS} off.",
                code="custom_keys_off",
            )
        new = NewKey(
            alias=None if wanted.key_alias is None else key_rules.checked_name(wanted.key_alias, "key_alias"),
            owner=await self._owner(call, wanted.user_id),
            models=key_rules.checked_models(wanted.models, principal, self._deployments),
            expires_at=key_rules.expiry(wanted.duration, principal, now, "duration"),
            metadata=storable(wanted.metadata),
            secret=None if wanted.key is None else key_rules.checked_secret(wanted.key),
            limits=NO_LIMITS if isinstance(limits, UnsetType) else limits,
            team_id=self._team(call, wanted.team_id),
        )
        try:
            secret, row = await self._keys.create(new, actor=call.actor, origin=call.origin)
        except Conflict as error:
            # LiteLLM answers 400 here (contract litellm 3.4).
            raise BadInput(error.message, param=error.param, code=error.error_code) from error
        shown = GeneratedKey(**key_fields(row, 0, now), key=secret, token=row.token_hash, token_id=row.token_hash)
        return answer(shown)

    async def update(self, call: Call) -> Response:
        """The row, `key` its hash; null takes a value away. Limits and the team are administrators' to change.

        Raises NotFound, and BadInput and Forbidden as for a new key.
        """
        principal, wanted, now = call.principal, await asked(call, Update, nulls=True), self._clock()
        row, alias = await self._named(call, wanted)
        limits, models, team = limits_asked(wanted, row.limits), wanted.models, wanted.team_id
        if not key_rules.may_change(principal, row) or (
            not principal.is_admin and not (limits is UNSET and team is UNSET)
        ):
            raise only_admins(call.request.url.path, principal)
        change = KeyChange(
            alias=alias,
            models=UNSET
            if isinstance(models, UnsetType)
            else key_rules.checked_models(models or [], principal, self._deployments),
            expires_at=UNSET
            if isinstance(wanted.duration, UnsetType)
            else key_rules.expiry(wanted.duration, principal, now, "duration"),
            metadata=UNSET if isinstance(wanted.metadata, UnsetType) else storable(wanted.metadata or {}),
            limits=limits,
            team_id=clean(team, "team_id") if isinstance(team, str) else team,
        )
        try:
            row = await self._keys.change(row, change, actor=call.actor, origin=call.origin)
        except Conflict as error:
            raise BadInput(error.message, param=error.param, code=error.error_code) from error
        spent = (await self._reports.of_keys([row.id])).get(row.id, 0)
        info = KeyInfo(**key_fields(row, spent, now))
        return answer({"key": row.token_hash, **msgspec.structs.asdict(info)})

    async def info(self, call: Call) -> Response:
        """`{key, info}` of the key that `?key=` names by secret, hash or id, of the calling one without it.

        `key` is the hash even when the secret was sent: answers never repeat a living secret.
        """
        wanted = call.query("key")
        if wanted is None and call.principal.kind == "master":
            raise BadInput("The master key has no row.", param="key", hint="Name a key: /key/info?key=sk-...")
        if wanted is None:
            row = await key_rules.calling_key(call, self._keys)
        else:
            row = await key_rules.visible_key(self._keys, call.principal, wanted)
        spent = (await self._reports.of_keys([row.id])).get(row.id, 0)
        info = KeyInfo(**key_fields(row, spent, self._clock()))
        return answer({"key": row.token_hash, "info": info})

    async def delete(self, call: Call) -> Response:
        """`{deleted_keys}`, as they were named. Nothing is revoked unless everything that is named may be."""
        wanted = await asked(call, Delete)
        named = [*wanted.keys, *wanted.key_aliases]
        if not 1 <= len(named) <= MOST_DELETED_AT_ONCE:
            raise BadInput(
                f"Name 1 to {MOST_DELETED_AT_ONCE} keys in `keys` or `key_aliases`.", param="keys", code="field_invalid"
            )
        rows = [await key_rules.visible_key(self._keys, call.principal, text) for text in wanted.keys]
        rows += [await self._by_alias(call, alias) for alias in wanted.key_aliases]
        for row in rows:
            if row.revoked_at is not None:
                raise NotFound("There is no such key.", param="key", code="key_not_found")
            if not key_rules.may_revoke(call.principal, row):
                raise only_admins(call.request.url.path, call.principal)
        for row in rows:
            await self._keys.revoke(row, actor=call.actor, origin=call.origin)
        return answer({"deleted_keys": named})

    async def _named(self, call: Call, wanted: Update) -> tuple[KeyRow, str | UnsetType | None]:
        """The key that is to change, and its new name. Raises NotFound, BadInput when none is named."""
        alias = wanted.key_alias
        if wanted.key is not None:
            row = await key_rules.visible_key(self._keys, call.principal, wanted.key)
            name = key_rules.checked_name(alias, "key_alias") if isinstance(alias, str) else alias
        elif isinstance(alias, str):
            row, name = await self._by_alias(call, alias), UNSET
        else:
            raise BadInput("key is missing.", param="key", hint="Name the key by `key`, or by `key_alias`.")
        if row.revoked_at is not None:
            raise NotFound("There is no such key.", param="key", code="key_not_found")
        for field in () if row.kind == "virtual" else OF_VIRTUAL_KEYS:
            if getattr(wanted, field) is not UNSET:
                raise BadInput(f"{field} of a sign-in's credential cannot be changed.", param=field)
        return row, name

    async def _by_alias(self, call: Call, alias: str) -> KeyRow:
        row = await self._keys.by_alias(clean(alias, "key_aliases"))
        if not key_rules.may_see(call.principal, row):
            raise NotFound(f"There is no key with the alias {alias!r}.", param="key_alias", code="key_not_found")
        return row

    def _team(self, call: Call, wanted: str | None) -> str | None:
        """The team of a new key: the calling key's own, or any that an administrator names."""
        own = call.principal.team_id
        if wanted is None or wanted == own:
            return own
        if not call.principal.is_admin or own is not None:
            raise only_admins(call.request.url.path, call.principal)
        return clean(wanted, "team_id")

    async def _owner(self, call: Call, user_id: str | None) -> User | None:
        """The caller, or whom an administrator names. Raises NotFound: unlike LiteLLM this makes no user."""
        principal = call.principal
        if user_id is None or user_id == principal.user_id:
            return await key_rules.owner_of(principal, self._users)
        if not principal.is_admin:
            raise only_admins(call.request.url.path, call.principal)
        return await self._users.by_user_id(clean(user_id, "user_id"))
