"""The model API's routes, raw ASGI: served before the router, found with one look-up."""

import secrets
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count
from typing import Any

from gatewright.accounts.keys import KeyRing
from gatewright.domain.errors import BadInput, GatewrightError, MethodNotAllowed, NotFound, UnknownModel
from gatewright.domain.keys import Principal
from gatewright.gateway.chat import Chat
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.deployments import Deployments
from gatewright.gateway.exchange import ClientGone, WireHeaders
from gatewright.gateway.team_choice import TEAM_HEADER, in_team
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.endpoints import ENDPOINTS, RERANK, RESPONSES, Endpoint
from gatewright.web.errors import unexpected
from gatewright.web.model_api.asgi import AsgiExchange, Scope, Send
from gatewright.web.model_api.exchange import ModelExchange
from gatewright.web.model_api.hang_up import Receive
from gatewright.web.model_api.listing import anthropic_list, anthropic_model, openai_list, openai_model
from gatewright.web.model_api.refusals import errors_at

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
Serve = Callable[[ModelExchange, Scope], Awaitable[None]]
ServeDirect = Callable[[ModelExchange], Coroutine[Any, Any, None]]

ONE_MODEL = ("/v1/models/", "/models/")
ANTHROPIC_VERSION = (b"anthropic-version",)
NAMED = ("/openai/deployments/", "/engines/")
ONE_RESPONSE = ("/v1/responses/", "/responses/")
STORED = {"": ("GET", "DELETE"), "input_items": ("GET",), "cancel": ("POST",)}
"""What OpenAI serves below a stored response (contract litellm 4.1), by what follows its id."""


def peer_address(scope: Scope) -> str | None:
    """The address of the other end of the connection."""
    client = scope.get("client")
    return client[0] if client else None


class ModelApi:
    """`route` is asked for every request that the process gets. `address` says where a request came from."""

    def __init__(
        self,
        chat: Chat,
        ring: KeyRing,
        deployments: Deployments,
        *,
        max_request_bytes: int,
        address: Callable[[Scope], str | None] = peer_address,
    ) -> None:
        self._chat = chat
        self._ring = ring
        self._deployments = deployments
        self._limit = max_request_bytes
        self._address = address
        # Unique over all workers and restarts: the ledger counts a request id once.
        self._prefix = f"req-{secrets.token_hex(8)}"
        self._numbers = count(1)
        listing = {"GET": self._handler(self._list), "HEAD": self._handler(self._list)}
        self._one = {"GET": self._handler(self._show), "HEAD": self._handler(self._show)}
        self._stored = {
            below: dict.fromkeys(methods, self._handler(self._not_stored)) for below, methods in STORED.items()
        }
        self._routes: dict[str, dict[str, Handler]] = {
            "/v1/models": listing,
            "/models": listing,
        }
        self._spoken = {
            f"{prefix}{endpoint.path}": errors_at(endpoint) for endpoint in ENDPOINTS for prefix in ("/v1", "")
        }
        for endpoint in ENDPOINTS:
            served = {"POST": self._handler(self._endpoint(endpoint))}
            self._routes[f"/v1{endpoint.path}"] = self._routes[endpoint.path] = served
        self._direct = {
            f"{prefix}{endpoint.path}".encode(): self._serve_direct(endpoint)
            for endpoint in ENDPOINTS
            for prefix in ("/v1", "")
        }
        # The endpoint has one dictionary for both of its paths.
        self._routes[RESPONSES.path]["GET"] = self._handler(_no_web_socket)
        self._routes["/v2/rerank"] = self._routes[RERANK.path]
        self._named = [
            (before, after, endpoint)
            for endpoint in ENDPOINTS
            for before, _, after in (path.partition("{model}") for path in endpoint.named)
        ]

    def route(self, method: str, path: str) -> Handler | None:
        """The handler of a path of the model API, which answers a wrong method too; None for every other path."""
        methods = self._routes.get(path)
        if methods is None:
            if path.startswith(NAMED):
                methods = self._naming(path)
            elif path.startswith(ONE_MODEL):
                methods = self._one
            elif path.startswith(ONE_RESPONSE):
                methods = self._stored.get(_response_id(path)[1])
        if methods is None:
            return None
        return methods.get(method) or self._handler(_not_allowed(", ".join(methods), self._spoken.get(path)))

    def _handler(self, serve: Serve) -> Handler:
        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            exchange = AsgiExchange(scope, receive, send, self._next_id(), self._address(scope), self._limit)
            await _answer(exchange, serve(exchange, scope))

        return handle

    def direct(self, path: bytes) -> ServeDirect | None:
        """What serves a POST to that path for the door that does without ASGI; None for other paths."""
        return self._direct.get(path)

    def identity(self, client: tuple[str, int] | None, headers: WireHeaders) -> tuple[str, str | None, int]:
        """A request's id, its caller's address, and the largest body in bytes."""
        return self._next_id(), self._address({"client": client, "headers": headers}), self._limit

    def _next_id(self) -> str:
        return f"{self._prefix}{next(self._numbers):08x}"

    def _serve_direct(self, endpoint: Endpoint) -> ServeDirect:
        dialect = errors_at(endpoint)

        def serve(exchange: ModelExchange) -> Coroutine[Any, Any, None]:
            exchange.dialect = dialect
            return _answer(exchange, self._chat.serve(exchange, endpoint))

        return serve

    def _endpoint(self, endpoint: Endpoint, model: str | None = None) -> Serve:
        dialect = errors_at(endpoint)

        def serve(exchange: ModelExchange, _: Scope) -> Awaitable[None]:
            exchange.dialect = dialect
            exchange.named_model = model
            return self._chat.serve(exchange, endpoint)

        return serve

    def _naming(self, path: str) -> dict[str, Handler] | None:
        """The endpoint whose address names the model; it may hold slashes."""
        for before, after, endpoint in self._named:
            if path.startswith(before) and path.endswith(after) and len(path) > len(before) + len(after):
                model = path[len(before) : -len(after)]
                return {"POST": self._handler(self._endpoint(endpoint, model))}
        return None

    async def _list(self, exchange: ModelExchange, scope: Scope) -> None:
        anthropic = _reads_anthropic(exchange)
        visible = self._visible(await self._caller(exchange, scope))
        await exchange.json(anthropic_list(visible, scope["query_string"]) if anthropic else openai_list(visible))

    async def _show(self, exchange: ModelExchange, scope: Scope) -> None:
        anthropic = _reads_anthropic(exchange)
        caller = await self._caller(exchange, scope)
        path: str = scope["path"]
        name = path.removeprefix("/v1").removeprefix("/models/")
        found = self._visible_as(caller, name)
        if found is None:
            raise UnknownModel(param="model")
        await exchange.json(anthropic_model(name, found) if anthropic else openai_model(name, found))

    async def _not_stored(self, exchange: ModelExchange, scope: Scope) -> None:
        await self._caller(exchange, scope)
        response_id, _ = _response_id(scope["path"])
        raise NotFound(
            f"Response with id {response_id!r} not found: responses are not stored here.",
            param="response_id",
            hint="Send the whole conversation in `input` with each request.",
        )

    async def _caller(self, exchange: ModelExchange, scope: Scope) -> Principal:
        caller = await self._ring.caller(exchange.secret, exchange.address, exchange.request_id)
        return in_team(caller, scope["path"], exchange.forwarded(TEAM_HEADER))

    def _visible(self, caller: Principal) -> dict[str, Deployment]:
        """The models that the caller may use, for any of its teams, by public name."""
        names = [name for one in caller.teams or (caller,) for name in self._deployments.names(one)]
        return {name: one for name in names if (one := self._visible_as(caller, name)) is not None}

    def _visible_as(self, caller: Principal, name: str) -> Deployment | None:
        found = (self._deployments.shown(name, one) for one in caller.teams or (caller,))
        return next((one for one in found if one is not None), None)


