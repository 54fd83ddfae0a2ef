"""`/providers/oauth2/`, and `/providers/all/` to look at."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from gatewright.idp.clients import MOUNT
from gatewright.idp.directory.providers import DirectoryProviders, ProviderView
from gatewright.idp.discovery import registration_endpoint
from gatewright.idp.objects import flows
from gatewright.idp.objects import providers as objects
from gatewright.idp.objects.fields import described
from gatewright.idp.objects.providers import REQUIRED
from gatewright.storage.listing import Filter, Wish
from gatewright.web.authentik import answers
from gatewright.web.authentik.resource import UUID, UUIDS, Json, Kind, Resource, numeric, route, user_of
from gatewright.web.authentik.shapes import base_provider, provider_answer
from gatewright.web.authentik.wire import Asked, answer, by_of, flag_of, listed, uuid_of, wish_of
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route


def _flow(_: str, text: str) -> str:
    return str(flows.slug_of(text))


def _algorithm(_: str, text: str) -> str:
    return str(flows.algorithm_of(text.lower()))


REFERENCES = {
    **{f"{name}_flow": {"type": ["string", "null"]} for name in ("authentication", "authorization", "invalidation")},
    "signing_key": UUID,
    "property_mappings": UUIDS,
}


class Providers(Resource):
    """OAuth2/OpenID providers, by their number."""

    kind = Kind(
        "/providers/oauth2/",
        answers=answers.OAuth2Provider,
        takes={**described(objects.columns, objects.NAMES), **REFERENCES},
        required=REQUIRED,
        order=("name", "pk", "client_id"),
        filters={
            **{name: Asked(name) for name in ("name", "client_id", "client_type", "sub_mode", "issuer_mode")},
            "application": Asked("application", read=uuid_of),
            "authorization_flow": Asked("authorization_flow", read=_flow),
            "include_claims_in_id_token": Asked("include_claims_in_id_token", read=flag_of),
            "signing_key": Asked("signing_algorithm", read=_algorithm),
        },
    )

    def __init__(self, providers: DirectoryProviders) -> None:
        self._providers = providers

    def actions(self) -> list[Route]:
        return [
            route("/providers/oauth2/{key}/setup_urls/", "GET", self.setup_urls, Access.VIEWER),
            route("/providers/all/", "GET", self.every, Access.VIEWER),
            route("/providers/all/{key}/", "GET", self.any_kind, Access.VIEWER),
        ]

    async def page(self, _: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        count, found = await self._providers.page(wish)
        return count, [self._shown(one) for one in found]

    async def one(self, _: Call, key: str) -> Json:
        return self._shown(await self._providers.get(numeric(key, "OAuth2Provider")))

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        return self._shown(await self._providers.create(attrs, by_of(call)))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return self._shown(await self._providers.change(numeric(key, "OAuth2Provider"), attrs, by_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._providers.delete(numeric(key, "OAuth2Provider"), by_of(call))

    async def used_by(self, _: Call, key: str) -> list[answers.UsedBy]:
        row = (await self._providers.get(numeric(key, "OAuth2Provider"))).provider
        if row.slug is None:
            return []
        return [user_of("authentik_core", "application", row.slug, row.application_name or "", "set_null")]

    async def setup_urls(self, call: Call) -> Response:
        """The addresses to type into the application. Without an application there is no issuer.

        A client that registered itself is one of the issuer at which it did.
        """
        row = (await self._providers.get(numeric(call.path("key"), "OAuth2Provider"))).provider
        base, slug = f"{self._providers.base_url}{MOUNT}", row.slug and (row.issuer_slug or row.slug)
        registers = await self._providers.takes_registrations(row)
        of_slug = {
            "issuer": f"{self._providers.base_url}/" if row.issuer_mode == "global" else f"{base}/{slug}/",
            "provider_info": f"{base}/{slug}/.well-known/openid-configuration",
            "logout": f"{base}/{slug}/end-session/",
            "jwks": f"{base}/{slug}/jwks/",
        }
        shared = {"authorize": f"{base}/authorize/", "token": f"{base}/token/", "user_info": f"{base}/userinfo/"}
        shown = of_slug if slug is not None else dict.fromkeys(of_slug, "-")
        registration = registration_endpoint(self._providers.base_url, row.slug) if registers and row.slug else None
        return answer({**shared, **shown, "dcr_registration": registration})

    async def every(self, call: Call) -> Response:
        """Providers of every kind; there is one kind."""
        filters = {"name": Asked("name"), "application__isnull": Asked("application", "empty", flag_of)}
        wish = wish_of(call, {**filters, "backchannel": Asked("backchannel", read=flag_of)}, self.kind.order)
        asked = next((one.value for one in wish.filters if one.name == "backchannel"), False)
        kept: tuple[Filter, ...] = tuple(one for one in wish.filters if one.name != "backchannel")
        wish = Wish(wish.page, wish.size, wish.order, wish.search, kept)
        count, found = (0, []) if asked else await self._providers.page(wish)
        return listed(wish, count, [base_provider(one) for one in found])

    async def any_kind(self, call: Call) -> Response:
        return answer(base_provider(await self._providers.get(numeric(call.path("key"), "Provider"))))

    def _shown(self, view: ProviderView) -> Json:
        return provider_answer(view, self._providers.base_url)
