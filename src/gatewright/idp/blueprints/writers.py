"""Where a blueprint's objects belong: for each model how to find, make, change and remove one.

Every write goes through the directory's use case, so that a file can do no more than an administrator.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from gatewright.accounts.passwords import Passwords
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.directory import Directory
from gatewright.idp.objects import flows
from gatewright.storage import applications, groups, oauth_providers, scope_mappings, users
from gatewright.storage.database import Database
from gatewright.storage.directory import applications as directory_applications
from gatewright.storage.directory import bindings
from gatewright.storage.listing import EVERYTHING

Values = Mapping[str, Any]


class Writer(Protocol):
    """One model. A key is what Authentik calls the primary key. `names` may identify an object."""

    @property
    def names(self) -> tuple[str, ...]: ...

    async def find(self, pairs: Values) -> Any:
        """The key of the object with these values, None when there is none."""

    async def create(self, attrs: Values) -> Any:
        """The key of a new object. Raises GatewrightError."""

    async def change(self, key: Any, attrs: Values) -> None:
        """Sets these attributes. Raises GatewrightError."""

    async def remove(self, key: Any) -> None:
        """Raises GatewrightError."""


class GroupWriter:
    names = ("name", "pk", "group_uuid")

    def __init__(self, db: Database, directory: Directory, by: By) -> None:
        self._db, self._groups, self._by = db, directory.groups, by

    async def find(self, pairs: Values) -> str | None:
        async with self._db.read() as tx:
            every = await groups.everything(tx)
        wanted = {"uuid" if name in ("pk", "group_uuid") else name: value for name, value in pairs.items()}
        return next((one.uuid for one in every if all(getattr(one, n) == v for n, v in wanted.items())), None)

    async def create(self, attrs: Values) -> str:
        return (await self._groups.create(attrs, self._by)).group.uuid

    async def change(self, key: str, attrs: Values) -> None:
        await self._groups.change(key, attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._groups.delete(key, self._by)


class UserWriter:
    """A `password` is set when it is not the one that the person has, so that a file can be applied again and again."""

    names = ("username", "pk")

    def __init__(self, db: Database, directory: Directory, by: By, passwords: Passwords) -> None:
        self._db, self._people, self._by, self._passwords = db, directory.people, by, passwords

    async def find(self, pairs: Values) -> int | None:
        async with self._db.read() as tx:
            if set(pairs) == {"pk"} and isinstance(pairs["pk"], int):
                found = await users.by_id(tx, pairs["pk"])
            else:
                found = await users.by_username(tx, str(pairs.get("username", "")))
        return None if found is None else found.id

    async def create(self, attrs: Values) -> int:
        given = {"name": "", **attrs}
        password = given.pop("password", None)
        person = await self._people.create(given, self._by)
        await self._set(person.user.id, password)
        return person.user.id

    async def change(self, key: int, attrs: Values) -> None:
        given = dict(attrs)
        password = given.pop("password", None)
        if given:
            await self._people.change(key, given, self._by)
        await self._set(key, password)

    async def remove(self, key: int) -> None:
        await self._people.delete(key, self._by)

    async def _set(self, key: int, password: object) -> None:
        if not isinstance(password, str):
            return
        user = (await self._people.get(key)).user
        async with self._db.read() as tx:
            stored = await users.with_password(tx, user.username)
        if not await self._passwords.matches(password, None if stored is None else stored[1]):
            await self._people.set_password(key, password, self._by)


class MappingWriter:
    names = ("name", "managed", "scope_name", "pk")

    def __init__(self, db: Database, directory: Directory, by: By) -> None:
        self._db, self._mappings, self._by = db, directory.mappings, by

    async def find(self, pairs: Values) -> str | None:
        columns = {"uuid" if name == "pk" else name: value for name, value in pairs.items()}
        async with self._db.read() as tx:
            found = await scope_mappings.find(tx, **columns)
        return None if found is None else found.uuid

    async def create(self, attrs: Values) -> str:
        return (await self._mappings.create(attrs, self._by)).uuid

    async def change(self, key: str, attrs: Values) -> None:
        await self._mappings.change(key, attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._mappings.delete(key, self._by)


class ProviderWriter:
    """`warnings` gathers what was left out of the providers, in words."""

    names = ("name", "client_id", "pk")

    def __init__(self, db: Database, directory: Directory, by: By, warnings: list[str]) -> None:
        self._db, self._providers, self._by, self._warnings = db, directory.providers, by, warnings

    async def find(self, pairs: Values) -> int | None:
        columns = {"id" if name == "pk" else name: value for name, value in pairs.items()}
        async with self._db.read() as tx:
            return await oauth_providers.find_id(tx, **columns)

    async def create(self, attrs: Values) -> int:
        made = await self._providers.create(attrs, self._by)
        self._warnings += made.warnings
        return made.provider.id

    async def change(self, key: int, attrs: Values) -> None:
        self._warnings += (await self._providers.change(key, attrs, self._by)).warnings

    async def remove(self, key: int) -> None:
        await self._providers.delete(key, self._by)


class ApplicationWriter:
    names = ("slug", "pk")

    def __init__(self, db: Database, directory: Directory, by: By) -> None:
        self._db, self._applications, self._by = db, directory.applications, by

    async def find(self, pairs: Values) -> str | None:
        async with self._db.read() as tx:
            if set(pairs) == {"pk"}:
                return str(pairs["pk"])
            found = await applications.by_slug(tx, str(pairs.get("slug", "")))
        return None if found is None else found.uuid

    async def create(self, attrs: Values) -> str | None:
        await self._applications.create(attrs, self._by)
        return await self.find({"slug": attrs.get("slug")})

    async def change(self, key: str, attrs: Values) -> None:
        await self._applications.change(await self._slug(key), attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._applications.delete(await self._slug(key), self._by)

    async def _slug(self, key: str) -> str:
        async with self._db.read() as tx:
            found = await directory_applications.by_uuid(tx, key)
        return "" if found is None else found.slug


class EntitlementWriter:
    names = ("name", "app", "pk")

    def __init__(self, db: Database, directory: Directory, by: By) -> None:
        self._db, self._entitlements, self._by = db, directory.entitlements, by

    async def find(self, pairs: Values) -> str | None:
        async with self._db.read() as tx:
            _, every = await bindings.entitlement_page(tx, EVERYTHING)
        shown = ({"name": one.name, "app": one.application_uuid, "pk": one.uuid} for one in every)
        return next((str(one["pk"]) for one in shown if all(one[n] == v for n, v in pairs.items())), None)

    async def create(self, attrs: Values) -> str:
        return (await self._entitlements.create(attrs, self._by)).uuid

    async def change(self, key: str, attrs: Values) -> None:
        await self._entitlements.change(key, attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._entitlements.delete(key, self._by)


class BindingWriter:
    names = ("target", "group", "user", "order", "pk")

    def __init__(self, db: Database, directory: Directory, by: By) -> None:
        self._db, self._bindings, self._by = db, directory.bindings, by

    async def find(self, pairs: Values) -> str | None:
        async with self._db.read() as tx:
            _, every = await bindings.page(tx, EVERYTHING)
        shown = (
            {
                "target": one.application_uuid or one.entitlement_uuid,
                "group": one.group_uuid,
                "user": one.user_pk,
                "order": one.position,
                "pk": one.uuid,
            }
            for one in every
        )
        return next((str(one["pk"]) for one in shown if all(one[n] == v for n, v in pairs.items())), None)

    async def create(self, attrs: Values) -> str:
        return (await self._bindings.create(attrs, self._by)).binding.uuid

    async def change(self, key: str, attrs: Values) -> None:
        await self._bindings.change(key, attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._bindings.delete(key, self._by)


MAPPING = "authentik_providers_oauth2.scopemapping"
ALIASES = {"authentik_core.propertymapping": MAPPING, "authentik_providers_oauth2.propertymapping": MAPPING}
FLOW, CERTIFICATE = "authentik_flows.flow", "authentik_crypto.certificatekeypair"


def writers(db: Database, directory: Directory, passwords: Passwords, by: By, warnings: list[str]) -> dict[str, Writer]:
    """Every model that a file may write, by its name in lower case."""
    return {
        "authentik_core.group": GroupWriter(db, directory, by),
        "authentik_core.user": UserWriter(db, directory, by, passwords),
        MAPPING: MappingWriter(db, directory, by),
        "authentik_providers_oauth2.oauth2provider": ProviderWriter(db, directory, by, warnings),
        "authentik_core.application": ApplicationWriter(db, directory, by),
        "authentik_core.applicationentitlement": EntitlementWriter(db, directory, by),
        "authentik_policies.policybinding": BindingWriter(db, directory, by),
    }


def fixed(model: str, pairs: Values) -> object:
    """What `!Find` finds among the objects that are only names here: flows, and our key behind any certificate."""
    if model == FLOW:
        wanted = str(pairs.get("slug", pairs.get("pk", "")))
        return flows.slug_of(wanted) if flows.slug_of(wanted) in flows.FLOWS else None
    if model == CERTIFICATE:
        # Whatever certificate a file names, our own signing key takes its place.
        return flows.certificate_pk("RS256")
    return None