def _reads_anthropic(exchange: ModelExchange) -> bool:
    """Whether the client is one of Anthropic's API, which then gets its errors in that dialect too."""
    if not exchange.forwarded(ANTHROPIC_VERSION):
        return False
    exchange.dialect = Dialect.MESSAGES
    return True


async def _no_web_socket(exchange: ModelExchange, scope: Scope) -> None:
    """Codex turns to plain HTTP at once when it is told so with this status, and after many attempts otherwise."""
    if (b"upgrade", b"websocket") not in [(name, value.lower()) for name, value in scope["headers"]]:
        await exchange.refuse(MethodNotAllowed(), [(b"allow", b"POST")])
        return
    error = BadInput("Responses are not served over WebSockets here: send a POST.", code="websocket_not_supported")
    error.status = 426
    raise error


def _response_id(path: str) -> tuple[str, str]:
    """The id in the path of a stored response, and what follows it. `-` follows what is an endpoint and no id."""
    response_id, _, below = path.removeprefix("/v1").removeprefix("/responses/").partition("/")
    return response_id[:100], "-" if response_id in ("", "compact", "input_tokens") else below


def _not_allowed(allowed: str, dialect: Dialect | None) -> Serve:
    async def refuse(exchange: ModelExchange, _: Scope) -> None:
        exchange.dialect = dialect or exchange.dialect
        await exchange.refuse(MethodNotAllowed(), [(b"allow", allowed.encode())])

    return refuse


async def _answer(exchange: ModelExchange, serving: Awaitable[None]) -> None:
    try:
        await serving
    except ClientGone:
        return
    except GatewrightError as error:
        await _refuse(exchange, error)
    except Exception as error:  # noqa: BLE001 (the edge: logged with its reference, never shown)
        await _refuse(exchange, unexpected(error, exchange.request_id))
    finally:
        exchange.over()


async def _refuse(exchange: ModelExchange, error: GatewrightError) -> None:
    try:
        await exchange.refuse(error)
    except ClientGone:
        return
