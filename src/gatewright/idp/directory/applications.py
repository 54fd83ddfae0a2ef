"""Applications: what people sign in to, who may, and what they see of it."""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gatewright.accounts.memberships import closure
from gatewright.domain.errors import FieldsInvalid
from gatewright.domain.identity import Role
from gatewright.domain.people import User
from gatewright.idp.access import INACTIVE, NOT_BOUND, passes
from gatewright.idp.directory.acting import CREATED, DELETED, UPDATED, By, Changed, absent, differing, record, taken
from gatewright.idp.directory.providers import DirectoryProviders, ProviderView, own_client_kept, views
from gatewright.idp.objects import applications as objects
from gatewright.idp.objects.addresses import expand, restore
from gatewright.oidc import redirect_uris
from gatewright.storage import applications, oauth_providers, users
from gatewright.storage.applications import Application
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import applications as rows
from gatewright.storage.directory import bindings as binding_rows
from gatewright.storage.directory import providers as provider_rows
from gatewright.storage.listing import EVERYTHING, Filter, Wish

MODEL = "authentik_core.application"
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?|https?://\[[0-9a-f:.]+\](:[0-9]+)?")
"""What may stand in a Content-Security-Policy: a host with a blank or a semicolon in it would write the rest of it."""


class ApplicationView(msgspec.Struct, frozen=True):
    """An application with its provider. `launch_url` is the address for the person who looks, None without one."""

    application: Application
    provider: ProviderView | None
    launch_url: str | None


class DirectoryApplications:
    """The applications of this installation."""

    def __init__(self, db: Database, providers: DirectoryProviders) -> None:
        self._db = db
        self._providers = providers
        self.base_url = providers.base_url

    async def page(self, wish: Wish, viewer: int | None) -> tuple[int, list[ApplicationView]]:
        """How many applications match, and one page of them, with the launch URLs of `viewer`."""
        async with self._db.read() as tx:
            count, found = await rows.page(tx, wish)
            return count, await self._views(tx, found, await _somebody(tx, viewer))

    async def of_person(self, wish: Wish, user_pk: int) -> tuple[int, list[ApplicationView]]:
        """The applications that somebody may use, those that can be launched and are not hidden."""
        async with self._db.read() as tx:
            user = await _somebody(tx, user_pk)
            if user is None:
                raise absent("User")
            _, every = await rows.page(tx, EVERYTHING)
            bound = await binding_rows.of_applications(tx, [one.id for one in every])
            mine = await closure(tx, user_pk)
            open_to = [one.id for one in every if passes(bound[one.id], user_pk, mine, one.binding_mode)]
            open_to = open_to if user.is_active else []
            shown = (Filter("id", "in", open_to), Filter("meta_hide", "is", False))
            count, found = await rows.page(tx, msgspec.structs.replace(wish, filters=(*wish.filters, *shown)))
            return count, await self._views(tx, found, user)

    async def icon_origins(self, user: User) -> tuple[str, ...]:
        """The origins of the icons that the dashboard shows this person, for its Content-Security-Policy."""
        everything = user.role in (Role.PROXY_ADMIN, Role.PROXY_ADMIN_VIEWER)
        async with self._db.read() as tx:
            _, every = await rows.page(tx, EVERYTHING)
        elsewhere = [one for one in every if one.icon.startswith(("https://", "http://"))]
        if elsewhere and not everything:
            _, usable = await self.of_person(EVERYTHING, user.id)
            mine = {view.application.id for view in usable}
            elsewhere = [one for one in elsewhere if one.id in mine]
        origins = {redirect_uris.origin(one.icon) or "" for one in elsewhere}
        return tuple(sorted(one for one in origins if ORIGIN.fullmatch(one)))

    async def get(self, slug: str, viewer: int | None = None) -> ApplicationView:
        """Raises NotFound."""
        async with self._db.read() as tx:
            found = await _application(tx, slug)
            return (await self._views(tx, [found], await _somebody(tx, viewer)))[0]

    async def refusal(self, slug: str, user_pk: int) -> str | None:
        """The cause code for which somebody may not use the application, None when they may. Raises NotFound."""
        async with self._db.read() as tx:
            found, user = await _application(tx, slug), await users.by_id(tx, user_pk)
            if user is None:
                raise FieldsInvalid({"for_user": ["There is no such user."]})
            bound = (await binding_rows.of_applications(tx, [found.id]))[found.id]
            if not user.is_active:
                return INACTIVE
            return None if passes(bound, user_pk, await closure(tx, user_pk), found.binding_mode) else NOT_BOUND

    async def create(self, attrs: Mapping[str, Any], by: By) -> ApplicationView:
        """Raises FieldsInvalid."""
        async with self._db.write() as tx:
            found = await self.insert(tx, attrs, by)
            return (await self._views(tx, [found], None))[0]

    async def insert(self, tx: Transaction, attrs: Mapping[str, Any], by: By) -> Application:
        """`create` in a transaction of the caller's."""
        await oauth_providers.lock_first_start(tx)
        columns = objects.columns(attrs)
        if await applications.by_slug(tx, columns["slug"]) is not None:
            raise taken("Application", "slug")
        await _check_provider(tx, columns["provider_id"], None)
        await applications.add(tx, uuid=str(uuid.uuid4()), **columns)
        found = await _application(tx, columns["slug"])
        await record(tx, by, CREATED, named(found), self._db.clock())
        return found

    async def change(self, slug: str, patch: Mapping[str, Any], by: By) -> ApplicationView:
        """Raises NotFound, FieldsInvalid, Conflict where the dashboard's own sign-in would break."""
        async with self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            before = await _application(tx, slug)
            given = dict(patch)
            if isinstance(given.get("meta_launch_url"), str):
                given["meta_launch_url"] = restore(given["meta_launch_url"], self.base_url, [before.launch_url])
            old = objects.attributes(before)
            columns = objects.columns({**old, **given})
            changed = differing(objects.columns(old), columns)
            if changed.keys() & {"slug", "provider_id"} and await self._is_own(tx, before):
                # The issuer has the slug in it.
                raise own_client_kept()
            other = await applications.by_slug(tx, columns["slug"])
            if other is not None and other.id != before.id:
                raise taken("Application", "slug")
            await _check_provider(tx, columns["provider_id"], before.id)
            await applications.change(tx, before.id, **changed)
            after = await _application(tx, columns["slug"])
            await record(tx, by, UPDATED, named(after), self._db.clock(), changed)
            return (await self._views(tx, [after], None))[0]

    async def delete(self, slug: str, by: By) -> None:
        """Raises NotFound, Conflict for the dashboard's own application."""
        async with self._db.write() as tx:
            found = await _application(tx, slug)
            if await self._is_own(tx, found):
                raise own_client_kept()
            await rows.remove(tx, found.id)
            await record(tx, by, DELETED, named(found), self._db.clock())

    async def _is_own(self, tx: Transaction, found: Application) -> bool:
        provider = None if found.provider_id is None else await provider_rows.by_id(tx, found.provider_id)
        return self._providers.is_own(provider)

    async def _views(self, tx: Transaction, found: Sequence[Application], viewer: User | None) -> list[ApplicationView]:
        ids = [one.provider_id for one in found if one.provider_id is not None]
        known = {
            view.provider.id: view for view in await views(tx, list((await provider_rows.by_ids(tx, ids)).values()))
        }
        return [self._view(one, known.get(one.provider_id or 0), viewer) for one in found]

    def _view(self, one: Application, provider: ProviderView | None, viewer: User | None) -> ApplicationView:
        return ApplicationView(one, provider, launch_url(one, provider, viewer, self.base_url))


