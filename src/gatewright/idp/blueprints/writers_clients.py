"""Scope mappings, providers, applications, entitlements and bindings of a blueprint."""

from typing import Any, ClassVar

from gatewright.idp.blueprints.writing import NONE, Names, Values, Writer, filtered
from gatewright.idp.objects import applications, flows, mappings, providers
from gatewright.storage.directory import applications as application_rows
from gatewright.storage.directory import bindings as binding_rows
from gatewright.storage.directory import mappings as mapping_rows
from gatewright.storage.directory import providers as provider_rows
from gatewright.storage.listing import Wish


class MappingWriter(Writer):
    names: ClassVar[Names] = {"name": (str,), "managed": (str,), "scope_name": (str,), "pk": (str,)}

    async def _matching(self, pairs: Values, wish: Wish) -> list[str]:
        async with self._db.read() as tx:
            _, found = await mapping_rows.page(tx, filtered(wish, pairs))
        return [one.uuid for one in found]

    async def shown(self, key: str) -> dict[str, Any]:
        return {"pk": key, **mappings.attributes(await self._directory.mappings.get(key))}

    async def create(self, attrs: Values) -> str:
        return (await self._directory.mappings.create(attrs, self._by)).uuid

    async def change(self, key: str, attrs: Values) -> None:
        await self._directory.mappings.change(key, attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._directory.mappings.delete(key, self._by)


class ProviderWriter(Writer):
    names: ClassVar[Names] = {"name": (str,), "client_id": (str,), "pk": (int,)}

    async def _matching(self, pairs: Values, wish: Wish) -> list[int]:
        async with self._db.read() as tx:
            _, found = await provider_rows.page(tx, filtered(wish, pairs))
        return [one.id for one in found]

    async def shown(self, key: int) -> dict[str, Any]:
        view = await self._directory.providers.get(key)
        attrs = providers.attributes(view.provider, [])
        return {
            "pk": key,
            **attrs,
            "authorization_flow": flows.FLOWS[attrs["authorization_flow"]].pk,
            "invalidation_flow": flows.FLOWS[attrs["invalidation_flow"]].pk,
            "signing_key": flows.certificate_pk(attrs["signing_key"]),
            "property_mappings": list(view.mappings),
        }

    async def create(self, attrs: Values) -> int:
        made = await self._directory.providers.create(attrs, self._by)
        self._acting.warnings.extend(made.warnings)
        return made.provider.id

    async def change(self, key: int, attrs: Values) -> None:
        self._acting.warnings.extend((await self._directory.providers.change(key, attrs, self._by)).warnings)

    async def remove(self, key: int) -> None:
        await self._directory.providers.delete(key, self._by)


class ApplicationWriter(Writer):
    names: ClassVar[Names] = {"slug": (str,), "name": (str,), "pk": (str,)}

    async def _matching(self, pairs: Values, wish: Wish) -> list[str]:
        async with self._db.read() as tx:
            _, found = await application_rows.page(tx, filtered(wish, pairs))
        return [str(one.uuid) for one in found]

    async def shown(self, key: str) -> dict[str, Any]:
        view = await self._directory.applications.get(await self._slug(key))
        return {"pk": key, **applications.attributes(view.application)}

    async def create(self, attrs: Values) -> str:
        return str((await self._directory.applications.create(attrs, self._by)).application.uuid)

    async def change(self, key: str, attrs: Values) -> None:
        await self._directory.applications.change(await self._slug(key), attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._directory.applications.delete(await self._slug(key), self._by)

    async def _slug(self, key: str) -> str:
        async with self._db.read() as tx:
            found = await application_rows.by_uuid(tx, key)
        return "" if found is None else found.slug


class EntitlementWriter(Writer):
    names: ClassVar[Names] = {"name": (str,), "app": (str,), "pk": (str,)}

    async def _matching(self, pairs: Values, wish: Wish) -> list[str]:
        async with self._db.read() as tx:
            _, found = await binding_rows.entitlement_page(tx, filtered(wish, pairs, {"pk": "pbm_uuid"}))
        return [one.uuid for one in found]

    async def shown(self, key: str) -> dict[str, Any]:
        one = await self._directory.entitlements.get(key)
        return {"pk": key, "name": one.name, "app": one.application_uuid, "attributes": one.attributes}

    async def create(self, attrs: Values) -> str:
        return (await self._directory.entitlements.create(attrs, self._by)).uuid

    async def change(self, key: str, attrs: Values) -> None:
        await self._directory.entitlements.change(key, attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._directory.entitlements.delete(key, self._by)


class BindingWriter(Writer):
    names: ClassVar[Names] = {
        "target": (str,),
        "group": (str, NONE),
        "user": (int, NONE),
        "order": (int,),
        "negate": (bool,),
        "enabled": (bool,),
        "pk": (str,),
    }

    async def _matching(self, pairs: Values, wish: Wish) -> list[str]:
        """A target is an application or an entitlement."""
        kinds = ("application", "entitlement") if "target" in pairs else ("",)
        async with self._db.read() as tx:
            pages = [await binding_rows.page(tx, filtered(wish, pairs, {"target": kind})) for kind in kinds]
        return [one.uuid for _, found in pages for one in found]

    async def shown(self, key: str) -> dict[str, Any]:
        row = (await self._directory.bindings.get(key)).binding
        return {
            "pk": key,
            "target": row.application_uuid or row.entitlement_uuid,
            "group": row.group_uuid,
            "user": row.user_pk,
            "negate": row.negate,
            "enabled": row.is_enabled,
            "order": row.position,
        }

    async def create(self, attrs: Values) -> str:
        return (await self._directory.bindings.create(attrs, self._by)).binding.uuid

    async def change(self, key: str, attrs: Values) -> None:
        await self._directory.bindings.change(key, attrs, self._by)

    async def remove(self, key: str) -> None:
        await self._directory.bindings.delete(key, self._by)
