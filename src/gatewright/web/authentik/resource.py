"""What every kind of object has: a list, and one object to make, read, change and delete."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from gatewright.idp.directory.acting import absent
from gatewright.storage.listing import Wish
from gatewright.web.authentik import answers
from gatewright.web.authentik.wire import Asked, answer, body_of, listed, nothing, required, wish_of
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Handler, Route

API = "/api/v3"
UUID = {"type": ["string", "null"], "format": "uuid"}
UUIDS = {"type": ["array", "null"], "items": {"type": "string", "format": "uuid"}}
Json = Mapping[str, Any]
Action = Literal["set_null", "left_dangling"]


def anything(names: Iterable[str]) -> dict[str, Any]:
    """Fields whose values the schema says nothing of."""
    return {name: {} for name in names}


class About(msgspec.Struct, frozen=True):
    """What the schema says of a row: the type of its answer (None: there is no body), and what it takes.

    `paged`: the answer is a page of them. `takes` are the JSON schemas of the body's members, `asks` those of query
    parameters beside the filters. `sends` and `media` are the media types of body and answer.
    """

    answers: Any = None
    status: int = 200
    paged: bool = False
    filters: Mapping[str, Asked] = {}
    order: Sequence[str] = ()
    takes: Mapping[str, Any] | None = None
    required: Sequence[str] = ()
    asks: Mapping[str, Any] = {}
    sends: str = "application/json"
    media: str = "application/json"


class Row(Route, frozen=True):
    """A row with what the schema says of it."""

    about: About | None = None


def route(path: str, method: str, handler: Handler, access: Access, about: About | None = None) -> Route:
    """A row under `/api/v3`, with and without the trailing slash."""
    return Row(f"{API}{path}", (method,), handler, access, Dialect.AUTHENTIK, slash=True, about=about)


class Kind(msgspec.Struct, frozen=True):
    """Where the objects are, what a list filters and orders by, which fields a new one needs, and who may what.

    `answers` is the type of an object, `takes` the JSON schemas of the fields that it is made of.
    """

    path: str
    answers: Any = Any
    takes: Mapping[str, Any] = {}
    filters: Mapping[str, Asked] = {}
    order: Sequence[str] = ()
    required: Sequence[str] = ()
    read: Access = Access.VIEWER
    write: Access = Access.ADMIN


GONE = About(status=204)
USED_BY = About(list[answers.UsedBy])


class Resource(ABC):
    """One kind of object. Subclasses call one use case in each method and say how an object looks."""

    kind: Kind

    def routes(self) -> list[Route]:
        """The rows of this kind. Actions on one object stand before it where a word could be taken for its key."""
        kind = self.kind
        one = f"{kind.path}{{key}}/"
        listed = About(kind.answers, paged=True, filters=kind.filters, order=kind.order)
        whole = About(kind.answers, takes=kind.takes, required=kind.required)
        return [
            *self.actions(),
            route(kind.path, "GET", self._list, kind.read, listed),
            route(kind.path, "POST", self._create, kind.write, msgspec.structs.replace(whole, status=201)),
            route(one, "GET", self._get, kind.read, About(kind.answers)),
            route(one, "PUT", self._put, kind.write, whole),
            route(one, "PATCH", self._patch, kind.write, About(kind.answers, takes=kind.takes)),
            route(one, "DELETE", self._delete, kind.write, GONE),
            route(f"{one}used_by/", "GET", self._used_by, kind.read, USED_BY),
        ]

    def actions(self) -> list[Route]:
        """Rows of its own."""
        return []

    @abstractmethod
    async def page(self, call: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        """How many objects match, and one page of them as they look outside."""

    @abstractmethod
    async def one(self, call: Call, key: str) -> Json:
        """One object. Raises NotFound."""

    @abstractmethod
    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        """The object that was made. Raises FieldsInvalid."""

    @abstractmethod
    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        """The object afterwards. Raises NotFound, FieldsInvalid."""

    @abstractmethod
    async def deleted(self, call: Call, key: str) -> None:
        """Raises NotFound."""

    async def used_by(self, call: Call, key: str) -> list[answers.UsedBy]:
        """What would miss the object. Raises NotFound."""
        await self.one(call, key)
        return []

    async def _list(self, call: Call) -> Response:
        wish = wish_of(call, self.kind.filters, self.kind.order)
        count, results = await self.page(call, wish)
        return listed(wish, count, results)

    async def _create(self, call: Call) -> Response:
        attrs = await body_of(call)
        required(attrs, self.kind.required)
        return answer(await self.made(call, attrs), 201)

    async def _get(self, call: Call) -> Response:
        return answer(await self.one(call, call.path("key")))

    async def _put(self, call: Call) -> Response:
        """All required fields, and what else is to change: as in Authentik, a field that is left out stays."""
        attrs = await body_of(call)
        required(attrs, self.kind.required)
        return answer(await self.changed(call, call.path("key"), attrs))

    async def _patch(self, call: Call) -> Response:
        return answer(await self.changed(call, call.path("key"), await body_of(call)))

    async def _delete(self, call: Call) -> Response:
        await self.deleted(call, call.path("key"))
        return nothing()

    async def _used_by(self, call: Call) -> Response:
        return answer(await self.used_by(call, call.path("key")))


def user_of(app: str, model: str, pk: str, name: str, action: Action = "left_dangling") -> answers.UsedBy:
    """One row of a `used_by` list."""
    return {"app": app, "model_name": model, "pk": pk, "name": name, "action": action}


def numeric(key: str, model: str) -> int:
    """The integer key in a path. Raises NotFound, since nothing has a key that is no number."""
    if not key.isascii() or not key.isdecimal() or len(key) > 18:
        raise absent(model)
    return int(key)
