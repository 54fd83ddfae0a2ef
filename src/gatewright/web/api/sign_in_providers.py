"""`/api/v1/sign-in-providers`: the outside providers that people sign in through, of variables and of the database."""

from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import iso
from gatewright.domain.errors import BadInput
from gatewright.settings.profiles.profile import NAMES, find
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.provider_checks import MASK, SECRETS
from gatewright.sso.sources import Source
from gatewright.sso.stored_providers import Stored, StoredProviders
from gatewright.web.api.wire import answer, clean, listed, nothing, read
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

PATH = "/api/v1/sign-in-providers"
PROFILES = "/api/v1/sign-in-profiles"
PROFILE = (
    *("label", "icon", "steps", "issuer", "scope", "client_auth", "claims", "token_claims", "decides_roles"),
    "fields",
)
"""What is told of a profile."""


class SignInProviderRoutes:
    """Viewers look, administrators change. Secrets are answered by nobody."""

    def __init__(self, providers: StoredProviders, base_url: str) -> None:
        self._providers = providers
        self._base_url = base_url

    def routes(self) -> list[Route]:
        return [
            Route(PROFILES, ("GET",), self.profiles, Access.VIEWER, Dialect.PROBLEM),
            Route(PATH, ("GET",), self.everything, Access.VIEWER, Dialect.PROBLEM),
            Route(PATH, ("POST",), self.create, Access.ADMIN, Dialect.PROBLEM),
            Route(f"{PATH}/{{id}}", ("GET",), self.show, Access.VIEWER, Dialect.PROBLEM),
            Route(f"{PATH}/{{id}}", ("PATCH",), self.change, Access.ADMIN, Dialect.PROBLEM),
            Route(f"{PATH}/{{id}}", ("DELETE",), self.remove, Access.ADMIN, Dialect.PROBLEM),
        ]

    async def profiles(self, call: Call) -> Response:
        """What is known of the identity providers there are: where to begin with each."""
        return listed(call, [_profile(name) for name in NAMES])

    async def everything(self, call: Call) -> Response:
        """Those of the variables, or the embedded one, first: they cannot be changed here."""
        fixed = [await self._fixed(source) for source in self._providers.fixed]
        return listed(call, fixed + [await self._stored(one) for one in await self._providers.everything()])

    async def show(self, call: Call) -> Response:
        wanted = clean(call.path("id"), "id")
        for source in self._providers.fixed:
            if source.id == wanted:
                return answer(await self._fixed(source))
        return answer(await self._stored(await self._providers.get(wanted)))

    async def create(self, call: Call) -> Response:
        """201. The body has the members of a provider; what it leaves out is the profile's."""
        fields = await self._body(call)
        enabled = _flag(fields) is not False
        made = await self._providers.create(fields, is_enabled=enabled, actor=call.actor, origin=call.origin)
        return answer(await self._stored(made), 201)

    async def change(self, call: Call) -> Response:
        """The members that are given (RFC 7396): null takes one out, a secret that is not given stays."""
        wanted = clean(call.path("id"), "id")
        fields = await self._body(call)
        enabled = _flag(fields)
        if fields.pop("id", wanted) != wanted:
            raise BadInput("The id of a provider stays.", param="id", hint="Make a new provider and remove this one.")
        changed = await self._providers.change(wanted, fields, is_enabled=enabled, actor=call.actor, origin=call.origin)
        return answer(await self._stored(changed))

    async def remove(self, call: Call) -> Response:
        await self._providers.remove(clean(call.path("id"), "id"), actor=call.actor, origin=call.origin)
        return nothing()

    async def _body(self, call: Call) -> dict[str, Any]:
        return await read(call, dict[str, Any])

    async def _fixed(self, source: Source) -> dict[str, Any]:
        shown = await self._shown(source)
        if source.is_embedded:
            # Its secret is in our own provider's row of the client.
            shown["has_client_secret"] = True
        return {**shown, "origin": "embedded" if source.is_embedded else "variables", "is_enabled": True}

    async def _stored(self, one: Stored) -> dict[str, Any]:
        shown = await self._shown(self._providers.source_of(one))
        made = {"created_at": iso(one.row.created_at), "created_by": one.row.created_by}
        return {**shown, "origin": "database", "is_enabled": one.is_enabled, **made}

    async def _shown(self, source: Source) -> dict[str, Any]:
        """The provider, and `standing`: what the last sign-in said of it, null before the first."""
        found = await self._providers.standing(source.id)
        said = None if found is None else {"issuer": found.issuer, "doubt": found.doubt, "notes": found.notes}
        return {**_shown(source.provider, self._base_url + source.callback), "standing": said}


def _profile(name: str) -> dict[str, Any]:
    found = find(name)
    members: dict[str, Any] = msgspec.to_builtins(found)
    return {"name": name, **{member: members[member] for member in PROFILE}}


def _shown(provider: SignInProvider, redirect_uri: str) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(provider)
    secrets = {f"has_{name}": bool(fields.pop(name)) for name in SECRETS}
    fields["headers"] = dict.fromkeys(fields["headers"], MASK)
    return {**fields, **secrets, "redirect_uri": redirect_uri}


def _flag(fields: dict[str, Any]) -> bool | None:
    """Takes `is_enabled` out of the body. Raises BadInput where it is no boolean."""
    found = fields.pop("is_enabled", None)
    if found is not None and not isinstance(found, bool):
        raise BadInput("is_enabled is not true or false.", param="is_enabled", code="field_invalid")
    return found
