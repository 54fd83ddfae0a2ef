"""`/core/users/`: people and service accounts."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from gatewright.domain.clock import Millis
from gatewright.domain.errors import BadInput
from gatewright.idp.directory.people import DirectoryPeople
from gatewright.idp.directory.recovery import LIFE, Recovery
from gatewright.idp.directory.service_accounts import ServiceAccounts
from gatewright.idp.objects import durations, flows
from gatewright.idp.objects import people as objects
from gatewright.idp.objects.fields import described
from gatewright.idp.objects.people import REQUIRED
from gatewright.storage.listing import Wish
from gatewright.web.authentik import answers
from gatewright.web.authentik.resource import UUIDS, Json, Kind, Resource, numeric, route
from gatewright.web.authentik.shapes import person as user_answer
from gatewright.web.authentik.wire import (
    Asked,
    answer,
    body_of,
    by_of,
    flag_of,
    nothing,
    person,
    required,
    time_of,
    uuid_of,
)
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route


class Users(Resource):
    """People. `me`, `paths` and `service_account` stand where a key would."""

    kind = Kind(
        "/core/users/",
        answers=answers.User,
        takes={**described(objects.columns, objects.NAMES), "groups": UUIDS},
        required=REQUIRED,
        order=("username", "name", "email", "last_login", "date_joined", "last_updated", "is_active", "type", "pk"),
        filters={
            **{name: Asked(name) for name in ("username", "name", "email", "path")},
            "path_startswith": Asked("path", "starts"),
            "uuid": Asked("uuid", read=uuid_of),
            "is_active": Asked("is_active", read=flag_of),
            "is_superuser": Asked("is_superuser", read=flag_of),
            "type": Asked("type", "in", many=True),
            "groups_by_name": Asked("groups_by_name", "in", many=True),
            "groups_by_pk": Asked("groups_by_pk", "in", read=uuid_of, many=True),
            "last_login__isnull": Asked("last_login", "empty", flag_of),
            **{f"{name}__gt": Asked(name, "from", time_of) for name in ("last_login", "date_joined", "last_updated")},
            **{f"{name}__lt": Asked(name, "to", time_of) for name in ("last_login", "date_joined", "last_updated")},
        },
    )

    def __init__(self, people: DirectoryPeople, services: ServiceAccounts, recovery: Recovery) -> None:
        self._people = people
        self._services = services
        self._recovery = recovery

    def actions(self) -> list[Route]:
        return [
            route("/core/users/me/", "GET", self.me, Access.PERSON),
            route("/core/users/paths/", "GET", self.paths, Access.VIEWER),
            route("/core/users/service_account/", "POST", self.service_account, Access.ADMIN),
            route("/core/users/{key}/set_password/", "POST", self.set_password, Access.ADMIN),
            route("/core/users/{key}/set_password_hash/", "POST", self.set_password_hash, Access.ADMIN),
            route("/core/users/{key}/recovery/", "POST", self.recovery, Access.ADMIN),
            route("/core/users/{key}/recovery_email/", "POST", self.recovery_email, Access.ADMIN),
        ]

    async def page(self, _: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        count, found = await self._people.page(wish)
        return count, [user_answer(one) for one in found]

    async def one(self, _: Call, key: str) -> Json:
        return user_answer(await self._people.get(numeric(key, "User")))

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        return user_answer(await self._people.create(attrs, by_of(call)))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return user_answer(await self._people.change(numeric(key, "User"), attrs, by_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._people.delete(numeric(key, "User"), by_of(call))

    async def me(self, call: Call) -> Response:
        """The caller, as Authentik's own pages read them."""
        found = await self._people.get(person(call))
        shown = {
            **user_answer(found),
            "groups": [{"name": group.name, "pk": group.uuid} for group in found.groups],
            "is_current": True,
            "settings": {},
            "system_permissions": [],
        }
        return answer({"user": shown, "original": None, "users": [shown]})

    async def paths(self, _: Call) -> Response:
        return answer({"paths": await self._people.paths()})

    async def service_account(self, call: Call) -> Response:
        """The only time that the token is shown."""
        attrs = await body_of(call)
        required(attrs, ("name",))
        made = await self._services.create(attrs, by_of(call))
        shown = {"username": made.username, "token": made.token, "user_uid": made.user_uid, "user_pk": made.user_pk}
        return answer(shown if made.group_pk is None else {**shown, "group_pk": made.group_pk})

    async def set_password(self, call: Call) -> Response:
        await self._people.set_password(numeric(call.path("key"), "User"), await _password(call), by_of(call))
        return nothing()

    async def set_password_hash(self, call: Call) -> Response:
        """204; `password` is a hash of Argon2id, for people who move here with their passwords."""
        await self._people.set_password_hash(numeric(call.path("key"), "User"), await _password(call), by_of(call))
        return nothing()

    async def recovery(self, call: Call) -> Response:
        """`{link}`, shown this once. `token_duration` is how long it works."""
        life = _life(await body_of(call))
        return answer({"link": await self._recovery.link(numeric(call.path("key"), "User"), by_of(call), life)})

    async def recovery_email(self, call: Call) -> Response:
        """204; a link is on its way to the address on file. `email_stage` is in the body, or, as of old, the query."""
        attrs = await body_of(call)
        stage = attrs.get("email_stage", call.query("email_stage"))
        if stage is not None and stage not in (flows.RECOVERY_EMAIL, flows.RECOVERY_EMAIL_PK):
            raise BadInput(
                f'Invalid pk "{str(stage)[:60]}" - object does not exist.',
                param="email_stage",
                hint=f"There is one: {flows.RECOVERY_EMAIL_PK}, in /stages/email/.",
            )
        await self._recovery.mail(numeric(call.path("key"), "User"), by_of(call), _life(attrs))
        return nothing()


def _life(attrs: Mapping[str, Any]) -> Millis:
    """How long a link works. Raises BadInput."""
    wanted = attrs.get("token_duration")
    try:
        return LIFE if wanted is None else durations.parse(wanted)
    except ValueError as error:
        raise BadInput(f"{error}.", param="token_duration") from error


async def _password(call: Call) -> str:
    attrs = await body_of(call)
    required(attrs, ("password",))
    if not isinstance(attrs["password"], str):
        raise BadInput("Not a valid string.", param="password")
    return attrs["password"]
