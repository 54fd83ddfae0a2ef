"""`/propertymappings/all/<uuid>/test/` and `/providers/oauth2/<id>/preview_user/`: what a person would get.

Administrators alone: in Authentik the right to look was enough to run code (contract 8.1).
"""

import json
from typing import Any

from starlette.responses import Response

from gatewright.domain.errors import FieldsInvalid
from gatewright.domain.people import User
from gatewright.idp.preview import Preview
from gatewright.web.authentik.resource import numeric, route
from gatewright.web.authentik.wire import answer, body_of, number_of, uuid_of
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route

TEST_FIELDS = ("user", "group", "context")


class Previews:
    """Both in Authentik's shapes; `/api/v1/idp/preview` says more."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview

    def routes(self) -> list[Route]:
        return [
            route("/propertymappings/all/{key}/test/", "POST", self.test, Access.ADMIN),
            route("/providers/oauth2/{key}/preview_user/", "GET", self.preview_user, Access.ADMIN),
        ]

    async def test(self, call: Call) -> Response:
        """Runs a mapping for a user; `result` is what it returned as JSON text, or why it returned nothing."""
        attrs = await body_of(call)
        unknown = sorted(set(attrs) - set(TEST_FIELDS))
        if unknown:
            raise FieldsInvalid({unknown[0]: [f"There is no such field. There are {', '.join(TEST_FIELDS)}."]})
        if attrs.get("group") is not None:
            raise FieldsInvalid({"group": ["Scope mappings are about a user: leave the group out."]})
        context = attrs.get("context") or {}
        if not isinstance(context, dict):
            raise FieldsInvalid({"context": ["Must be an object."]})
        user = await self._user(attrs.get("user"))
        outcome = await self._preview.test(uuid_of("key", call.path("key")), user, call.origin, context)
        await self._preview.report(call.actor, user, call.path("key"), call.origin)
        if outcome.error is None:
            indent = 4 if call.query("format_result") == "true" else None
            return answer({"result": json.dumps(outcome.claims, indent=indent), "successful": True})
        place = "" if outcome.error.line is None else f"line {outcome.error.line}: "
        return answer({"result": f"{place}{outcome.error.cause}", "successful": False})

    async def preview_user(self, call: Call) -> Response:
        """The ID token's payload with every scope granted. Without `for_user` the caller's own."""
        client = await self._preview.of_provider(numeric(call.path("key"), "OAuth2Provider"))
        text = call.query("for_user")
        user = await self._user(call.principal.user_pk if text is None else number_of("for_user", text), "for_user")
        found = await self._preview.of(client, user, call.origin)
        await self._preview.report(call.actor, user, client.client_id, call.origin)
        return answer({"preview": found.id_token or {}})

    async def _user(self, wanted: Any, field: str = "user") -> User:
        if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 < wanted < 2**53:
            raise FieldsInvalid({field: ["A user's number is required."]})
        return await self._preview.user(wanted)