def launch_url(one: Application, provider: ProviderView | None, viewer: User | None, base_url: str) -> str | None:
    """Its own, else the first redirect URI without its path (contract 1.3)."""
    if one.launch_url:
        return objects.launch_url(expand(one.launch_url, base_url), viewer)
    uris = () if provider is None else provider.provider.redirect_uris
    kinds = [(uri.get("redirect_uri_type", "authorization"), uri.get("matching_mode", "strict")) for uri in uris]
    written_out = (uri["url"] for uri, kind in zip(uris, kinds, strict=True) if kind == ("authorization", "strict"))
    first = next(written_out, "")
    return redirect_uris.origin(expand(first, base_url)) if urlsplit(first).scheme or first else None


def named(application: Application) -> Changed:
    return Changed(MODEL, application.uuid, application.name)


async def _application(tx: Transaction, slug: str) -> Application:
    found = await applications.by_slug(tx, slug)
    if found is None:
        raise absent("Application")
    return found


async def _somebody(tx: Transaction, user_pk: int | None) -> User | None:
    return None if user_pk is None else await users.by_id(tx, user_pk)


async def _check_provider(tx: Transaction, provider_id: int | None, own_id: int | None) -> None:
    """A provider exists and belongs to one application."""
    if provider_id is None:
        return
    if await provider_rows.by_id(tx, provider_id) is None:
        raise FieldsInvalid({"provider": [f'Invalid pk "{provider_id}" - object does not exist.']})
    other = await rows.by_provider(tx, provider_id)
    if other is not None and other.id != own_id:
        raise FieldsInvalid({"provider": ["Application with this provider already exists."]})
