"""`/propertymappings/provider/scope/`, with the path that it had in 2024 beside it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gatewright.idp.directory.mappings import DirectoryMappings
from gatewright.idp.objects import mappings as objects
from gatewright.idp.objects.fields import described
from gatewright.idp.objects.mappings import REQUIRED
from gatewright.storage.listing import Wish
from gatewright.storage.scope_mappings import ScopeMapping
from gatewright.web.authentik import answers
from gatewright.web.authentik.resource import Json, Kind, Resource, user_of
from gatewright.web.authentik.wire import Asked, by_of, flag_of
from gatewright.web.call import Call


class ScopeMappings(Resource):
    """Scope mappings, by their uuid."""

    kind = Kind(
        "/propertymappings/provider/scope/",
        answers=answers.ScopeMapping,
        takes=described(objects.columns, objects.NAMES),
        required=REQUIRED,
        order=("name", "scope_name", "managed"),
        filters={
            "name": Asked("name"),
            "scope_name": Asked("scope_name"),
            "managed": Asked("managed", "in", many=True),
            "managed__isnull": Asked("managed", "empty", flag_of),
        },
    )

    def __init__(self, mappings: DirectoryMappings) -> None:
        self._mappings = mappings

    async def page(self, _: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        count, found = await self._mappings.page(wish)
        return count, [mapping_answer(one) for one in found]

    async def one(self, _: Call, key: str) -> Json:
        return mapping_answer(await self._mappings.get(key))

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        return mapping_answer(await self._mappings.create(attrs, by_of(call)))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return mapping_answer(await self._mappings.change(key, attrs, by_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._mappings.delete(key, by_of(call))

    async def used_by(self, _: Call, key: str) -> list[answers.UsedBy]:
        found = await self._mappings.used_by(key)
        return [user_of("authentik_providers_oauth2", "oauth2provider", str(one.id), one.name) for one in found]


class OldScopeMappings(ScopeMappings):
    """The same at the older path."""

    kind = msgspec.structs.replace(ScopeMappings.kind, path="/propertymappings/scope/")


def mapping_answer(mapping: ScopeMapping) -> answers.ScopeMapping:
    """A scope mapping."""
    return {
        "pk": mapping.uuid,
        "managed": mapping.managed,
        "name": mapping.name,
        "expression": mapping.expression,
        "component": "ak-property-mapping-provider-scope-form",
        "verbose_name": "Scope Mapping",
        "verbose_name_plural": "Scope Mappings",
        "meta_model_name": "authentik_providers_oauth2.scopemapping",
        "scope_name": mapping.scope_name,
        "description": mapping.description,
        "required": mapping.required,
    }
