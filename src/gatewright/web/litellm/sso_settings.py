"""`/get/sso_settings`, `/update/sso_settings` (contract litellm 1.6): LiteLLM's flat fields over stored providers."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import JSONResponse, Response

from gatewright.domain.errors import BadInput, NotFound
from gatewright.domain.identity import Role
from gatewright.settings.profiles.profile import guess
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.stored_providers import LITELLM_IDS, StoredProviders
from gatewright.web.api.wire import HEADERS, read
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

MASKED = "********"
FIELDS: Mapping[str, tuple[str, str]] = {
    "google_client_id": ("google", "client_id"),
    "google_client_secret": ("google", "client_secret"),
    "microsoft_client_id": ("microsoft", "client_id"),
    "microsoft_client_secret": ("microsoft", "client_secret"),
    "microsoft_tenant": ("microsoft", "options.tenant"),
    "generic_client_id": ("generic", "client_id"),
    "generic_client_secret": ("generic", "client_secret"),
    "generic_authorization_endpoint": ("generic", "authorization_endpoint"),
    "generic_token_endpoint": ("generic", "token_endpoint"),
    "generic_userinfo_endpoint": ("generic", "userinfo_endpoint"),
    "generic_scope": ("generic", "scope"),
}
"""LiteLLM's field: the provider's id, and the member of it."""

ELSEWHERE = {
    "proxy_base_url": "Set PROXY_BASE_URL and start again.",
    "user_email": "Give the person the role on the Users page.",
    "ui_access_mode": "Set general_settings.ui_access_mode in the config file.",
}
OKTA = "okta"


class SsoSettingsRoutes:
    """For administrators."""

    def __init__(self, providers: StoredProviders) -> None:
        self._providers = providers

    def routes(self) -> list[Route]:
        return [
            Route("/get/sso_settings", ("GET",), self.show, Access.ADMIN, Dialect.LITELLM),
            Route("/update/sso_settings", ("PATCH",), self.update, Access.ADMIN, Dialect.LITELLM),
        ]

    async def show(self, _: Call) -> Response:
        """The values, where each comes from, and what the fields are. Secrets are masked."""
        return JSONResponse(await self._state(), headers=HEADERS)

    async def update(self, call: Call) -> Response:
        """Changes the fields that are named; null clears one. Raises BadInput for what works elsewhere."""
        sent = await read(call, dict[str, Any])
        patches, gone = _sorted(sent)
        for provider_id in gone:
            if await self._known(provider_id) is not None:
                await self._providers.remove(provider_id, actor=call.actor, origin=call.origin)
        for provider_id, patch in patches.items():
            await self._apply(provider_id, patch, call)
        state = await self._state()
        body = {"message": "SSO settings updated successfully", "status": "success", "settings": state["values"]}
        return JSONResponse(body, headers=HEADERS)

    async def _apply(self, provider_id: str, patch: dict[str, Any], call: Call) -> None:
        if await self._known(provider_id) is not None:
            await self._providers.change(provider_id, patch, is_enabled=None, actor=call.actor, origin=call.origin)
            return
        if not any(value is not None for value in patch.values()):
            return
        if patch.get("client_id") is None:
            raise BadInput(f"{provider_id}_client_id is missing.", param=f"{provider_id}_client_id")
        profile = provider_id
        if provider_id == "generic":
            profile = guess(patch.get("authorization_endpoint"), patch.get("token_endpoint"))
        fields = {"id": provider_id, "profile": profile, **patch}
        await self._providers.create(fields, is_enabled=True, actor=call.actor, origin=call.origin)

    async def _known(self, provider_id: str) -> SignInProvider | None:
        try:
            return (await self._providers.get(provider_id)).provider
        except NotFound:
            return None

    async def _state(self) -> dict[str, Any]:
        fixed = {source.id: source.provider for source in self._providers.fixed if source.id in LITELLM_IDS}
        stored = {one.provider.id: one.provider for one in await self._providers.everything()}
        values: dict[str, Any] = {}
        provenance: dict[str, str] = {}
        for name, (provider_id, member) in FIELDS.items():
            provider = fixed.get(provider_id) or stored.get(provider_id)
            found = None if provider is None else _member(provider, member)
            values[name] = MASKED if found and member == "client_secret" else found
            provenance[name] = "unset" if found is None else "env" if provider_id in fixed else "db"
        generic = fixed.get("generic") or stored.get("generic")
        values |= {"role_mappings": _roles(generic), "team_mappings": _teams(generic)}
        origin = "env" if "generic" in fixed else "db"
        for name in ("role_mappings", "team_mappings"):
            provenance[name] = "unset" if values[name] is None else origin
        properties = {name: {"type": "object" if name.endswith("mappings") else "string"} for name in values}
        return {"values": values, "provenance": provenance, "field_schema": {"properties": properties}}


def _sorted(sent: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What changes of which provider, and the providers that go. Raises BadInput for a field that has no place."""
    patches: dict[str, dict[str, Any]] = {}
    for name, value in sent.items():
        if name in FIELDS:
            provider_id, member = FIELDS[name]
            _put(patches.setdefault(provider_id, {}), member, value)
        elif name == "role_mappings":
            provider_id, roles = _role_patch(value)
            patches.setdefault(provider_id, {})["roles"] = roles
        elif name == "team_mappings":
            teams = value.get("team_ids_jwt_field") if isinstance(value, dict) else value
            patches.setdefault("generic", {})["claims"] = {"teams": teams}
        elif value is not None:
            hint = ELSEWHERE.get(name, "The provider's other members are set with /api/v1/sign-in-providers.")
            raise BadInput(f"The field {name[:60]!r} is not supported here.", param=name[:60], hint=hint)
    gone = [one for one, patch in patches.items() if "client_id" in patch and patch["client_id"] is None]
    return {one: patch for one, patch in patches.items() if one not in gone}, gone


