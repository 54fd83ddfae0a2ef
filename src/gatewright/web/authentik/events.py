"""`/events/events/`: the audit log with Authentik's names for what happened (contract 4)."""

from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import iso
from gatewright.domain.errors import FieldsInvalid
from gatewright.idp.directory.acting import CREATED, DELETED, UPDATED, absent
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import events
from gatewright.storage.directory.events import OK, Actor, Kinds, LoggedEvent
from gatewright.storage.listing import Filter, Wish
from gatewright.storage.retention import AUDIT_KEPT
from gatewright.web.authentik import answers
from gatewright.web.authentik.event_names import THEIRS, kinds_of, starting_with, theirs
from gatewright.web.authentik.resource import route
from gatewright.web.authentik.wire import Asked, answer, listed, time_of, wish_of
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route

MARK = UUID("e7e47000-0000-4000-8000-000000000000")
MODEL = ("context_model_app", "context_model_name", "context_model_pk")
FILTERS = {
    "action": Asked("action", "in", many=True),
    "actions": Asked("action", "in", many=True),
    "action__startswith": Asked("action__startswith"),
    "outcome": Asked("outcome"),
    "cause": Asked("cause"),
    "username": Asked("username"),
    "actor": Asked("username"),
    "target": Asked("target"),
    "client_ip": Asked("client_ip"),
    "request_id": Asked("reference"),
    "reference": Asked("reference"),
    "created__gt": Asked("created", "from", time_of),
    "created__gte": Asked("created", "least", time_of),
    "created__lt": Asked("created", "to", time_of),
    "created__lte": Asked("created", "most", time_of),
    **{name: Asked(name) for name in MODEL},
}
ORDER = ("action", "created", "username", "client_ip")


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
        """`action` takes Authentik's names and ours; `outcome` is `ok`, `refused` or a cause code."""
        wish = wish_of(call, FILTERS, ORDER)
        async with self._db.read() as tx:
            wanted, kinds = await _read(tx, wish)
            count, found = await events.page(tx, wanted, kinds)
            known = await events.actors(tx, [one.actor for one in found if one.actor])
        return listed(wish, count, [event_answer(one, known) for one in found])

    async def one(self, call: Call) -> Response:
        try:
            number = UUID(call.path("key")).int - MARK.int
        except ValueError as error:
            raise absent("Event") from error
        async with self._db.read() as tx:
            found = await events.by_id(tx, number) if 0 < number < 2**47 else None
            known = await events.actors(tx, [found.actor] if found is not None and found.actor else [])
        if found is None:
            raise absent("Event")
        return answer(event_answer(found, known))

    async def actions(self, _: Call) -> Response:
        """Authentik's names of actions that happen here."""
        shown = [{"name": name.replace("_", " ").strip().capitalize(), "component": name} for name in THEIRS]
        return answer([{**one, "description": "", "model_name": ""} for one in shown])


async def _read(tx: Transaction, wish: Wish) -> tuple[Wish, list[Kinds]]:
    """The wish in columns, and what the names of actions in it stand for."""
    asked = {one.name: one.value for one in wish.filters}
    special = ("action", "action__startswith", "outcome", "cause", "username", *MODEL)
    filters = [one for one in wish.filters if one.name not in special] + _of_model(asked)
    names = [name for one in wish.filters if one.name == "action" for name in one.value]
    prefix = asked.get("action__startswith")
    if names and prefix is not None:
        raise FieldsInvalid({"action__startswith": ["Ask for action or for action__startswith."]})
    known = await events.actions(tx) if names or prefix is not None else []
    kinds = kinds_of(names, known) if prefix is None else [starting_with(prefix, known)]
    if "username" in asked:
        filters.append(Filter("username", "in", await events.actor_names(tx, asked["username"])))
    outcome = asked.get("outcome")
    if outcome == "refused":
        filters.append(Filter("outcome", "other", OK))
    elif outcome is not None:
        filters.append(Filter("outcome", "is", outcome))
    if "cause" in asked:
        filters.append(Filter("outcome", "is", asked["cause"]))
    order = wish.order or ("-created",)
    return msgspec.structs.replace(wish, filters=tuple(filters), order=order), kinds


def _of_model(asked: dict[str, Any]) -> list[Filter]:
    """What happened to one object, or to objects of one kind. Their target is `<app>.<model>:<pk>`."""
    app, model, pk = (asked.get(name) for name in MODEL)
    if app is model is pk is None:
        return []
    if app is None or (model is None and pk is not None):
        raise FieldsInvalid({"context_model_app": ["Name the app and the model before the pk."]})
    found = [Filter("action", "in", [CREATED, UPDATED, DELETED])]
    if pk is not None:
        return [*found, Filter("target", "is", f"{app}.{model}:{pk}")]
    return [*found, Filter("target", "starts", f"{app}.{model}:" if model else f"{app}.")]


def event_answer(one: LoggedEvent, known: dict[str, Actor]) -> answers.Event:
    """An event. Our own action, outcome (a cause code when it was refused) and request id are in `context`."""
    actor = known.get(one.actor or "")
    context = {**one.details, "action": one.action, "outcome": one.outcome, "target": one.target}
    model = one.details.get("model")
    if isinstance(model, str) and "." in model:
        app, _, name = model.partition(".")
        pk, named = one.details.get("pk"), one.details.get("name")
        context["model"] = {"app": app, "model_name": name, "pk": pk, "name": named}
    return {
        "pk": str(UUID(int=MARK.int + one.id)),
        "user": {
            "username": one.actor or "" if actor is None else actor.username,
            "email": "" if actor is None else actor.email or "",
            "pk": 0 if actor is None else actor.pk,
        },
        "action": theirs(one.action, one.outcome),
        "app": one.action.partition(".")[0],
        "context": {**context, "request_id": one.reference},
        "client_ip": one.address,
        "created": iso(one.at),
        "expires": iso(one.at + AUDIT_KEPT),
        "brand": {},
    }
