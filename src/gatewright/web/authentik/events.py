"""`/events/events/`: the audit log with Authentik's names for what happened (contract 4)."""

from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import DAY, iso
from gatewright.idp.directory.acting import absent
from gatewright.storage.database import Database
from gatewright.storage.directory import events
from gatewright.storage.directory.events import LoggedEvent
from gatewright.storage.listing import Filter, Wish
from gatewright.web.authentik.resource import route
from gatewright.web.authentik.wire import Asked, answer, listed, time_of, wish_of
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route

ACTIONS = {
    "model.created": "model_created",
    "model.updated": "model_updated",
    "model.deleted": "model_deleted",
    "user.create": "user_write",
    "user.role": "user_write",
    "user.limits": "user_write",
    "user.password": "password_set",
    "user.recovery": "password_set",
    "secret.view": "secret_view",
    "secret.rotate": "secret_rotate",
    "invitation.use": "invitation_used",
    "idp.login": "login",
    "idp.logout": "logout",
    "idp.authorize": "authorize_application",
    "idp.consent": "authorize_application",
    "idp.mapping": "property_mapping_exception",
}
FAILED = {"login": "login_failed"}
REFUSED, OTHER = "suspicious_request", "custom_"
KEPT = 365 * DAY
MARK = UUID("e7e47000-0000-4000-8000-000000000000")


class Events:
    """Events, newest first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def routes(self) -> list[Route]:
        return [
            route("/events/events/", "GET", self.page, Access.VIEWER),
            route("/events/events/actions/", "GET", self.actions, Access.VIEWER),
            route("/events/events/{key}/", "GET", self.one, Access.VIEWER),
        ]

    async def page(self, call: Call) -> Response:
        """`action` takes Authentik's names and ours."""
        filters = {
            "action": Asked("action", "in", many=True),
            "actions": Asked("action", "in", many=True),
            **{name: Asked(name) for name in ("username", "client_ip", "outcome", "reference")},
            "created__gt": Asked("created", "from", time_of),
            "created__lt": Asked("created", "to", time_of),
        }
        wish = wish_of(call, filters, ("action", "created", "username", "client_ip"))
        async with self._db.read() as tx:
            count, found = await events.page(tx, _with_our_names(wish))
        return listed(wish, count, [event_answer(one) for one in found])

    async def one(self, call: Call) -> Response:
        try:
            number = UUID(call.path("key")).int - MARK.int
        except ValueError as error:
            raise absent("Event") from error
        async with self._db.read() as tx:
            found = await events.by_id(tx, number) if 0 < number < 2**47 else None
        if found is None:
            raise absent("Event")
        return answer(event_answer(found))

    async def actions(self, _: Call) -> Response:
        """Authentik's names of actions that happen here."""
        names = sorted({*ACTIONS.values(), *FAILED.values(), REFUSED})
        shown = [{"name": name.replace("_", " ").capitalize(), "component": name} for name in names]
        return answer([{**one, "description": "", "model_name": ""} for one in shown])


def _with_our_names(wish: Wish) -> Wish:
    """Authentik's name of an action stands for all of ours that it covers, refused ones included."""
    filters: list[Filter] = []
    for one in wish.filters:
        if one.name != "action":
            filters.append(one)
            continue
        ours = [name for name, theirs in ACTIONS.items() if theirs in one.value or FAILED.get(theirs) in one.value]
        filters.append(Filter("action", "in", [*ours, *one.value]))
        if set(one.value) <= set(FAILED.values()):
            filters.append(Filter("outcome", "out", ["ok"]))
        elif set(one.value) <= set(FAILED):
            filters.append(Filter("outcome", "is", "ok"))
    return msgspec.structs.replace(wish, filters=tuple(filters))


def event_answer(one: LoggedEvent) -> dict[str, Any]:
    """An event. Our own action, outcome (a cause code when it was refused) and request id are in `context`."""
    action = ACTIONS.get(one.action, OTHER)
    if one.outcome != "ok":
        action = FAILED.get(action, action if action == "property_mapping_exception" else REFUSED)
    context = {**one.details, "action": one.action, "outcome": one.outcome, "target": one.target}
    model = one.details.get("model")
    if isinstance(model, str) and "." in model:
        app, _, name = model.partition(".")
        pk, named = one.details.get("pk"), one.details.get("name")
        context["model"] = {"app": app, "model_name": name, "pk": pk, "name": named}
    return {
        "pk": str(UUID(int=MARK.int + one.id)),
        "user": {"username": one.actor or "", "email": "", "pk": 0},
        "action": action,
        "app": one.action.partition(".")[0],
        "context": {**context, "request_id": one.reference},
        "client_ip": one.address,
        "created": iso(one.at),
        "expires": iso(one.at + KEPT),
        "brand": {},
    }
