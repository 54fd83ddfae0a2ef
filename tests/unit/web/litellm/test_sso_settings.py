"""LiteLLM's flat SSO settings over stored providers."""

from typing import Any

import pytest
from tests.unit.web.conftest import Worker

pytestmark = pytest.mark.anyio
GENERIC = {
    "generic_client_id": "gw",
    "generic_client_secret": "hush-hush",
    "generic_authorization_endpoint": "https://id.acme.example/authorize",
    "generic_token_endpoint": "https://id.acme.example/token",
    "generic_userinfo_endpoint": "https://id.acme.example/userinfo",
    "generic_scope": "openid email groups",
}
MAPPINGS = {
    "provider": "okta",
    "group_claim": "groups",
    "default_role": "internal_user",
    "roles": {"proxy_admin": ["admins"], "internal_user": ["staff"]},
}


async def shown(worker: Worker) -> dict[str, Any]:
    answer = await worker.admin.get("/get/sso_settings")
    assert answer.status_code == 200, answer.text
    assert "hush-hush" not in answer.text
    found: dict[str, Any] = answer.json()
    return found


async def updated(worker: Worker, **fields: Any) -> dict[str, Any]:
    answer = await worker.admin.patch("/update/sso_settings", json=fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_litellms_fields_make_change_and_remove_a_provider(worker: Worker) -> None:
    assert set((await shown(worker))["provenance"].values()) == {"unset"}
    done = await updated(worker, **GENERIC, google_client_id=None, proxy_base_url=None)
    assert done["settings"]["generic_client_secret"] == "********"
    found = await shown(worker)
    assert found["provenance"]["generic_client_id"] == "db"
    assert found["values"]["generic_scope"] == "openid email groups"
    assert found["field_schema"]["properties"].keys() == found["values"].keys()
    begun = await worker.client.get("/sso/key/generate?provider=generic")
    assert begun.headers["location"].startswith("https://id.acme.example/authorize?")
    assert "redirect_uri=http%3A%2F%2Flocalhost%3A4000%2Fsso%2Fcallback&" in begun.headers["location"]
    await updated(worker, generic_client_id="other", generic_client_secret="********")
    kept = (await worker.program.sign_in_providers.get("generic")).provider
    assert (kept.client_id, kept.client_secret) == ("other", "hush-hush")
    await updated(worker, generic_client_id=None)
    assert (await worker.client.get("/sso/key/generate?provider=generic")).status_code == 404


async def test_role_and_team_mappings_reach_the_provider(worker: Worker) -> None:
    await updated(worker, **GENERIC, role_mappings=MAPPINGS, team_mappings={"team_ids_jwt_field": "teams"})
    provider = (await worker.program.sign_in_providers.get("generic")).provider
    assert dict(provider.roles.mappings) == {"proxy_admin": ("admins",), "internal_user": ("staff",)}
    assert (provider.roles.group_claim, provider.roles.default_role) == ("groups", "internal_user")
    assert provider.claims.teams == "teams"
    await updated(worker, role_mappings={**MAPPINGS, "roles": {"proxy_admin": ["bosses"]}})
    found = (await shown(worker))["values"]
    assert found["role_mappings"]["roles"] == {"proxy_admin": ["bosses"]}
    assert found["team_mappings"] == {"team_ids_jwt_field": "teams"}
    await updated(worker, role_mappings=None, team_mappings=None)
    assert (await shown(worker))["values"]["role_mappings"] is None
    assert (await worker.program.sign_in_providers.get("generic")).provider.claims.teams is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"proxy_base_url": "https://x.example"}, "PROXY_BASE_URL"),
        ({"user_email": "a@b"}, "Users page"),
        ({"saml_idp_metadata_url": "https://x.example"}, "saml_idp_metadata_url"),
        ({"generic_scope": "openid"}, "generic_client_id"),
        ({**GENERIC, "role_mappings": {"roles": {"boss": ["x"]}}}, "roles.mappings"),
        ({"google_client_id": "g", "google_client_secret": "s"}, "allowed_domains"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_has_no_place_is_refused_by_name(worker: Worker, fields: dict[str, Any], named: str) -> None:
    answer = await worker.admin.patch("/update/sso_settings", json=fields)
    assert answer.status_code == 400, answer.text
    assert named in answer.text
    assert set((await shown(worker))["provenance"].values()) == {"unset"}
