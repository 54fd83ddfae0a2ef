"""`/policies/bindings/` and `/core/application_entitlements/`."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gatewright.idp.directory.bindings import (
    ENTITLEMENT_NAMES,
    NAMES,
    BindingView,
    DirectoryBindings,
    DirectoryEntitlements,
)
from gatewright.storage.directory.bindings import StoredEntitlement
from gatewright.storage.listing import Filter, Wish
from gatewright.web.authentik import answers
from gatewright.web.authentik.resource import Json, Kind, Resource, anything
from gatewright.web.authentik.shapes import partial_group, person
from gatewright.web.authentik.wire import Asked, by_of, flag_of, number_of, uuid_of
from gatewright.web.call import Call

TIMEOUT_S = 30
TARGETS = ("application", "entitlement")


class Bindings(Resource):
    """Who may use an application or has an entitlement, by uuid."""

    kind = Kind(
        "/policies/bindings/",
        answers=answers.PolicyBinding,
        takes=anything(NAMES),
        required=("target", "order"),
        order=("order", "enabled"),
        filters={
            "target": Asked("target", "in", uuid_of, many=True),
            "target_in": Asked("target", "in", uuid_of, many=True),
            "enabled": Asked("enabled", read=flag_of),
            "order": Asked("order", read=number_of),
            "policy": Asked("policy"),
            "policy__isnull": Asked("policy__isnull", read=flag_of),
        },
    )

    def __init__(self, bindings: DirectoryBindings) -> None:
        self._bindings = bindings

    async def page(self, _: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        """No binding has a policy, so a filter on policies lists all or none."""
        named = {one.name: one.value for one in wish.filters}
        if "policy" in named or named.get("policy__isnull") is False:
            return 0, []
        kept = tuple(one for one in wish.filters if one.name not in ("policy__isnull", "target"))
        wish = msgspec.structs.replace(wish, filters=kept)
        if "target" not in named:
            return await self._shown(wish)
        # A target is an application or an entitlement; both are few for one target.
        found = [
            await self._shown(msgspec.structs.replace(wish, filters=(*kept, Filter(column, "in", named["target"]))))
            for column in TARGETS
        ]
        return sum(count for count, _ in found), [one for _, some in found for one in some][: wish.size]

    async def one(self, _: Call, key: str) -> Json:
        return binding_answer(await self._bindings.get(key))

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        return binding_answer(await self._bindings.create(attrs, by_of(call)))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return binding_answer(await self._bindings.change(key, attrs, by_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._bindings.delete(key, by_of(call))

    async def _shown(self, wish: Wish) -> tuple[int, Sequence[Json]]:
        count, found = await self._bindings.page(wish)
        return count, [binding_answer(one) for one in found]


class Entitlements(Resource):
    """What people may be inside applications, by uuid."""

    kind = Kind(
        "/core/application_entitlements/",
        answers=answers.ApplicationEntitlement,
        takes=anything(ENTITLEMENT_NAMES),
        required=("name", "app"),
        order=("name",),
        filters={"name": Asked("name"), "app": Asked("app", read=uuid_of), "pbm_uuid": Asked("pbm_uuid", read=uuid_of)},
    )

    def __init__(self, entitlements: DirectoryEntitlements) -> None:
        self._entitlements = entitlements

    async def page(self, _: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        count, found = await self._entitlements.page(wish)
        return count, [entitlement_answer(one) for one in found]

    async def one(self, _: Call, key: str) -> Json:
        return entitlement_answer(await self._entitlements.get(key))

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        return entitlement_answer(await self._entitlements.create(attrs, by_of(call)))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return entitlement_answer(await self._entitlements.change(key, attrs, by_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._entitlements.delete(key, by_of(call))


def binding_answer(view: BindingView) -> answers.PolicyBinding:
    """A binding. What only policies have stands at Authentik's defaults."""
    row = view.binding
    return {
        "pk": row.uuid,
        "policy": None,
        "policy_obj": None,
        "group": row.group_uuid,
        "group_obj": None if view.group is None else partial_group(view.group),
        "user": row.user_pk,
        "user_obj": None if view.person is None else person(view.person),
        "target": row.application_uuid or row.entitlement_uuid,
        "negate": row.negate,
        "enabled": row.is_enabled,
        "order": row.position,
        "timeout": TIMEOUT_S,
        "failure_result": False,
        "expires": None,
        "expiring": False,
    }


def entitlement_answer(one: StoredEntitlement) -> answers.ApplicationEntitlement:
    """An entitlement."""
    return {"pbm_uuid": one.uuid, "name": one.name, "app": one.application_uuid, "attributes": one.attributes}
