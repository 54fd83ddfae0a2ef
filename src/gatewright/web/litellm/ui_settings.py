"""What LiteLLM's dashboard reads before anything else (contract litellm 1.7, 5.3), with what is true here."""

from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.accounts.ui_flags import NO_CUSTOM_KEYS, UiFlags
from gatewright.domain.errors import BadInput
from gatewright.settings.schema import Settings
from gatewright.spend.reports import Reports
from gatewright.sso.parties import RelyingParties
from gatewright.web.api.wire import answer, read
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

MOST_ROWS = 1_000_001
"""LiteLLM's dashboard only asks whether there are more than a million."""


class Flag(msgspec.Struct, frozen=True):
    """`value` is in force. `hint` None: it can be changed; else why not."""

    value: Any
    doc: str
    hint: str | None
    kind: str = "boolean"


_ADMINS = "Administrators alone do that here."
_TEAM = "Whoever administers a team says who is in it."
_NOTHING = "There is nothing of the kind here."
_UPSTREAM = "A provider gets the key of its deployment alone: give the deployment `extra_headers`."
FLAGS: dict[str, Flag] = {
    NO_CUSTOM_KEYS: Flag(False, "Nobody brings the secret of a new key: it is generated.", None),
    "disable_model_add_for_internal_users": Flag(True, "Who is no administrator adds no models.", _ADMINS),
    "disable_team_admin_delete_team_user": Flag(False, "Who administers a team takes nobody out of it.", _TEAM),
    "disable_key_generate_for_org_admin": Flag(True, "Administrators of an organization make no keys.", _NOTHING),
    "require_auth_for_public_ai_hub": Flag(True, "Nothing about models is shown to strangers.", _NOTHING),
    "allow_public_health_readiness_details": Flag(False, "Strangers see no details of the health.", _NOTHING),
    "forward_client_headers_to_llm_api": Flag(False, "Headers of clients go to providers.", _UPSTREAM),
    "forward_llm_provider_auth_headers": Flag(False, "Credentials of clients go to providers.", _UPSTREAM),
    "disable_agents_for_internal_users": Flag(True, "Who is no administrator uses no agents.", _NOTHING),
    "allow_agents_for_team_admins": Flag(False, "Administrators of a team use agents.", _NOTHING),
    "disable_vector_stores_for_internal_users": Flag(True, "Who is no administrator uses no stores.", _NOTHING),
    "allow_vector_stores_for_team_admins": Flag(False, "Administrators of a team use stores.", _NOTHING),
    "scope_user_search_to_org": Flag(False, "People are found within an organization alone.", _NOTHING),
    "enable_chat_ui": Flag(False, "A page to chat on.", _NOTHING),
    "enabled_ui_pages_internal_users": Flag(None, "The pages that members see.", "Roles decide that here.", "array"),
    "moyai_url": Flag(None, "The address of a companion.", _NOTHING, "string"),
    "team_admin_editable_team_fields": Flag([], "What administrators of a team change.", _ADMINS, "array"),
}


class UiSettingsRoutes:
    """Public where LiteLLM's are: nothing here is secret."""

    def __init__(self, settings: Settings, parties: RelyingParties, flags: UiFlags, reports: Reports) -> None:
        self._settings = settings
        self._parties = parties
        self._flags = flags
        self._reports = reports

    def routes(self) -> list[Route]:
        anybody, litellm = Access.PUBLIC, Dialect.LITELLM
        known = "/.well-known/litellm-ui-config"
        return [
            Route(known, ("GET",), self.config, anybody, litellm),
            Route(f"/litellm{known}", ("GET",), self.config, anybody, litellm),
            Route("/sso/get/ui_settings", ("GET",), self.settings, Access.CALLER, litellm),
            Route("/get/ui_settings", ("GET",), self.flags, anybody, litellm),
            Route("/update/ui_settings", ("PATCH",), self.update, Access.ADMIN, litellm),
        ]

    async def config(self, _: Call) -> Response:
        settings = self._settings
        return answer(
            {
                "server_root_path": settings.root_path,
                "proxy_base_url": settings.base_url,
                "auto_redirect_to_sso": settings.auto_redirect or self._parties.default.source.is_embedded,
                "admin_ui_disabled": settings.dashboard.is_off,
                "sso_configured": True,
                # There are no default credentials.
                "hide_default_credentials_hint": True,
                "is_control_plane": False,
                "mcp_stdio_enabled": False,
                "workers": [],
            }
        )

    async def settings(self, _: Call) -> Response:
        settings = self._settings
        return answer(
            {
                "PROXY_BASE_URL": settings.base_url,
                "PROXY_LOGOUT_URL": settings.logout_url,
                "LITELLM_UI_API_DOC_BASE_URL": settings.dashboard.api_base_url,
                "DEFAULT_TEAM_DISABLED": settings.dashboard.default_team_disabled,
                "SSO_ENABLED": True,
                "NUM_SPEND_LOGS_ROWS": await self._reports.requests(MOST_ROWS),
                "DISABLE_EXPENSIVE_DB_QUERIES": False,
            }
        )

    async def flags(self, _: Call) -> Response:
        """`{values, field_schema, source}`; `source` says `config`, `db` or `default` of each."""
        stored = await self._flags.stored()
        values = {name: flag.value for name, flag in FLAGS.items()} | stored
        source = {name: "db" if name in stored else "default" for name in FLAGS}
        if self._flags.by_operator:
            values[NO_CUSTOM_KEYS], source[NO_CUSTOM_KEYS] = True, "config"
        properties = {name: {"description": flag.doc, "type": flag.kind} for name, flag in FLAGS.items()}
        schema = {"description": "What LiteLLM's dashboard asks about.", "properties": properties}
        return answer({"values": values, "field_schema": schema, "source": source})

    async def update(self, call: Call) -> Response:
        """`{message, status, settings}`. What /get/ui_settings answered can be sent back with a change in it.

        Raises BadInput for a flag that does not exist, or that cannot have the value here.
        """
        sent = await read(call, dict[str, Any])
        changed: dict[str, bool] = {}
        for name, value in sent.items():
            flag = FLAGS.get(name)
            if flag is None:
                raise _refused(name, "is not known here", "Leave it out.")
            if flag.hint is not None and value != flag.value:
                raise _refused(name, f"is {msgspec.json.encode(flag.value).decode()} here, always", flag.hint)
            if flag.hint is None:
                if not isinstance(value, bool):
                    raise _refused(name, "is neither true nor false", "Send true or false.")
                changed[name] = value
        if self._flags.by_operator and changed.get(NO_CUSTOM_KEYS) is False:
            raise _refused(NO_CUSTOM_KEYS, "is true in config.yaml", "Change it there.")
        stored = await self._flags.set(changed, actor=call.actor, origin=call.origin)
        return answer({"message": "UI settings updated successfully", "status": "success", "settings": stored})


def _refused(name: str, problem: str, hint: str) -> BadInput:
    return BadInput(f"{name[:60]} {problem}.", param=name[:60], hint=hint, code="field_not_supported")