def _put(patch: dict[str, Any], member: str, value: Any) -> None:
    if value == MASKED:
        # What was shown, sent back: it stays.
        return
    outer, _, inner = member.rpartition(".")
    if outer:
        patch.setdefault(outer, {})[inner] = value
    else:
        patch[member] = value


def _role_patch(value: Any) -> tuple[str, dict[str, Any]]:
    """LiteLLM's `{provider, group_claim, default_role, roles}` for the provider that it names."""
    cleared = {"mappings": None, "group_claim": None, "default_role": None}
    if value is None:
        return "generic", cleared
    if not isinstance(value, dict) or not isinstance(value.get("roles") or {}, dict):
        raise BadInput("role_mappings is no object with roles.", param="role_mappings", code="field_invalid")
    named = str(value.get("provider") or "generic")
    if named not in (*LITELLM_IDS, OKTA):
        raise BadInput(f"There is no provider {named[:60]!r}.", param="role_mappings.provider")
    # A patch would keep the mappings that are not named.
    mappings = {role.value: None for role in Role} | (value.get("roles") or {})
    patch = {"group_claim": value.get("group_claim"), "default_role": value.get("default_role")}
    return "generic" if named == OKTA else named, {**patch, "mappings": mappings}


def _member(provider: SignInProvider, member: str) -> str | None:
    outer, _, inner = member.rpartition(".")
    found = provider.options.get(inner) if outer else getattr(provider, member)
    return found if isinstance(found, str) else None


def _roles(provider: SignInProvider | None) -> dict[str, Any] | None:
    if provider is None or not provider.roles.mappings:
        return None
    rules: dict[str, Any] = msgspec.to_builtins(provider.roles)
    return {
        "provider": "generic",
        "group_claim": rules["group_claim"],
        "default_role": rules["default_role"],
        "roles": rules["mappings"],
    }


def _teams(provider: SignInProvider | None) -> dict[str, Any] | None:
    if provider is None or provider.claims.teams is None:
        return None
    return {"team_ids_jwt_field": provider.claims.teams}
