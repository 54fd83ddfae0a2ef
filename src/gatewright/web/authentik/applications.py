"""`/core/applications/`, by slug, and the wizard's `/core/transactional/applications/`."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.domain.errors import FieldsInvalid, Forbidden
from gatewright.idp.directory.acting import absent
from gatewright.idp.directory.applications import ApplicationView, DirectoryApplications
from gatewright.idp.directory.transactional import Transactional
from gatewright.idp.objects import applications as objects
from gatewright.idp.objects.applications import REQUIRED
from gatewright.idp.objects.fields import described
from gatewright.storage.listing import EVERYTHING, Wish
from gatewright.web.authentik import answers
from gatewright.web.authentik.resource import Json, Kind, Resource, route
from gatewright.web.authentik.shapes import application_answer
from gatewright.web.authentik.wire import Asked, answer, body_of, by_of, flag_of, mine, number_of, person
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route

SPECIAL = ("for_user", "superuser_full_list", "only_with_launch_url")


class Applications(Resource):
    """Administrators and viewers see all of them; everybody else those that they may use."""

    kind = Kind(
        "/core/applications/",
        answers=answers.Application,
        takes=described(objects.columns, objects.NAMES),
        required=REQUIRED,
        read=Access.CALLER,
        order=("name", "slug", "group", "meta_publisher"),
        filters={
            **{name: Asked(name) for name in ("name", "slug", "group")},
            **{name: Asked(name) for name in ("meta_description", "meta_launch_url", "meta_publisher")},
            "for_user": Asked("for_user", read=number_of),
            "superuser_full_list": Asked("superuser_full_list", read=flag_of),
            "only_with_launch_url": Asked("only_with_launch_url", read=flag_of),
        },
    )

    def __init__(self, applications: DirectoryApplications, transactional: Transactional) -> None:
        self._applications = applications
        self._transactional = transactional

    def actions(self) -> list[Route]:
        return [
            route("/core/applications/{key}/check_access/", "GET", self.check_access, Access.CALLER),
            route("/core/transactional/applications/", "PUT", self.transaction, Access.ADMIN),
        ]

    async def page(self, call: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        """`for_user` and `superuser_full_list=false` list what one person may use, as the library shows it."""
        asked = {one.name: one.value for one in wish.filters if one.name in SPECIAL}
        wish = msgspec.structs.replace(wish, filters=tuple(one for one in wish.filters if one.name not in SPECIAL))
        everybody = mine(call) is None
        for_user = asked.get("for_user")
        if for_user is not None and not everybody and for_user != call.principal.user_pk:
            raise Forbidden("The applications of somebody else are an administrator's to list.")
        launched = bool(asked.get("only_with_launch_url"))
        # Whether it has an address is no column: then all of them are looked at.
        wanted = msgspec.structs.replace(wish, page=1, size=EVERYTHING.size) if launched else wish
        if everybody and for_user is None and asked.get("superuser_full_list", True):
            count, found = await self._applications.page(wanted, call.principal.user_pk)
        else:
            count, found = await self._applications.of_person(wanted, for_user or person(call))
        if launched:
            with_address = [one for one in found if one.launch_url]
            count, found = len(with_address), with_address[wish.start : wish.start + wish.size]
        return count, [self._shown(one, public=not everybody) for one in found]

    async def one(self, call: Call, key: str) -> Json:
        """One that the caller may not use is not there for them."""
        everybody = mine(call) is None
        found = await self._applications.get(key, call.principal.user_pk)
        if not everybody and await self._applications.refusal(key, person(call)) is not None:
            raise absent("Application")
        return self._shown(found, public=not everybody)

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        return self._shown(await self._applications.create(attrs, by_of(call)))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return self._shown(await self._applications.change(key, attrs, by_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._applications.delete(key, by_of(call))

    async def check_access(self, call: Call) -> Response:
        """Whether a person may use the application; `for_user` is an administrator's or viewer's to ask."""
        text = call.query("for_user")
        user_pk = person(call) if text is None else number_of("for_user", text)
        if mine(call) not in (None, user_pk):
            raise Forbidden("Whether somebody else may use it is an administrator's to ask.")
        cause = await self._applications.refusal(call.path("key"), user_pk)
        return answer({"passing": cause is None, "messages": [] if cause is None else [cause], "log_messages": []})

    async def transaction(self, call: Call) -> Response:
        """Application, provider and bindings, all or nothing. `provider_secret` is shown this once."""
        attrs = await body_of(call)
        problems = {
            name: ["This field is required."] for name in ("app", "provider_model", "provider") if name not in attrs
        }
        if problems:
            raise FieldsInvalid(problems)
        made = await self._transactional.apply(attrs, by_of(call))
        return answer({"applied": True, "logs": list(made.warnings), "provider_secret": made.secret})

    def _shown(self, view: ApplicationView, *, public: bool = False) -> Json:
        return application_answer(view, self._applications.base_url, public=public)
